"""The open image: its pixels, mask and proposal, and the gestures that change the mask."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.patch import Patch
from cnnseg_gui.core.project import ImageRecord, Project
from cnnseg_gui.core.proposal import Proposal, accept
from cnnseg_gui.core.pyramid import ImagePyramid
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import Gesture, ImagePoint, Tool, ToolSettings


class Document(QObject):
    """One image being worked on. Every finished gesture is stored before the next begins."""

    region_changed = Signal(object)
    """Rect: mask or proposal may look different there."""
    changed = Signal(int)
    """The image's number: a gesture has ended, or an undo or redo was done."""
    store_failed = Signal(object)
    """UserError: the last gestures are in memory only; they are stored with the next success."""
    failed = Signal(object)
    """UserError: what was asked was not done; nothing waits."""

    def __init__(
        self,
        project: Project,
        record: ImageRecord,
        pyramid: ImagePyramid,
        mask: Mask,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.record = record
        self.pyramid = pyramid
        self.mask = mask
        self.proposal = Proposal(*mask.shape)
        self.proposed_by: str | None = None
        """The model that the proposal (complete or arriving) comes from."""
        self.proposal_complete = False
        self.changed_since_mirror = False
        self._project = project
        self._gesture: Gesture | None = None
        self._waiting: list[tuple[Patch, str]] = []

    # ------------------------------------------------------------------ gestures

    @property
    def painting(self) -> bool:
        return self._gesture is not None

    @property
    def unsaved(self) -> int:
        """Gestures that could not be stored yet."""
        return len(self._waiting)

    def press(self, tool: Tool, at: ImagePoint, settings: ToolSettings) -> None:
        """Begins a gesture; one that was still open is finished first."""
        if self._gesture is not None:
            self.release()
        self._gesture, changed = tool.press(self.mask, at, settings)
        self._redraw(changed)

    def move(self, to: ImagePoint) -> None:
        if self._gesture is not None:
            self._redraw(self._gesture.move(to))

    def release(self) -> None:
        """Ends the gesture and stores it."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            patch = gesture.finish()
            if patch is not None:
                self._store(patch, gesture.name)

    def cancel(self) -> None:
        """Ends the gesture and takes it back."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self._redraw(gesture.cancel())

    # ------------------------------------------------------------------ commands

    def undo(self) -> None:
        """Takes the last gesture back (the one under way, if there is one)."""
        if self._gesture is not None:
            self.cancel()
        else:
            self._travel(back=True)

    def redo(self) -> None:
        if self._gesture is None:
            self._travel(back=False)

    def accept_proposal(self) -> bool:
        """Decides every undecided pixel as proposed, as one gesture; False where none was open."""
        self.release()
        patch = accept(self.mask, self.proposal)
        if patch is None:
            return False
        self._redraw(patch.bounds)
        self._store(patch, "Accept proposal")
        return True

    @property
    def undo_name(self) -> str | None:
        if self._waiting:
            return self._waiting[-1][1]
        return self._project.undo_name(self.record.id)

    @property
    def redo_name(self) -> str | None:
        return None if self._waiting else self._project.redo_name(self.record.id)

    def store_waiting(self) -> bool:
        """Tries again to store what could not be stored; True when nothing is waiting.

        Not while a gesture is open: the tiles already hold its pixels, which may yet be cancelled.
        """
        if not self._waiting:
            return True
        if self._gesture is not None:
            return False
        try:
            self._project.commit_all(self._waiting, self.mask)
        except UserError as error:
            self.store_failed.emit(error)
            return False
        self._waiting.clear()
        return True

    # ------------------------------------------------------------------ proposals

    def show_proposal(self, top: int, left: int, classes: Pixels, confidence: Pixels) -> None:
        """Takes a finished rectangle of the proposal, both uint8[h, w]."""
        self._redraw(self.proposal.write(top, left, classes, confidence))

    # ------------------------------------------------------------------ inside

    def _store(self, patch: Patch, name: str) -> None:
        self._waiting.append((patch, name))
        self.changed_since_mirror = True
        self.store_waiting()
        self.changed.emit(self.record.id)

    def _travel(self, *, back: bool) -> None:
        if not self.store_waiting():
            return
        try:
            gesture = self._project.undo(self.mask) if back else self._project.redo(self.mask)
        except UserError as error:
            self.failed.emit(error)
            return
        if gesture is not None:
            self.changed_since_mirror = True
            self._redraw(gesture.patch.bounds)
            self.changed.emit(self.record.id)

    def _redraw(self, rect: Rect) -> None:
        if not rect.empty:
            self.region_changed.emit(rect)
