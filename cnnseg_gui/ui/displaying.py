"""How images are shown: the Display panel, the canvas, and what the project remembers of it."""

from __future__ import annotations

from contextlib import suppress

from PySide6.QtCore import QObject

from cnnseg_gui.core.display import window_from_text, window_to_text
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.windowing import Window
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.panels.display import DisplayPanel

_SETTING = "display_window"


class Displaying(QObject):
    """The window of deep values belongs to the project: its images were taken alike."""

    def __init__(
        self, panel: DisplayPanel, canvas: CanvasView, workspace: Workspace, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._panel = panel
        self._workspace = workspace
        panel.changed.connect(canvas.set_display)
        panel.window_chosen.connect(self._remember)
        workspace.project_changed.connect(self._show_project)
        workspace.document_changed.connect(self._show_image)

    def _show_project(self) -> None:
        text, project = "", self._workspace.project
        if project is not None:
            with suppress(UserError):  # then images are shown as they were read
                text = project.setting(_SETTING)
        self._panel.show_window(window_from_text(text))

    def _show_image(self) -> None:
        document = self._workspace.document
        self._panel.show_image(document.image if document is not None else None)

    def _remember(self, window: Window | None) -> None:
        project = self._workspace.project
        if project is not None:
            with suppress(UserError):  # a full disk keeps no one from looking
                project.set_setting(_SETTING, window_to_text(window))
