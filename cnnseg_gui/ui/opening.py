"""Everything that opens something: folders, projects, images, the sample, dialogs.

Dialogs are imported when asked for, so that the window opens sooner.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from cnnseg_gui.core import database, mirror
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import IMAGE_SUFFIXES, expect_images, find_images
from cnnseg_gui.core.project_lock import ProjectInUse
from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.editor.export_proposing import ExportProposing
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.banner import Offer
from cnnseg_gui.ui.label_offers import (
    FoundLabels,
    find_labels,
    holds_images,
    lists_images,
    names_of_classes,
)
from cnnseg_gui.ui.summons import summon

if TYPE_CHECKING:
    from cnnseg_gui.ui.dialogs.new_project import NewProjectDialog


class Opening(QObject):
    """Asks where, then tells the workspace."""

    failed = Signal(object)
    """UserError."""
    offered = Signal(str, object)
    """A line and an `Offer`: what else can be done with what was opened."""
    answered = Signal(str)
    """The line whose offer was taken."""

    def __init__(self, window: QWidget, workspace: Workspace) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self.export_proposing: ExportProposing | None = None
        """Fills undecided pixels of an export, where that is wanted."""

    # ------------------------------------------------------------------ asking

    def ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, "Open a folder of images")
        if folder:
            self._try(lambda: self._open_folder(Path(folder)))

    def ask_project(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, "Open a project")
        if folder:
            self._open_project(Path(folder))

    def ask_images(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        paths, _ = QFileDialog.getOpenFileNames(
            self._window, "Add images", "", f"Images ({patterns})"
        )
        if paths:
            self._workspace.add_images([Path(path) for path in paths])

    def ask_export(self) -> None:
        from cnnseg_gui.ui.dialogs.export import ExportDialog

        if self._workspace.project is not None:
            dialog = ExportDialog(
                self._workspace.project,
                self._window,
                require_saved=self._workspace.require_saved,
                proposing=self.export_proposing,
            )
            self._workspace.project_changed.connect(dialog.close)
            dialog.show()

    def ask_import(self) -> None:
        """Which data set is asked for there."""
        self.import_labels(None)

    def import_labels(self, path: Path | None) -> None:
        """The dialog, with a data set that is known already or None."""
        from cnnseg_gui.ui.dialogs.import_labels import ImportDialog

        if self._workspace.project is not None:
            ImportDialog(self._workspace, path, self._window).show()

    def show_about(self) -> None:
        from cnnseg_gui.ui.dialogs.about import AboutDialog

        AboutDialog(self._window).open()

    # ------------------------------------------------------------------ opening

    def open_paths(self, paths: Sequence[Path]) -> None:
        """A project, a folder of images, or images: dropped, or named on the command line.

        Images go into the open project; without one, a new project beside them is offered. Where
        there is a labelled data set, importing its labels is offered, too.
        """
        existing = next((found for path in paths if (found := _project_at(path))), None)
        if existing is not None:
            self._open_project(existing)
            return
        images = [path for path in paths if not lists_images(path)]
        if self._workspace.project is None:
            images = images or [path.parent for path in paths]
            self._try(lambda: self._offer_project(images, paths))
        else:
            self._add(images, paths)

    def open_demo(self) -> bool:
        """A fresh copy of the sample project, kept where the program keeps its data.

        Returns:
            Whether it is open now.
        """
        return self._try(lambda: self._workspace.open_project(copy_sample(demo_folder())))

    def _open_folder(self, folder: Path) -> None:
        """Asks first where its images would go among those of the open project.

        Raises:
            UserError: the open project cannot be read.
        """
        project = self._workspace.project
        if project is None or project.listing.first() is None or _project_at(folder):
            self.open_paths([folder])
            return
        from cnnseg_gui.ui.dialogs.open_folder import OpenFolderDialog

        dialog = OpenFolderDialog(folder, project.folder, self._window)
        dialog.add_chosen.connect(lambda: self.open_paths([folder]))
        dialog.new_chosen.connect(
            lambda: self._try(lambda: self._offer_project([folder], [folder]))
        )
        self._workspace.project_changed.connect(dialog.close)
        dialog.open()

    def _open_project(self, folder: Path) -> None:
        """Where its file is damaged, what its mirror holds can be made a project again."""
        try:
            self._workspace.open_project(folder)
        except database.DamagedProject as error:
            self._offer_rebuild(folder, error)
        except ProjectInUse as error:
            folder = folder.parent if folder.name == database.FILE_NAME else folder
            if summon(folder):
                error = ProjectInUse(
                    error.what, path=folder, remedy="It has been asked to come to the front."
                )
            self.failed.emit(error)
        except UserError as error:
            self.failed.emit(error)

    def _offer_rebuild(self, folder: Path, error: UserError) -> None:
        from cnnseg_gui.ui.dialogs.rebuild import RebuildDialog

        folder = folder.parent if folder.name == database.FILE_NAME else folder
        dialog = RebuildDialog(folder, error, self._window)
        dialog.rebuilt.connect(self._open_project)
        dialog.open()

    def _offer_project(self, paths: Sequence[Path], opened: Sequence[Path]) -> None:
        """Of images; or of a data set, whose images come in with its labels.

        Args:
            opened: what was chosen or dropped.

        Raises:
            UserError: there are neither images nor labels.
        """
        try:
            expect_images(paths)
        except UserError:
            found = find_labels(opened)
            if not found:
                raise
            self._offer_project_of(found[0].path)
            return
        dialog = self._new_project(paths[0])
        dialog.confirmed.connect(
            lambda folder, classes: self._try(lambda: self._create(folder, classes, paths, opened))
        )
        in_background(
            lambda: len(find_images(paths)),
            parent=dialog,
            done=dialog.show_count,
            failed=self.failed.emit,
        )
        dialog.open()

    def _offer_project_of(self, data_set: Path) -> None:
        """With the data set's classes; the import is next."""

        def create(folder: Path, classes: Sequence[str]) -> None:
            self._workspace.create_project(folder, classes)
            self.import_labels(data_set)

        def ask(names: list[str]) -> None:
            dialog = self._new_project(data_set)
            dialog.show_data_set(names)
            dialog.confirmed.connect(
                lambda folder, classes: self._try(lambda: create(folder, classes))
            )
            dialog.open()

        in_background(
            lambda: names_of_classes(data_set), parent=self, done=ask, failed=self.failed.emit
        )

    def _new_project(self, opened: Path) -> NewProjectDialog:
        from cnnseg_gui.ui.dialogs.new_project import NewProjectDialog

        beside = opened if opened.is_dir() else opened.parent
        return NewProjectDialog(beside / "cnnseg", self._window)

    def _create(
        self, folder: Path, classes: Sequence[str], images: Sequence[Path], opened: Sequence[Path]
    ) -> None:
        self._workspace.create_project(folder, classes)
        self._add(images, opened)

    def _add(self, images: Sequence[Path], opened: Sequence[Path]) -> None:
        """Adds images, and offers the labels of what was opened.

        A folder without images of its own may be a data set's: these come in with its labels.
        """
        project = self._workspace.project
        plain = [path for path in images if holds_images(path)]
        others = [path for path in images if path not in plain]
        if plain:
            self._workspace.add_images(plain)

        def offer(found: list[FoundLabels]) -> None:
            if self._workspace.project is not project:
                return
            for labels in found:
                self._offer(labels)
            data_sets = {labels.path for labels in found}
            if left := [path for path in others if path not in data_sets]:
                self._workspace.add_images(left)  # which says that there are none

        in_background(lambda: find_labels(opened), parent=self, done=offer, failed=self.failed.emit)

    def _offer(self, labels: FoundLabels) -> None:
        def take() -> None:
            self.answered.emit(labels.text)
            self.import_labels(labels.path)

        self.offered.emit(labels.text, Offer("Import Labels…", take))

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except UserError as error:
            self.failed.emit(error)
            return False
        return True


def _project_at(path: Path) -> Path | None:
    """The project that is this folder, or lies in it where `Opening` would have made it."""
    folder = path.parent if path.name == database.FILE_NAME else path
    for candidate in (folder, folder / "cnnseg"):
        mirrored = candidate / mirror.FOLDER / mirror.PROJECT  # its file may be gone
        if (candidate / database.FILE_NAME).is_file() or mirrored.is_file():
            return candidate
    return None


def demo_folder() -> Path:
    """A new name for a copy of the sample project."""
    return _free_name(_own_data() / "sample projects" / time.strftime("%Y-%m-%d %H.%M.%S"))


def rescue_folder() -> Path:
    """A new name for masks that could not be stored in their project."""
    return _free_name(_own_data() / "rescued masks" / time.strftime("%Y-%m-%d %H.%M.%S"))


def _free_name(folder: Path) -> Path:
    number, name = 1, folder
    while name.exists():
        number += 1
        name = folder.with_name(f"{folder.name} {number}")
    return name


def _own_data() -> Path:
    standard = QStandardPaths.StandardLocation.AppLocalDataLocation
    return Path(QStandardPaths.writableLocation(standard))
