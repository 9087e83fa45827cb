"""What a person is told of strokes that could not be stored when their project was closed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.rescued import forget, put_back, recall, remember
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.banner import Banner, Offer


class RescuedMasks(QObject):
    """A line in the banner whenever the project is opened, until they are put back."""

    failed = Signal(object)
    """UserError: of one mask, which is still where it was."""

    def __init__(self, workspace: Workspace, banner: Banner, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace, self._banner = workspace, banner
        self._said = ""
        workspace.project_changed.connect(self._tell)

    def remember(self, masks: Sequence[Path]) -> None:
        """These hold what the open project could not take."""
        project = self._workspace.project
        if project is not None and masks:
            remember(project.folder, masks)

    def _tell(self) -> None:
        project = self._workspace.project
        masks = [] if project is None else recall(project.folder)
        if not masks:
            return
        one = len(masks) == 1
        count = "The mask of one image is" if one else f"The masks of {len(masks)} images are"
        self._said = (
            f"When this project was closed, the last strokes could not be stored. {count} in"
            f" {masks[0].parent} with all strokes."
        )
        self._banner.say(self._said, offer=Offer("Put Them Back", lambda: self._put_back(masks)))

    def _put_back(self, masks: Sequence[Path]) -> None:
        """One step to undo of each image; the files stay."""
        self._banner.retract(self._said)
        project, left = self._workspace.project, []
        if project is None:
            return
        for path in masks:
            try:
                put_back(self._workspace, path)
            except UserError as error:
                left.append(path)
                self.failed.emit(error)
        forget(project.folder)
        self.remember(left)
