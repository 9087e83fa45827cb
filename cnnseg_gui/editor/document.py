"""The open image: its pixels, mask and proposal, and the gestures that change the mask."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, QThreadPool, Signal

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.journal import HistoryEntry, Step
from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.patch import EVERYTHING, Patch, PatchBuilder, Writable
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.proposal import Proposal, accept
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.tools.base import (
    Fill,
    Gesture,
    ImagePoint,
    Outline,
    Scene,
    Tool,
    ToolSettings,
)


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
    outline_changed = Signal()
    """The line that a gesture shows over the image is another."""
    meaning_changed = Signal()
    """The whole mask may look different: its values stand for other classes."""
    classes_changed = Signal()
    """An edit of the classes was undone or redone."""
    computing_changed = Signal()
    """Something is being computed, or no more."""
    picked = Signal(int)
    """A class was picked from the image."""

    def __init__(
        self,
        project: Project,
        record: ImageRecord,
        image: ImageSource,
        mask: Mask,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.record = record
        self.image = image
        self.mask = mask
        self.proposal = Proposal(*mask.shape)
        self.proposed_by: str | None = None
        """The model that the proposal (complete or arriving) comes from."""
        self.proposal_complete = False
        self.changed_since_mirror = False
        self._project = project
        self.outline: Outline | None = None
        self._last_end: ImagePoint | None = None
        self._last_place: ImagePoint | None = None
        self._gesture: Gesture | None = None
        self._computing = QThreadPool(self)
        self._computing.setMaxThreadCount(1)  # in the order asked for
        self._computations = 0
        self._computed: list[tuple[str, list[Fill], Mask, Writable]] = []
        self._waiting: list[tuple[Patch, str]] = []

    # ------------------------------------------------------------------ gestures

    @property
    def painting(self) -> bool:
        return self._gesture is not None

    @property
    def drawing(self) -> bool:
        """A gesture is open that lasts over several presses."""
        return self._gesture is not None and self._gesture.lasts

    @property
    def unsaved(self) -> int:
        """Gestures that could not be stored yet."""
        return len(self._waiting)

    def press(
        self,
        tool: Tool,
        at: ImagePoint,
        settings: ToolSettings,
        *,
        visible: Rect | None = None,
        scale: float = 1.0,
        pressure: float = 1.0,
    ) -> None:
        """Begins a gesture, or goes on with one that lasts; another one is finished first.

        Args:
            visible: the image's pixels on screen; None is all of them.
            scale: screen pixels per image pixel.
            pressure: 0…1, of a pen.
        """
        gesture = self._gesture
        self._last_place = at
        if gesture is not None and gesture.lasts:
            self._take(gesture.press(at))
            return
        if gesture is not None:
            self.release()
        scene = Scene(
            mask=self.mask,
            proposal=self.proposal,
            image=self.image,
            visible=visible or self.mask.bounds,
            scale=scale,
            pressure=pressure,
            pixel_size=self.image.pixel_size,
            last_end=self._last_end,
        )
        self._gesture, changed = tool.press(scene, at, settings)
        self._take(changed)

    def move(self, to: ImagePoint, pressure: float = 1.0) -> None:
        if self._gesture is not None:
            self._take(self._gesture.move(to, pressure))
            self._last_place = to

    def release(self, at: ImagePoint | None = None) -> None:
        """The button went up (or the pointer is lost): ends the gesture, if it is complete."""
        gesture = self._gesture
        if gesture is not None:
            place = at or self._last_place
            if place is not None:
                self._take(gesture.release(place))
            if gesture.complete:
                self._end(gesture)

    def close(self) -> None:
        """Ends the open gesture where it is: Enter, a double click, or the image is left."""
        gesture = self._gesture
        if gesture is not None:
            self._take(gesture.close())
            self._end(gesture)

    def step_back(self) -> bool:
        """Takes the last point of a gesture that lasts back; False where there is none."""
        if self._gesture is None or not self._gesture.lasts:
            return False
        self._take(self._gesture.step_back())
        return True

    def cancel(self) -> None:
        """Ends the gesture and takes it back."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self._redraw(gesture.cancel())
        self._show_outline(None)
        self._fill_computed()

    # ------------------------------------------------------------------ commands

    @property
    def computing(self) -> bool:
        """Something that was asked for is still being computed."""
        return self._computations > 0

    def compute(
        self, name: str, work: Callable[[], list[Fill]], *, writable: Writable = EVERYTHING
    ) -> None:
        """Has pixels computed in a worker thread, then fills them as one gesture.

        What the person changes meanwhile stays as they changed it.

        Args:
            work: runs beside the window: it may read only what does not change, such as
                `mask.snapshot()`.
            writable: bool[256], the mask values that may be overwritten.
        """
        self.close()
        before = self.mask.snapshot()
        self._computations += 1
        self.computing_changed.emit()
        in_background(
            work,
            parent=self,
            done=lambda fills: self._fill(name, fills, before, writable),
            failed=self._on_compute_failed,
            pool=self._computing,
        )

    def settle(self) -> None:
        """Ends what is open and waits for what is being computed."""
        self.close()
        if self._computations:
            self._computing.waitForDone()
            for job in self.findChildren(QObject):
                QCoreApplication.sendPostedEvents(job)

    def fill(self, name: str, fills: list[Fill], *, writable: Writable = EVERYTHING) -> None:
        """Fills pixels as one gesture, at once."""
        self._fill_unchanged(name, fills, None, writable)

    def undo(self) -> None:
        """Takes the last gesture back, or of the one under way its last point or all of it."""
        if self.step_back():
            return
        if self._gesture is not None:
            self.cancel()
        else:
            self._travel(back=True)

    def redo(self) -> None:
        if self._gesture is None:
            self._travel(back=False)

    def accept_proposal(self, only: PixelClass | None = None) -> bool:
        """Decides every undecided pixel as proposed, as one gesture; False where none was open.

        Args:
            only: the pixels that are proposed as this class.
        """
        self.close()
        patch = accept(self.mask, self.proposal, only=None if only is None else only.index)
        if patch is None:
            return False
        self._redraw(patch.bounds)
        self._store(patch, "Accept proposal" if only is None else f"Accept {only.name}")
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

    def read_as(self, meaning: Pixels) -> None:
        """Another list of classes: what each stored value means now, uint8[256]."""
        self.mask.meaning = meaning
        self.changed_since_mirror = True
        self.meaning_changed.emit()

    def history(self) -> list[HistoryEntry]:
        """The steps of this image and of the classes, oldest first."""
        return self._project.history(self.record.id)

    def go_to(self, entry: int | None) -> None:
        """Undoes or redoes until a step of the history is the last that is done; None: none."""
        self.close()
        if any(step.id == entry and step.undone for step in self.history()):
            while (step := self._travel(back=False)) is not None and step.id != entry:
                continue
            return
        while (last := self._project.last_step(self.record.id)) is not None and last != entry:
            if self._travel(back=True) is None:
                return

    # ------------------------------------------------------------------ proposals

    def show_proposal(self, top: int, left: int, classes: Pixels, confidence: Pixels) -> None:
        """Takes a finished rectangle of the proposal, both uint8[h, w]."""
        self._redraw(self.proposal.write(top, left, classes, confidence))

    # ------------------------------------------------------------------ inside

    def _take(self, changed: Rect) -> None:
        """One step of the open gesture."""
        self._redraw(changed)
        if self._gesture is not None:
            self._show_outline(self._gesture.outline)

    def _end(self, gesture: Gesture) -> None:
        self._gesture = None
        self._last_end = self._last_place
        self._show_outline(gesture.outline if gesture.keeps_outline else None)
        patch = gesture.finish()
        if patch is not None:
            self._store(patch, gesture.name)
        if gesture.deferred is not None:
            self.compute(gesture.name, gesture.deferred, writable=gesture.settings.writable)
        if gesture.picked is not None:
            self.picked.emit(gesture.picked)
        self._fill_computed()

    def _show_outline(self, outline: Outline | None) -> None:
        if outline is not self.outline:
            self.outline = outline
            self.outline_changed.emit()

    def _fill(self, name: str, fills: list[Fill], before: Mask, writable: Writable) -> None:
        self._computations -= 1
        self._computed.append((name, fills, before, writable))
        self._fill_computed()
        self.computing_changed.emit()

    def _fill_computed(self) -> None:
        """What arrived while a gesture was open waits for its end."""
        while self._computed and self._gesture is None:
            self._fill_unchanged(*self._computed.pop(0))

    def _fill_unchanged(
        self, name: str, fills: list[Fill], before: Mask | None, writable: Writable
    ) -> None:
        builder = PatchBuilder(self.mask, writable)
        for (top, left, covered), value in fills:
            if before is not None:
                area = Rect(top, left, top + covered.shape[0], left + covered.shape[1])
                covered = covered & (self.mask.read(area) == before.read(area))
            builder.paint(top, left, covered, value)
        patch = builder.finish()
        if patch is not None:
            self._redraw(patch.bounds)
            self._store(patch, name)

    def _on_compute_failed(self, error: UserError) -> None:
        self._computations -= 1
        self.failed.emit(error)
        self.computing_changed.emit()

    def _store(self, patch: Patch, name: str) -> None:
        self._waiting.append((patch, name))
        self.changed_since_mirror = True
        self.store_waiting()
        self.changed.emit(self.record.id)

    def _travel(self, *, back: bool) -> Step | None:
        """One step; None where there is none, or it could not be done."""
        if not self.store_waiting():
            return None
        try:
            step = self._project.undo(self.mask) if back else self._project.redo(self.mask)
        except UserError as error:
            self.failed.emit(error)
            return None
        if step is None:
            return None
        self.changed_since_mirror = True
        if step.patch is None:
            self.classes_changed.emit()
        else:
            self._redraw(step.patch.bounds)
        self.changed.emit(self.record.id)
        return step

    def _redraw(self, rect: Rect) -> None:
        if not rect.empty:
            self.region_changed.emit(rect)
