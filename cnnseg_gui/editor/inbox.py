"""The label inbox: what a network that was not taught a mask confidently says otherwise."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.contradictions import Contradiction, Dismissed, is_dismissed
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.gathering import Gathered, Gathering
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.tool_choice import class_is_locked
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import Failed, Slips, TrainProgress

_log = logging.getLogger("cnnseg")


@dataclass(frozen=True, eq=False)
class Suspect:
    """A region that is worth a look; its classes are those of the project."""

    record: ImageRecord
    rect: Rect
    pixels: int
    decided: int
    proposed: int
    confidence: float
    covered: npt.NDArray[np.bool_]
    """bool[h, w]: its pixels of the rectangle."""

    @property
    def weight(self) -> float:
        return self.pixels * self.confidence

    @property
    def dismissal(self) -> Dismissed:
        """What is remembered where it is kept."""
        return Dismissed(self.rect, self.decided, self.proposed)


class Inbox(QObject):
    """One look at all masks at a time; what was found stays until it is kept or changed.

    Args:
        locked: the classes that nothing may change now.
    """

    started = Signal()
    progressed = Signal(object)
    """TrainProgress, over both halves."""
    found = Signal(object)
    """list[Suspect] of one image."""
    finished = Signal()
    stopped = Signal(str)
    """It ended before all was looked at; why in one line, empty where it was cancelled."""
    settled = Signal(object)
    """Suspect that was kept or changed, or is no more what it was."""
    failed = Signal(object)
    """UserError: what was asked was not done."""

    def __init__(
        self,
        workspace: Workspace,
        choice: ModelChoice,
        engine: EngineClient,
        parent: QObject | None = None,
        *,
        locked: Callable[[], frozenset[int]],
    ) -> None:
        super().__init__(parent)
        self._workspace, self._choice, self._engine = workspace, choice, engine
        self._locked = locked
        self._request: int | None = None
        self._preparing = False
        self._records: dict[str, ImageRecord] = {}
        self._from_dense: npt.NDArray[np.uint8] = np.arange(256, dtype=np.uint8)
        self._to_change: Suspect | None = None
        self._gathering = Gathering(workspace, self)
        workspace.project_changed.connect(self._leave)
        workspace.document_changed.connect(self._change_waiting)
        engine.progressed.connect(self._on_progressed)
        engine.slips_found.connect(self._on_found)
        engine.slips_ended.connect(self._on_ended)
        engine.cancelled.connect(self._on_cancelled)
        engine.failed.connect(self._on_failed)

    @property
    def running(self) -> bool:
        return self._preparing or self._request is not None

    def look(self, *, seconds: float) -> None:
        """Looks at all masks, with so many seconds of learning for each half of the images."""
        project = self._workspace.project
        if project is None or self.running:
            return
        self._preparing = True
        self._gathering.begin(
            project,
            done=lambda found: self._send(project, found, seconds),
            failed=self._on_unread,
        )
        self.started.emit()

    def cancel(self) -> None:
        """Stops within a training step; what was found stays."""
        if self._request is not None:
            self._engine.cancel(self._request)
        elif self._preparing:
            self._end("")

    def keep(self, suspect: Suspect) -> None:
        """It is right as it is, and not shown again."""
        project = self._workspace.project
        if project is None:
            return
        try:
            project.doubts.dismiss(suspect.record.id, suspect.dismissal)
        except UserError as error:
            self.failed.emit(error)
            return
        self.settled.emit(suspect)

    def change(self, suspect: Suspect) -> None:
        """Gives it the class that is suspected, as one gesture of its image, which is shown.

        Where one of the two classes is locked, it `failed`.
        """
        if self._refuses(suspect):
            return
        document = self._workspace.document
        if document is not None and document.record.id == suspect.record.id:
            self._change(document, suspect)
        else:
            self._to_change = suspect
            self._workspace.open_image(suspect.record.id)

    # ------------------------------------------------------------------ inside

    def _send(self, project: Project, found: Gathered, seconds: float) -> None:
        if not self._preparing:
            return
        self._preparing = False
        for error in found.refused.values():
            self.failed.emit(error)
        self._records = {record.content: record for record in found.records.values()}
        self._from_dense = project.class_list.from_dense
        self._request = self._engine.look_for_slips(
            model=f"starter:{self._choice.starter}",  # it was taught none of the images
            classes=tuple(cls.name for cls in project.class_list.dense_classes),
            mapping={},
            images=list(found.masks.values()),
            values=project.class_list.dense.tobytes(),
            accepted=project.class_list.accepted_values,
            seconds=seconds,
        )

    def _on_unread(self, error: UserError) -> None:
        if self._preparing:
            self._end(str(error))

    def _leave(self) -> None:
        self._to_change = None
        if self.running:
            if self._request is not None:
                self._engine.cancel(self._request)
            self._end("")

    def _end(self, reason: str) -> None:
        self._request, self._preparing = None, False
        self.stopped.emit(reason)

    def _change_waiting(self) -> None:
        document, suspect = self._workspace.document, self._to_change
        if document is not None and suspect is not None:
            self._to_change = None
            if document.record.id == suspect.record.id:
                self._change(document, suspect)

    def _change(self, document: Document, suspect: Suspect) -> None:
        project = self._workspace.project
        if project is None or self._refuses(suspect):  # locked while its image was read
            return
        document.settle()
        now = document.mask.read(suspect.rect)
        covered = suspect.covered & (now == suspect.decided)
        names = {cls.index: cls.name for cls in project.classes}
        name = f"Change to {names.get(suspect.proposed, suspect.proposed)}"
        if covered.any():
            place = Coverage(suspect.rect.top, suspect.rect.left, covered)
            document.fill(name, [(place, suspect.proposed)])
        self.settled.emit(suspect)

    def _refuses(self, suspect: Suspect) -> bool:
        project, locked = self._workspace.project, self._locked()
        for cls in project.classes if project is not None else ():
            if cls.index in locked and cls.index in (suspect.decided, suspect.proposed):
                self.failed.emit(class_is_locked(cls.name))
                return True
        return False

    def _on_progressed(self, progress: TrainProgress) -> None:
        if progress.request == self._request:
            self.progressed.emit(progress)

    def _on_found(self, message: Slips, regions: list[Contradiction]) -> None:
        record, project = self._records.get(message.image), self._workspace.project
        if message.request != self._request or record is None or project is None:
            return
        try:
            dismissed = project.doubts.dismissed(record.id)
        except UserError as error:
            self.failed.emit(error)
            dismissed = []
        suspects = []
        for region in regions:
            suspect = Suspect(
                record,
                region.rect,
                region.pixels,
                int(self._from_dense[region.decided]),
                int(self._from_dense[region.proposed]),
                region.confidence,
                region.covered,
            )
            known = Contradiction(
                suspect.rect,
                suspect.pixels,
                suspect.decided,
                suspect.proposed,
                suspect.confidence,
            )
            if not is_dismissed(known, dismissed):
                suspects.append(suspect)
        if suspects:
            self.found.emit(suspects)

    def _on_ended(self, request: int) -> None:
        if request == self._request:
            self._request = None
            self.finished.emit()

    def _on_cancelled(self, request: int) -> None:
        if request == self._request:
            self._end("")

    def _on_failed(self, failure: Failed) -> None:
        if failure.request == self._request:
            error = UserError(failure.what, path=failure.path, remedy=failure.remedy)
            self._end(str(error))
