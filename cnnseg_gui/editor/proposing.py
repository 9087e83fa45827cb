"""Keeps the shown image proposed: asks the engine when image or model change, takes the tiles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import Failed, Proposed, ProposedTile

LARGEST = 300_000_000
"""Pixels of an image that the engine is sent: its file goes there whole, and is decoded there."""
_NOTHING = Rect(0, 0, 0, 0)


def too_large(record: ImageRecord) -> bool:
    """Whether the engine is not shown this image: it is neither proposed nor learnt from."""
    return record.height * record.width > LARGEST


class Proposing(QObject):
    """The proposal of the current image, by the project's current model."""

    started = Signal()
    refused = Signal(object)
    """UserError: this image cannot be proposed."""
    finished = Signal(float)
    """Seconds it took."""

    def __init__(
        self,
        workspace: Workspace,
        choice: ModelChoice,
        engine: EngineClient,
        visible: Callable[[], Rect],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._choice = choice
        self._engine = engine
        self._visible = visible
        self._request: int | None = None
        self._answered = _NOTHING
        # Queued: the canvas shows the new image first, so that what is visible is known.
        workspace.document_changed.connect(self.refresh, Qt.ConnectionType.QueuedConnection)
        choice.changed.connect(self.refresh, Qt.ConnectionType.QueuedConnection)
        workspace.classes_changed.connect(self.refresh, Qt.ConnectionType.QueuedConnection)
        engine.tile_proposed.connect(self._take_tile)
        engine.proposed.connect(self._end)
        engine.cancelled.connect(self._forget)
        engine.failed.connect(self._on_failed)

    @property
    def model(self) -> str:
        """What proposes, as in `messages.Propose`."""
        return self._choice.proposing

    @property
    def source(self) -> str:
        """The model, the classes, and how they are matched: each changes the proposal."""
        return f"{self.model} {self._classes} {sorted(self._choice.mapping.items())}"

    @property
    def _classes(self) -> tuple[str, ...]:
        """As the network counts them."""
        project = self._workspace.project
        return tuple(cls.name for cls in project.class_list.dense_classes) if project else ()

    @property
    def running(self) -> bool:
        return self._request is not None

    def refresh(self) -> None:
        """Proposes the current image if its proposal is missing or another model's."""
        project, document = self._workspace.project, self._workspace.document
        if project is None or document is None or document.proposed_by == self.source:
            return
        if too_large(document.record):
            self.refused.emit(
                UserError(
                    f"the image has {document.mask.shape[0] * document.mask.shape[1] / 1e6:,.0f} "
                    f"megapixels, more than the {LARGEST / 1e6:,.0f} that a network is shown",
                    path=document.record.path,
                    remedy="Paint on it as on any other; for proposals cut it into parts.",
                )
            )
            return
        document.proposed_by, document.proposal_complete = self.source, False
        self._answered = _NOTHING
        self._request = self._engine.propose(
            image=document.record.content,
            model=self.model,
            classes=self._classes,
            visible=self._visible(),
            mapping=self._choice.mapping,
        )
        self.started.emit()

    def give_way(self, answered: Rect) -> None:
        """A gesture was answered there since: of what arrives later, the rest alone is taken."""
        if self.running:
            self._answered = self._answered.union(answered)

    # ------------------------------------------------------------------ answers

    def _take_tile(
        self, tile: ProposedTile, classes: npt.NDArray[np.uint8], confidence: npt.NDArray[np.uint8]
    ) -> None:
        document, project = self._asked(tile.request), self._workspace.project
        if project is not None and document is not None and document.record.content == tile.image:
            indices = project.class_list.from_dense[classes]
            whole = Rect(tile.top, tile.left, tile.top + tile.height, tile.left + tile.width)
            for part in whole.without(self._answered):
                own = (
                    slice(part.top - tile.top, part.bottom - tile.top),
                    slice(part.left - tile.left, part.right - tile.left),
                )
                document.show_proposal(part.top, part.left, indices[own], confidence[own])

    def _end(self, proposed: Proposed) -> None:
        if proposed.request == self._request:
            self._request = None
            if self._workspace.document is not None:
                self._workspace.document.proposal_complete = True
            self.finished.emit(proposed.seconds)

    def _forget(self, request: int) -> None:
        if request == self._request:
            self._request = None
            if self._workspace.document is not None:
                self._workspace.document.proposed_by = None

    def _on_failed(self, failure: Failed) -> None:
        self._forget(failure.request)

    def _asked(self, request: int) -> Document | None:
        return self._workspace.document if request == self._request else None
