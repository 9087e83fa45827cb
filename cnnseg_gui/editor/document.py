"""The open image: its pixels, mask and proposal, and the gestures that change the mask."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.journal import HistoryEntry, Step
from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.patch import EVERYTHING, Patch, PatchBuilder, Writable
from cnnseg_gui.core.prepared import Prepared
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.proposal import Proposal, accept
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.computing import Computing, Work
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
    """Rect: the mask may look different there."""
    proposal_changed = Signal(object)
    """Rect: the proposal may look different there."""
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
        self._project = project
        self.outline: Outline | None = None
        self._last_end: ImagePoint | None = None
        self._last_place: ImagePoint | None = None
        self._gesture: Gesture | None = None
        self._computing = Computing(self)
        self._computing.changed.connect(self.computing_changed)
        self._computing.prepared.connect(self._take_prepared)
        self._computing.failed.connect(self.failed)
        self._prepared: list[tuple[str, Prepared]] = []
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
            packer=self._project.packer,
            accepted_as=self._project.class_list.accepted_as,
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
        """Ends the gesture and takes it back; without one, stops what is being computed."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self._redraw(gesture.cancel())
        else:
            self._computing.stop()
        self._show_outline(None)
        self._put_prepared_in()

    # ------------------------------------------------------------------ commands

    @property
    def computing(self) -> bool:
        """Something that was asked for is still being computed."""
        return bool(self._computing.names or self._prepared)

    @property
    def computed_now(self) -> str:
        """The name of what is being computed; empty where nothing is."""
        return self._computing.names[0] if self._computing.names else ""

    def compute(self, name: str, work: Work, *, writable: Writable = EVERYTHING) -> None:
        """Has pixels computed in a worker thread, then filled as one gesture.

        What the person changes meanwhile stays as they changed it.

        Args:
            work: gives the pixels of a snapshot of the mask and the values they get.
            writable: bool[256], the mask values that may be overwritten.
        """
        self.close()
        self._computing.begin(name, self.mask, work, writable)

    def stop_computing(self) -> None:
        """What is being computed is not wanted any more; the mask stays as it is."""
        self._computing.stop()

    def settle(self) -> None:
        """Ends what is open and waits for what is being computed."""
        self.close()
        self._computing.settle()

    def fill(self, name: str, fills: Iterable[Fill], *, writable: Writable = EVERYTHING) -> None:
        """Fills pixels as one gesture, at once."""
        builder = PatchBuilder(self.mask, writable)
        for (top, left, covered), value in fills:
            builder.paint(top, left, covered, value)
        self._keep(builder.finish(), name)

    def keep(self, patch: Patch, name: str) -> None:
        """Stores a patch of this mask, which is painted already, as one gesture."""
        self._keep(patch, name)

    def show_stored(self, patch: Patch) -> None:
        """A patch is in this mask and in the store already, as by an import: it is shown."""
        self._redraw(patch.bounds)
        self.changed.emit(self.record.id)

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
        patch = accept(
            self.mask,
            self.proposal,
            accepted_as=self._project.class_list.accepted_as,
            only=None if only is None else only.index,
        )
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
        while (last := self._project.last_step(self.record.id)) is not None and last > (entry or 0):
            if self._travel(back=True) is None:
                return

    # ------------------------------------------------------------------ proposals

    def show_proposal(self, top: int, left: int, classes: Pixels, confidence: Pixels) -> None:
        """Takes a finished rectangle of the proposal, both uint8[h, w]."""
        self.proposal_changed.emit(self.proposal.write(top, left, classes, confidence))

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
        if (deferred := gesture.deferred) is not None:
            writable = gesture.settings.writable
            self.compute(gesture.name, lambda _: deferred(), writable=writable)
        if gesture.picked is not None:
            self.picked.emit(gesture.picked)
        self._put_prepared_in()

    def _show_outline(self, outline: Outline | None) -> None:
        if outline is not self.outline:
            self.outline = outline
            self.outline_changed.emit()

    def _take_prepared(self, name: str, prepared: Prepared) -> None:
        self._prepared.append((name, prepared))
        self._put_prepared_in()

    def _put_prepared_in(self) -> None:
        """What arrived while a gesture was open waits for its end."""
        while self._prepared and self._gesture is None:
            name, prepared = self._prepared.pop(0)
            self._keep(prepared.put_in(self.mask), name)

    def _keep(self, patch: Patch | None, name: str) -> None:
        if patch is not None:
            self._redraw(patch.bounds)
            self._store(patch, name)

    def _store(self, patch: Patch, name: str) -> None:
        self._waiting.append((patch, name))
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
        if step.patch is None:
            self.classes_changed.emit()
        else:
            self._redraw(step.patch.bounds)
        self.changed.emit(self.record.id)
        return step

    def _redraw(self, rect: Rect) -> None:
        if not rect.empty:
            self.region_changed.emit(rect)
