"""Everything that opens something: folders, projects, images, the sample, dialogs.

Dialogs are imported when asked for, so that the window opens sooner.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from cnnseg_gui.core import database, mirror
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import IMAGE_SUFFIXES, expect_images, find_images
from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.editor.export_proposing import ExportProposing
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.project_lock import ProjectInUse
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.summons import summon


class Opening(QObject):
    """Asks where, then tells the workspace."""

    failed = Signal(object)
    """UserError."""

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
            self.open_paths([Path(folder)])

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
                self._workspace.project, self._window, proposing=self.export_proposing
            )
            self._workspace.project_changed.connect(dialog.close)
            dialog.show()

    def show_about(self) -> None:
        from cnnseg_gui.ui.dialogs.about import AboutDialog

        AboutDialog(self._window).open()

    # ------------------------------------------------------------------ opening

    def open_paths(self, paths: Sequence[Path]) -> None:
        """A project, a folder of images, or images: dropped, or named on the command line.

        Images go into the open project; without one, a new project beside them is offered.
        """
        existing = next((found for path in paths if (found := _project_at(path))), None)
        if existing is not None:
            self._open_project(existing)
        elif self._workspace.project is not None:
            self._workspace.add_images(paths)
        else:
            self._try(lambda: self._offer_project(paths))

    def open_demo(self) -> bool:
        """A fresh copy of the sample project, kept where the program keeps its data.

        Returns:
            Whether it is open now.
        """
        return self._try(lambda: self._workspace.open_project(copy_sample(demo_folder())))

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

    def _offer_project(self, paths: Sequence[Path]) -> None:
        from cnnseg_gui.ui.dialogs.new_project import NewProjectDialog

        expect_images(paths)
        beside = paths[0] if paths[0].is_dir() else paths[0].parent
        dialog = NewProjectDialog(beside / "cnnseg", self._window)
        dialog.confirmed.connect(
            lambda folder, classes: self._try(lambda: self._create(folder, classes, paths))
        )
        in_background(
            lambda: len(find_images(paths)),
            parent=dialog,
            done=dialog.show_count,
            failed=self.failed.emit,
        )
        dialog.open()

    def _create(self, folder: Path, classes: Sequence[str], images: Sequence[Path]) -> None:
        self._workspace.create_project(folder, classes)
        self._workspace.add_images(images)

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
