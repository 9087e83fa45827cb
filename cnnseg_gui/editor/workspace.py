"""The open project and the image being worked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QThreadPool, QTimer, Signal

from cnnseg_gui.core import database, mirror, model_folders
from cnnseg_gui.core.atomic import sweep, write_atomically
from cnnseg_gui.core.attached import ChangedImage, MissingImage
from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import APPROVED, ImageRecord
from cnnseg_gui.core.mask_io import encode_mask
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.adding import Adding
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.looks import Looks
from cnnseg_gui.editor.mirroring import Mirroring
from cnnseg_gui.editor.project_lock import lock_project
from cnnseg_gui.editor.read_ahead import ReadAhead
from cnnseg_gui.editor.reading import load_image
from cnnseg_gui.editor.syncing import Syncing

_RETRY_MS = 5000
_AGAIN_MS = 50  # a gesture is under the hand


class Workspace(QObject):
    """Opens projects, images and folders; the only place that knows which image is current."""

    project_changed = Signal()
    """Another project is open, or none."""
    images_changed = Signal()
    """Any of the images' files, names or numbers are others."""
    images_added = Signal(list)
    """The numbers of new images, at the end of the list."""
    image_changed = Signal(int)
    """The record of one image (status, counts) is another."""
    classes_changed = Signal()
    """The project's list of classes is another."""
    document_changed = Signal()
    """Another image is shown, or none."""
    not_attached = Signal(object, object)
    """ImageRecord, MissingImage or ChangedImage: what was to be shown, and why it is not."""
    failed = Signal(object)
    """UserError: to be shown; nothing is lost by it."""
    recovered = Signal(object)
    """What could not be stored is stored now; the UserError that is over."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project: Project | None = None
        self.document: Document | None = None
        self.beside: Callable[[int, int], int | None] = lambda image_id, by: None
        """What `step` goes to where the images are not in the folder's order; else None."""
        self._opening: ImageRecord | None = None
        self._stuck: int | None = None  # the image that could not be shown: steps go on from it
        self._documents: dict[int, Document] = {}  # the one shown, and those with work to be stored
        self._store_error: UserError | None = None
        self._classes: tuple[PixelClass, ...] = ()
        self._lock: QLockFile | None = None
        self._reading_pool = QThreadPool(self)
        self._reading_pool.setMaxThreadCount(1)  # hasty steps are passed over, not all decoded
        self._ahead = ReadAhead(
            self, painting=lambda: bool(self.document and self.document.painting)
        )
        self._looks = Looks(self)
        self.adding = Adding(self)
        """Adds images in the background."""
        self.adding.added.connect(self.show_added)
        self.adding.failed.connect(self.failed)
        self._mirroring = Mirroring(self, failed=self.failed.emit)
        self._syncing = Syncing(self, failed=self.failed.emit)
        self.image_changed.connect(self._on_stored)
        self.image_changed.connect(self._ahead.put_off)
        self.classes_changed.connect(self._on_stored)
        self._retry_timer = QTimer(self)
        self._retry_timer.setSingleShot(True)
        self._retry_timer.setInterval(_RETRY_MS)
        self._retry_timer.timeout.connect(self._store_waiting)

    # ------------------------------------------------------------------ projects

    def open_project(self, folder: Path) -> None:
        """Opens an existing project and goes to the image last worked on.

        Raises:
            UserError: there is none, or it cannot be used; the one before stays open.
        """
        self.require_saved()
        self._take(folder, lambda: Project.open(folder))

    def create_project(self, folder: Path, classes: Sequence[str]) -> None:
        """Makes a project and opens it.

        Raises:
            UserError: it cannot be made there; the one before stays open.
        """
        self.require_saved()
        self._take(folder, lambda: Project.create(folder, classes))

    def close_project(self) -> None:
        """Leaves the image and the project; what is not stored by now must be rescued before."""
        if self.project is None:
            return
        self.adding.cancel()
        for document in list(self._documents.values()):
            document.settle()
        self._leave_document()
        self._mirroring.finish()
        self._syncing.finish()
        self._ahead.clear()
        self.project.close()
        self.project = self._stuck = None
        self._documents.clear()
        self._store_error = None
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None
        self.document_changed.emit()
        self.project_changed.emit()

    @property
    def painting(self) -> bool:
        """A gesture is open: it is under the hand, or lasts over several presses."""
        return any(document.painting for document in self._documents.values())

    @property
    def under_the_hand(self) -> bool:
        """A gesture is open that ends with its release."""
        return any(
            document.painting and not document.drawing for document in self._documents.values()
        )

    @property
    def unsaved(self) -> int:
        """Gestures that are in memory only."""
        return sum(document.unsaved for document in self._documents.values())

    def require_saved(self) -> None:
        """Ends what is under way and sees to it that all that was painted is on disk.

        Raises:
            UserError: strokes wait for the disk.
        """
        self._finish_gestures()
        if self.unsaved and self.project is not None:
            raise UserError(
                f"{self.unsaved} strokes are not on disk yet",
                path=self.project.path,
                remedy="Free some space there first; they are saved as soon as they fit.",
            )

    def rescue(self, folder: Path) -> list[Path]:
        """Writes the masks with unsaved gestures elsewhere, as indexed PNG.

        Returns:
            The files; none where everything is stored.

        Raises:
            UserError: they could not be written there either.
        """
        self._finish_gestures()
        written: list[Path] = []
        for document in self._documents.values():
            if document.unsaved:
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise from_os_error(
                        error, doing="rescuing your strokes", path=folder
                    ) from error
                # The database may be out of reach: everything needed is in memory.
                path = folder / f"{document.record.path.stem}.{document.record.id}.png"
                write_atomically(path, encode_mask(document.mask.to_array(), self._classes))
                written.append(path)
        return written

    # ------------------------------------------------------------------ images

    def images(self) -> list[ImageRecord]:
        return self.project.images() if self.project else []

    def add_images(self, paths: Sequence[Path]) -> None:
        """Adds images and folders of images; files that cannot be read are said one by one."""
        if self.project is not None:
            self.adding.add(self.project, paths)

    def show_added(self, numbers: list[int]) -> None:
        """New images are in the project; the first of them is shown where none is."""
        self.images_added.emit(numbers)
        if self._shown_id is None and self._stuck is None:
            self.open_image(numbers[0])

    def open_image(self, image_id: int) -> None:
        """Leaves the current image and shows another, read in a worker thread."""
        self._stuck = None
        if self.project is None or image_id == self._shown_id:
            return
        if self.document is not None and self.document.record.id == image_id:
            self._opening = None
            return
        record = self._opening = self.project.image(image_id)
        ready = self._ahead.take(record)
        if ready is not None:
            self._show(record, ready)
            return
        in_background(
            lambda: load_image(record) if self._opening is record else None,
            parent=self,
            done=lambda image: self._show_once_free(record, image),
            failed=lambda error: self._cannot_show(record, error),
            pool=self._reading_pool,
        )

    def opened(self, image_id: int) -> Document | None:
        """The document of an image that is shown, or has work to be stored."""
        return self._documents.get(image_id)

    def step(self, by: int) -> None:
        """Goes `by` images forward or back in the list, stopping at its ends."""
        at = self._stuck or self._shown_id
        if self.project is not None and at is not None:
            there = self.beside(at, by)
            if there is None:
                there = self.project.listing.beside(at, by)
            if there is not None:
                self.open_image(there)

    def change_files(self, change: Callable[[Project], None]) -> None:
        """Gives images other files (see `Project.files`); what is open follows.

        Raises:
            UserError: it could not be stored, or strokes wait for the disk; nothing is changed.
        """
        if self.project is None:
            raise UserError("the project was closed", remedy="Open it again.")
        self.require_saved()
        change(self.project)
        for document in list(self._documents.values()):
            try:
                document.record = self.project.image(document.record.id)
            except KeyError:  # it made room: its file is that of another image now
                self._leave_document()
                self.document_changed.emit()
        self.images_changed.emit()

    def undo(self) -> None:
        if self.document is not None:
            self.document.undo()

    def redo(self) -> None:
        if self.document is not None:
            self.document.redo()

    def accept(self) -> None:
        """Decides what is undecided on the current image as proposed."""
        if self.document is not None:
            self.document.accept_proposal()

    def accept_class(self, only: PixelClass) -> None:
        """Decides what is undecided on the current image and proposed as this class."""
        if self.document is not None:
            self.document.accept_proposal(only)

    def approve(self) -> None:
        """Accepts what is left of the proposal, marks the image approved, and goes on."""
        if self.project is None or self.document is None or self._opening is not None:
            return  # while the next image is read, the one still shown is approved already
        document = self.document
        document.accept_proposal()
        try:
            self._refuse_unready(document)
            self.project.set_status(document.record.id, APPROVED)
        except UserError as error:
            self.failed.emit(error)
            return
        self.image_changed.emit(document.record.id)
        self.step(1)

    def disapprove(self, image_id: int) -> None:
        """Takes an image's approval back; what is decided on it stays."""
        self._change(image_id, lambda project: project.disapprove(image_id))

    def add_tag(self, image_id: int, name: str, *, source: str = "") -> None:
        """Tags an image; `source` is the classifier that it was accepted from."""
        self._change(image_id, lambda project: project.tags.add(image_id, name, source=source))

    def remove_tag(self, image_id: int, name: str) -> None:
        self._change(image_id, lambda project: project.tags.remove(image_id, name))

    def edit_classes(self, after: ClassList, *, name: str) -> None:
        """Changes the list of classes: one step of every image's history, named for the menu.

        Raises:
            UserError: it could not be stored, or strokes wait for the disk; nothing is changed.
        """
        if self.project is not None:
            self.require_saved()
            self.project.edit_classes(after, name=name)
            self._show_classes()

    # ------------------------------------------------------------------ inside

    def _show_classes(self) -> None:
        """Every open mask reads as the list says now."""
        if self.project is None:
            return
        classes = self.project.class_list
        self._classes = classes.live
        for document in self._documents.values():
            document.read_as(classes.meaning)
        self.classes_changed.emit()
        if self.document is not None:
            self.image_changed.emit(self.document.record.id)

    def _change(self, image_id: int, change: Callable[[Project], object]) -> None:
        if self.project is None:
            return
        try:
            change(self.project)
        except UserError as error:
            self.failed.emit(error)
            return
        self.image_changed.emit(image_id)

    @property
    def stuck(self) -> int | None:
        """The image that was asked for last and could not be shown."""
        return self._stuck

    @property
    def _shown_id(self) -> int | None:
        """The image that is shown, or will be as soon as it is read."""
        shown = self._opening or (self.document.record if self.document else None)
        return shown.id if shown else None

    def _refuse_unready(self, document: Document) -> None:
        """An approved image is a finished one."""
        if document.proposed_by is not None and not document.proposal_complete:
            raise UserError(
                "the proposal is still arriving", path=document.record.name, remedy="Wait for it."
            )
        if not document.mask.counts().any():
            raise UserError(
                "nothing is decided on this image yet",
                path=document.record.name,
                remedy="Paint on it, or accept a proposal.",
            )

    def _finish_gestures(self) -> None:
        """Ends an open gesture and tries once more to store whatever waits."""
        for document in list(self._documents.values()):
            document.settle()
        self._store_waiting()

    def _take(self, folder: Path, open_: Callable[[], Project]) -> None:
        """Closes the project before only once the new one is locked, opened and readable."""
        folder = folder.parent if folder.name == database.FILE_NAME else folder
        if self.project is not None and self.project.folder == folder.absolute():
            return
        lock = lock_project(folder)
        try:
            project = open_()
            try:
                lock = lock or lock_project(folder)  # of a new project: its folder is there by now
                project.check_writable()
                project.leave_log()  # to `Syncing`
                classes, image = project.classes, _begin_with(project)
            except UserError:
                project.close()
                raise
        except UserError:
            if lock is not None:
                lock.unlock()
            raise
        self.close_project()
        self.project, self._classes, self._lock = project, classes, lock
        sweep(project.folder)
        mirror.sweep_leftovers(project.folder)
        model_folders.sweep_leftovers(project.folder)
        self.project_changed.emit()
        self._mirroring.later(project)  # what a crash kept from it
        if image is not None:
            self.open_image(image)

    def _show_once_free(self, record: ImageRecord, image: ImageSource | None) -> None:
        """Waits until no gesture is under the hand, which leaving its image would cut short."""
        if self._opening is record and self.under_the_hand:
            QTimer.singleShot(_AGAIN_MS, self, lambda: self._show_once_free(record, image))
            return
        self._show(record, image)

    def _show(self, record: ImageRecord, image: ImageSource | None) -> None:
        if self.project is None or image is None or self._opening is not record:
            return
        try:
            # One that still holds unsaved gestures must stay the only one of its image.
            document = self._documents.get(record.id) or self._make_document(record, image)
        except UserError as error:
            self._cannot_show(record, error)
            return
        self._leave_document()
        self._documents[record.id] = self.document = document
        self._remember(record)
        self.document_changed.emit()
        self._read_ahead(record)
        self._looks.note(self.project, record.id, document.image)

    def _make_document(self, record: ImageRecord, image: ImageSource) -> Document:
        assert self.project is not None
        mask = self.project.load_mask(record.id)
        document = Document(self.project, self.project.image(record.id), image, mask, self)
        document.changed.connect(self._on_changed)
        document.classes_changed.connect(self._show_classes)
        document.computing_changed.connect(self._settle)
        document.store_failed.connect(self._on_store_failed)
        document.failed.connect(self.failed)
        return document

    def _read_ahead(self, record: ImageRecord) -> None:
        if self.project is not None:
            with suppress(UserError):  # said when the person goes there
                self._ahead.read(self.project.neighbours(record.id))

    def _on_stored(self) -> None:
        if self.project is not None:
            self._syncing.soon(self.project.path)
            self._mirroring.later(self.project)

    def _remember(self, record: ImageRecord) -> None:
        """For the next start; that it fails on a full disk must not keep anyone from looking."""
        if self.project is not None:
            with suppress(UserError):
                self.project.set_setting("last_image", str(record.id))

    def _cannot_show(self, record: ImageRecord, error: UserError) -> None:
        if self._opening is record:
            self._opening, self._stuck = None, record.id
            self._ahead.forget(record)
            if isinstance(error, (MissingImage, ChangedImage)):
                self.not_attached.emit(record, error)
            else:
                self.failed.emit(error)
            self.document_changed.emit()

    def _leave_document(self) -> None:
        document = self.document
        if document is not None:
            document.close()
            if not document.proposal_complete:
                document.proposed_by = None
            if self.project is not None:
                self._mirroring.now(self.project)
        self.document = None
        self._opening = None
        self._drop_finished()

    def _on_changed(self, image_id: int) -> None:
        self._settle()
        self.image_changed.emit(image_id)

    def _on_store_failed(self, error: UserError) -> None:
        self._store_error = error
        self._retry_timer.start()
        self.failed.emit(error)

    def _store_waiting(self) -> None:
        for document in list(self._documents.values()):
            if not document.store_waiting():
                self._retry_timer.start()
        self._settle()

    def _settle(self) -> None:
        """Lets go of what is stored, and says so when nothing waits any more."""
        self._drop_finished()
        if self._store_error is not None and not self.unsaved:
            error, self._store_error = self._store_error, None
            self._retry_timer.stop()
            self.recovered.emit(error)

    def _drop_finished(self) -> None:
        for number, document in list(self._documents.items()):
            busy = document.unsaved or document.computing
            if document is not self.document and not busy:
                del self._documents[number]
                self._ahead.keep(document.record, document.image)
                document.image.close()
                document.deleteLater()


def _begin_with(project: Project) -> int | None:
    """The number of the image last worked on, or of the first; None where there is none."""
    last = project.setting("last_image")
    if last.isascii() and last.isdecimal() and project.listing.lists(int(last)):
        return int(last)
    return project.listing.first()
