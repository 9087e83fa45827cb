"""Tells the engine what is painted, gesture by gesture: who answers and who teaches goes by it."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import TILE, UNLABELLED, pack_tile
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.editor.proposing import too_large
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, State
from cnnseg_gui.engine.packing import PackedImage

AT_ONCE = 48
"""Tiles that are packed without a break: 3 ms."""
OTHERS = 24
"""Images beside the shown one that are told of, the last ones of the list."""
_BETWEEN_MS = 150  # two of those
_NOTHING = pack_tile(np.full((TILE, TILE), UNLABELLED, np.uint8))


class LiveSending(QObject):
    """Sends the tiles that a gesture changed, and of an image not yet told of all that it has."""

    gesture_seen = Signal()
    """The mask of the shown image is another, whether anybody goes by it or not."""
    gesture_ended = Signal()
    """The mask of the shown image is another, and what changed will be sent by `send_now`."""

    def __init__(
        self,
        workspace: Workspace,
        fine_tuning: FineTuning,
        engine: EngineClient,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._fine_tuning, self._engine = workspace, fine_tuning, engine
        self.answers = False
        """Somebody wants answers."""
        self._document: Document | None = None
        self._changed: set[tuple[int, int]] = set()
        self._told: set[str] = set()
        self._anew = True
        self._said = b"", b""  # what the stored values mean, as it was told
        self._others: list[int] = []
        self._rest = QTimer(self)
        self._rest.setInterval(_BETWEEN_MS)
        self._rest.timeout.connect(self._tell_of_another)
        workspace.document_changed.connect(self._follow_document)
        workspace.project_changed.connect(self._begin_anew)
        workspace.image_changed.connect(self._on_stored)
        engine.state_changed.connect(self._on_state)
        fine_tuning.started.connect(self.send_now)

    @property
    def active(self) -> bool:
        """Somebody goes by what is sent."""
        return self._engine.state == State.READY and (self.answers or self._fine_tuning.running)

    def send_now(self) -> None:
        """Everything of the shown image that the engine does not know."""
        project, document = self._workspace.project, self._document
        if project is None or document is None or too_large(document.record) or not self.active:
            return
        if self._anew and self.answers:
            self._others = list(project.listing.decided())[-OTHERS:]
            self._rest.start()
        content = document.record.content
        if content not in self._told:
            self._changed = set(document.mask.cells())
        self._told.add(content)
        cells = iter(sorted(self._changed))
        self._changed = set()
        while part := list(islice(cells, AT_ONCE)):
            self._send(project, document, part)
        if self._anew or self._said != _meaning(project):  # without tiles, too
            self._tell(project, [])

    # ------------------------------------------------------------------ inside

    def _send(self, project: Project, document: Document, cells: list[tuple[int, int]]) -> None:
        tiles = []
        for row, column in cells:
            tile = document.mask.tile(row, column)
            tiles.append((row, column, _NOTHING if tile is None else pack_tile(tile)))
        try:
            record = project.image(document.record.id)  # the first stroke gives it its role
        except UserError:  # said where the gesture could not be stored; it is told of later
            self._told.discard(document.record.content)
            return
        self._say(project, record, tiles)

    def _say(
        self, project: Project, record: ImageRecord, tiles: list[tuple[int, int, bytes]]
    ) -> None:
        image = PackedImage(
            record.content, (record.height, record.width), tuple(tiles), record.held_out
        )
        self._tell(project, [image])

    def _tell(self, project: Project, images: list[PackedImage]) -> None:
        self._said = values, accepted = _meaning(project)
        self._engine.painted(images, values=values, accepted=accepted, anew=self._anew)
        self._anew = False

    def _tell_of_another(self) -> None:
        """One more image of the project, while the hand rests."""
        project, document = self._workspace.project, self._document
        if project is None or not self._others or not self.active:
            self._rest.stop()
            return
        if document is not None and document.painting:
            return
        record = project.image(self._others.pop())
        refused = record.id in self._fine_tuning.refused  # said already, and nothing to learn from
        if refused or record.content in self._told or too_large(record):
            return
        with suppress(UserError):  # said where its image is opened
            tiles = project.packed_tiles(record.id)
            self._told.add(record.content)
            self._say(project, record, tiles)

    def _follow_document(self) -> None:
        document = self._workspace.document
        if document is self._document:
            return
        if self._document is not None:
            with suppress(RuntimeError, TypeError):  # it may be gone by now
                self._document.region_changed.disconnect(self._note)
                self._document.changed.disconnect(self._on_gesture)
        self._document, self._changed = document, set()
        if document is not None:
            document.region_changed.connect(self._note)
            document.changed.connect(self._on_gesture)

    def _note(self, rect: Rect) -> None:
        if self._document is not None:
            self._changed.update(rect.clipped(self._document.mask.shape).cells(TILE))

    def _on_gesture(self) -> None:
        if self._document is None:
            return
        self.gesture_seen.emit()
        if not self.active:  # it will be told of as a whole when it matters
            self._told.discard(self._document.record.content)
            return
        if self._fine_tuning.running and not self.answers:
            self.send_now()
        self.gesture_ended.emit()

    def _on_stored(self, image_id: int) -> None:
        """Another image's mask changed without a gesture: a batch, an import."""
        project, document = self._workspace.project, self._document
        if project is None or (document is not None and document.record.id == image_id):
            return
        with suppress(UserError, KeyError):  # said where its image is opened
            content = project.image(image_id).content
            if content in self._told:
                self._told.discard(content)
                self._others.append(image_id)
                self._rest.start()

    def _begin_anew(self) -> None:
        self._told.clear()
        self._anew = True

    def _on_state(self, state: str) -> None:
        if state != State.READY:
            self._begin_anew()


def _meaning(project: Project) -> tuple[bytes, bytes]:
    """The class of each stored value, 256 bytes, and the values that were accepted."""
    classes = project.class_list
    return classes.dense.tobytes(), classes.accepted_values
