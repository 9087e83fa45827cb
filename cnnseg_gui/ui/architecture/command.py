"""Help ▸ Architecture…: makes the window when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.ui.architecture.window import ArchitectureWindow


class ArchitectureCommand(QObject):
    """One window at most, kept when it is closed.

    Args:
        action: what asks for it.
        model: the key of what proposes in the open project.
        parent: the main window.
    """

    def __init__(
        self,
        action: QAction,
        engine: EngineClient,
        workspace: Workspace,
        model: Callable[[], str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._engine, self._workspace, self._model = engine, workspace, model
        self._parent = parent
        self.window: ArchitectureWindow | None = None
        action.triggered.connect(self.show)

    def show(self) -> None:
        """Opens the window, or brings it to the front."""
        if self.window is None:
            self.window = ArchitectureWindow(
                self._engine, self._workspace, self._model, self._parent
            )
        if self.window.isVisible():
            self.window.raise_()
        self.window.show()
        self.window.activateWindow()

    def close(self) -> None:
        """Closes the window with the main one."""
        if self.window is not None:
            self.window.close()
