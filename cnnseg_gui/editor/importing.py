"""A data set goes into the open project image by image: read in a worker, shown at once.

Whoever paints meanwhile is not held up, and what they paint stays: a mask is compared on a
snapshot in a worker, and put in between two gestures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.stored_mask import mask_of_tiles
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.formats.dataset import DataSet
from cnnseg_gui.formats.import_change import MaskChange
from cnnseg_gui.formats.import_reading import DataSetReader, FoundImage
from cnnseg_gui.formats.importing import Import, ImportOptions, LeftOut

_AGAIN_MS = 100  # a gesture is open, or waits for the disk
_LISTED_EVERY_S = 0.2  # new images
_T = TypeVar("_T")


class Importing(QObject):
    """One data set at a time."""

    progressed = Signal(int, int)
    """Images that are done, and of how many."""
    finished = Signal(object)
    """`ImportReport`; `stopped` where it was cancelled: what is in stays."""
    failed = Signal(object, object)
    """UserError why it could not go on, and the `ImportReport` of what is in."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._run: _Run | None = None
        workspace.project_changed.connect(self._forget)

    @property
    def running(self) -> bool:
        return self._run is not None

    def is_at(self, run: QObject) -> bool:
        """Whether this is the import under way."""
        return self._run is run

    def start(self, data_set: DataSet, options: ImportOptions, *, title: str) -> None:
        """Adds the classes that are missing, then begins with the first image.

        Args:
            title: of the data set's format, for the history.

        Raises:
            UserError: its classes do not fit, or they could not be stored; nothing has changed.
        """
        project = self._workspace.project
        if project is None or self.running:
            return
        work = Import(project, data_set, options, title=title)
        reader = work.reader()
        work.put_classes(self._workspace.edit_classes)
        self._run = _Run(self, self._workspace, project, work, reader)
        self._run.read_next()

    def cancel(self) -> None:
        """Stops after the image that is being stored; those that are in stay."""
        if self._run is not None:
            self._run.work.report.stopped = True
            self.end()

    def end(self, error: UserError | None = None) -> None:
        """Nothing more goes in."""
        run, self._run = self._run, None
        if run is None:
            return
        run.list_added()
        run.deleteLater()
        if error is not None:
            self.failed.emit(error, run.work.report)
        else:
            self.finished.emit(run.work.report)

    def _forget(self) -> None:
        """Another project is open: what is on its way belongs nowhere."""
        run, self._run = self._run, None
        if run is not None:
            run.deleteLater()


class _Run(QObject):
    """One import under way; what arrives after its end is dropped with it."""

    def __init__(
        self,
        importing: Importing,
        workspace: Workspace,
        project: Project,
        work: Import,
        reader: DataSetReader,
    ) -> None:
        super().__init__(importing)
        self._importing = importing
        self._workspace, self._project = workspace, project
        self.work, self._reader = work, reader
        self._place = 0
        self._added: list[int] = []
        self._listed = 0.0

    def read_next(self) -> None:
        """Reads the next image, or ends."""
        self._importing.progressed.emit(self._place, len(self._reader))
        if self._place == len(self._reader):
            self._importing.end()
            return
        place = self._place
        self._in_background(lambda: self._reader.read(place), self._compare)

    def list_added(self) -> None:
        """New images appear in the window."""
        added, self._added = self._added, []
        self._listed = time.monotonic()
        if added:
            self._workspace.show_added(added)
            for number in added:
                self._workspace.image_changed.emit(number)

    # ------------------------------------------------------------------ image by image

    def _compare(self, found: FoundImage) -> None:
        """Finds what changes, on the mask as it is now."""
        number = found.image_id
        document = None if number is None else self._workspace.opened(number)
        try:
            step, mask_of = self._mask(found, document)
        except UserError as error:
            self._refuse(error)
            return

        def work() -> tuple[Mask, MaskChange | None]:
            mask = mask_of()
            return mask, self.work.change(found, mask)

        def done(made: tuple[Mask, MaskChange | None]) -> None:
            self._put(found, document, step, *made)

        self._in_background(work, done)

    def _mask(
        self, found: FoundImage, document: Document | None
    ) -> tuple[int | None, Callable[[], Mask]]:
        """The last step of its history, and the mask: unpacked by who asks for it."""
        number, project = found.image_id, self._project
        if number is None:
            return None, lambda: self.work.mask_of(found)
        if document is not None:
            snapshot = document.mask.snapshot()
            return None, lambda: snapshot
        record = project.image(number)
        tiles, meaning = project.packed_tiles(number), project.class_list.meaning
        return project.last_step(number), lambda: mask_of_tiles(record, tiles, meaning)

    def _put(
        self,
        found: FoundImage,
        document: Document | None,
        step: int | None,
        mask: Mask,
        change: MaskChange | None,
    ) -> None:
        number = found.image_id
        if not self._is_wanted:
            return
        if document is not None and (document.painting or document.unsaved):
            QTimer.singleShot(
                _AGAIN_MS, self, lambda: self._put(found, document, step, mask, change)
            )
            return
        if number is not None and self._has_moved_on(number, document, step):
            self._compare(found)
            return
        try:
            number, patch = self.work.put(
                found, mask if document is None else document.mask, change
            )
        except LeftOut as error:
            self._refuse(error)
            return
        except UserError as error:
            self._importing.end(error)
            return
        if found.image_id is None:
            self._added.append(number)
        elif document is not None and patch is not None:
            document.show_stored(patch)
        else:
            self._workspace.image_changed.emit(number)
        if time.monotonic() - self._listed > _LISTED_EVERY_S:
            self.list_added()
        self._go_on()

    def _has_moved_on(self, number: int, document: Document | None, step: int | None) -> bool:
        """It was opened, left or painted on since it was compared."""
        if self._workspace.opened(number) is not document:
            return True
        return document is None and self._project.last_step(number) != step

    def _refuse(self, error: UserError) -> None:
        if self._is_wanted:
            self.work.refuse(error)
            self._go_on()

    def _go_on(self) -> None:
        self._place += 1
        self.read_next()

    @property
    def _is_wanted(self) -> bool:
        """It was neither cancelled nor has its project been closed."""
        return self._importing.is_at(self) and self._workspace.project is self._project

    def _in_background(self, work: Callable[[], _T], done: Callable[[_T], None]) -> None:
        """As `jobs.in_background`; an image that fails is left out."""
        in_background(
            work,
            parent=self,
            done=lambda result: done(result) if self._is_wanted else None,
            failed=self._refuse,
        )
