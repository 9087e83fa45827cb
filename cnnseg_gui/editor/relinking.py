"""Images whose file is gone or is another one: looked for, and what then becomes of the mask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

from cnnseg_gui.core import mirror
from cnnseg_gui.core.attached import ChangedImage
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_files import StoredFile, read_files
from cnnseg_gui.core.image_table import ImageFacts, ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.relink import Relinked, look, look_nearby
from cnnseg_gui.editor.changed_file import Inspected, Painted, inspect
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.workspace import Workspace

_AGAIN_MS = 100  # a gesture is open


@dataclass(frozen=True)
class Question:
    """A file that is not the one that its image was painted on: what to do, a person says.

    Args:
        record: the image as the project has it.
        now: what the file is.
        elsewhere: new paths by the images' numbers, where the former file was found; names may
            have been exchanged, then they are of several images.
        comes_back: a mask that was set aside belongs to what the file is now.
    """

    record: ImageRecord
    now: Inspected
    elsewhere: dict[int, Path]
    comes_back: bool

    @property
    def same_size(self) -> bool:
        """It may be the same picture, saved again."""
        return (self.now.facts.height, self.now.facts.width) == (
            self.record.height,
            self.record.width,
        )


class Relinking(QObject):
    """Looks in worker threads; the project changes in the window's thread."""

    found = Signal(object)
    """Relinked: without having been asked to; they are attached again."""
    lost = Signal(object, object)
    """ImageRecord, UserError: its file is nowhere near."""
    asked = Signal(object)
    """Question."""
    taken = Signal(object)
    """ImageRecord: its file was another one, but nothing was done on it yet."""
    progressed = Signal(int, int, int)
    """Files looked at, files in all, images found."""
    ended = Signal(object)
    """Relinked: of `look_in`."""
    failed = Signal(object)
    """UserError."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._stop = threading.Event()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        workspace.not_attached.connect(self._on_not_attached)
        workspace.project_changed.connect(self.cancel)

    def look_in(self, folders: Sequence[Path]) -> None:
        """Looks for all missing images in folders and below; `ended` or `failed` follows."""
        project = self._workspace.project
        if project is None:
            return
        self.cancel()
        database, stop = project.path, self._stop
        in_background(
            lambda: look(
                read_files(database),
                folders,
                on_progress=self.progressed.emit,
                should_stop=stop.is_set,
            ),
            parent=self,
            done=partial(self._attach_all, project),
            failed=self.failed.emit,
            pool=self._pool,
        )

    def cancel(self) -> None:
        """Ends a search; what was found until then is attached."""
        self._stop.set()
        self._stop = threading.Event()

    # ------------------------------------------------------------------ answers

    def use_found(self, question: Question) -> None:
        """The former file, where it is now."""
        if self._change(lambda project: project.files.move(question.elsewhere)):
            self._workspace.open_image(question.record.id)

    def keep_mask(self, question: Question) -> None:
        """It is the same picture, saved again."""
        self._adopt(question.record, question.now.facts)

    def set_aside(self, question: Question) -> None:
        """It is another picture: what was painted is set aside, with its history."""
        record, when = question.record, datetime.now()

        def replace(project: Project) -> None:
            taker = project.files.replace(record.id, question.now.facts, when=when)
            takers.append((project, taker))

        takers: list[tuple[Project, int]] = []
        if self._change(replace):
            ((project, taker),) = takers
            self._mirror_former(project, record, taker)
            self._workspace.open_image(taker)

    # ------------------------------------------------------------------ inside

    def _on_not_attached(self, record: ImageRecord, error: UserError) -> None:
        project = self._workspace.project
        if project is None:
            return
        self.cancel()
        database, stop = project.path, self._stop
        try:
            lost = project.files.get(record.id)
            painted = _painted(project, record) if isinstance(error, ChangedImage) else None
        except UserError as unreadable:
            self.failed.emit(unreadable)
            return

        def search() -> tuple[Inspected | UserError, dict[int, Path]]:
            now: Inspected | UserError = error
            if painted is not None:
                try:
                    now = inspect(record, painted)
                except UserError as unreadable:
                    now = unreadable
            files = read_files(database)
            return now, look_nearby(files, lost, database.parent, should_stop=stop.is_set)

        in_background(
            search,
            parent=self,
            done=lambda answer: self._tell(project, lost, record, *answer),
            failed=self.failed.emit,
            pool=self._pool,
        )

    def _tell(
        self,
        project: Project,
        lost: StoredFile,
        record: ImageRecord,
        now: Inspected | UserError,
        elsewhere: dict[int, Path],
    ) -> None:
        if project is not self._workspace.project:
            return
        if self._must_wait(for_image=record):
            again = partial(self._tell, project, lost, record, now, elsewhere)
            QTimer.singleShot(_AGAIN_MS, self, again)
            return
        if isinstance(now, UserError):
            if elsewhere:
                self._attach(project, Relinked(elsewhere, ()), self.found.emit)
                self._show_again(record)
            else:
                self.lost.emit(record, now)
        elif self._workspace.stuck != record.id:
            return  # the person has gone on, and is asked when they come back
        elif now.facts.sha256 == record.sha256:  # put back meanwhile
            self._show_again(record)
        elif not lost.worked_on:
            self._adopt(record, now.facts)
            self.taken.emit(record)
        else:
            former = project.files.with_content(now.facts.sha256)
            back = any(file.former and _fits(file, now.facts) for file in former)
            self.asked.emit(Question(record, now, elsewhere, back))

    def _show_again(self, record: ImageRecord) -> None:
        if self._workspace.stuck == record.id:
            self._workspace.open_image(record.id)

    def _must_wait(self, *, for_image: ImageRecord | None = None) -> bool:
        """Other files would end the gesture that is open.

        Args:
            for_image: where a person waits for this one, they leave what they draw by corners.
        """
        if for_image is not None and self._workspace.stuck == for_image.id:
            return self._workspace.under_the_hand
        return self._workspace.painting

    def _attach_all(self, project: Project, relinked: Relinked) -> None:
        if project is self._workspace.project and self._must_wait():
            again = partial(self._attach_all, project, relinked)
            QTimer.singleShot(_AGAIN_MS, self, again)
            return
        self._attach(project, relinked, self.ended.emit)

    def _attach(
        self, project: Project, relinked: Relinked, tell: Callable[[Relinked], None]
    ) -> None:
        if project is not self._workspace.project:
            return
        if relinked.moved and not self._change(lambda p: p.files.move(relinked.moved)):
            return
        tell(relinked)

    def _adopt(self, record: ImageRecord, facts: ImageFacts) -> None:
        if self._change(lambda project: project.files.adopt(record.id, facts)):
            self._workspace.open_image(record.id)

    def _change(self, change: Callable[[Project], None]) -> bool:
        try:
            self._workspace.change_files(change)
        except UserError as error:
            self.failed.emit(error)
            return False
        return True

    def _mirror_former(self, project: Project, record: ImageRecord, taker: int) -> None:
        """The mirror's file of what was set aside gets the name that its image has now.

        Args:
            record: the image as it was.
            taker: the number of the one that has its file now.
        """
        try:
            former, classes = project.image(record.id), project.classes
            mask, records = project.load_mask(record.id), [*project.images(), former]
        except UserError as error:
            self.failed.emit(error)
            return
        folder = project.folder / mirror.FOLDER
        before = [record, *(other for other in records if other.id not in (record.id, taker))]
        with suppress(OSError):  # not mirrored yet; at once, or it would say what is painted next
            (folder / mirror.mirror_name(record, before)).replace(
                folder / mirror.mirror_name(former, records)
            )
        in_background(
            lambda: mirror.write(project.folder, records, former.id, mask.to_array(), classes),
            parent=self,
            done=lambda _: None,
            failed=self.failed.emit,
        )


def _painted(project: Project, record: ImageRecord) -> Painted:
    classes = project.class_list
    return Painted(project.packed_tiles(record.id), classes.meaning, classes.live)


def _fits(file: StoredFile, facts: ImageFacts) -> bool:
    return (file.page, file.height, file.width) == (facts.page, facts.height, facts.width)
