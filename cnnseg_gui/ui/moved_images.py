"""What a person sees of images whose file moved, was replaced or was changed."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.relink import Relinked
from cnnseg_gui.editor.relinking import Question, Relinking
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.banner import Banner, Kind, Offer

_log = logging.getLogger("cnnseg")


class MovedImages(QObject):
    """Lines in the banner for what was found or not, dialogs for what a person has to say."""

    def __init__(self, workspace: Workspace, banner: Banner, window: QWidget) -> None:
        super().__init__(window)
        self._workspace, self._banner, self._window = workspace, banner, window
        self._lost: dict[int, str] = {}
        self.relinking = Relinking(workspace, self)
        self.relinking.found.connect(self._tell_found)
        self.relinking.ended.connect(self._retract)
        self.relinking.lost.connect(self._tell_lost)
        self.relinking.taken.connect(self._tell_taken)
        self.relinking.asked.connect(self._ask)
        self.relinking.failed.connect(self._tell_failed)
        workspace.project_changed.connect(self._lost.clear)

    def look(self) -> None:
        """Asks for a folder, and looks there for all missing images."""
        project = self._workspace.project
        if project is None:
            return
        folder = QFileDialog.getExistingDirectory(
            self._window, "Look for missing images in", str(project.folder.parent)
        )
        if folder:
            self.look_in(Path(folder))

    def look_in(self, folder: Path) -> None:
        """Looks there and below, with progress."""
        from cnnseg_gui.ui.dialogs.missing_images import MissingImagesDialog

        dialog = MissingImagesDialog(self.relinking, folder, self._window)
        dialog.another_folder_asked.connect(self.look)
        self._workspace.project_changed.connect(dialog.close)
        dialog.open()

    def _ask(self, question: Question) -> None:
        from cnnseg_gui.ui.dialogs.changed_image import ChangedImageDialog

        dialog = ChangedImageDialog(question, self._window)
        dialog.former_wanted.connect(self.relinking.use_found)
        dialog.same_picture.connect(self.relinking.keep_mask)
        dialog.other_picture.connect(self.relinking.set_aside)
        self._workspace.project_changed.connect(dialog.close)
        dialog.open()

    def _tell_found(self, relinked: Relinked) -> None:
        first, *others = relinked.moved.values()
        along = f", with {len(others)} more that moved along" if others else ""
        self._say(f"{first.name} was found again in {first.parent}{along}.", kind=Kind.NOTE)
        self._retract(relinked)

    def _tell_lost(self, record: ImageRecord, error: UserError) -> None:
        self._lost[record.id] = str(error)
        self._say(str(error), offer=Offer("Look in Another Folder…", self.look))

    def _tell_taken(self, record: ImageRecord) -> None:
        self._say(
            f"{record.name} has changed since it was added. Nothing was painted on it, so the new "
            "picture is taken.",
            kind=Kind.NOTE,
        )

    def _tell_failed(self, error: UserError) -> None:
        self._say(str(error))

    def _retract(self, relinked: Relinked) -> None:
        for number in relinked.moved.keys() & self._lost.keys():
            self._banner.retract(self._lost.pop(number))

    def _say(self, text: str, *, kind: Kind = Kind.WARNING, offer: Offer | None = None) -> None:
        _log.warning("%s", text)
        self._banner.say(text, kind=kind, offer=offer)
