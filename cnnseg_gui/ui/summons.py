"""A second window on a project brings the first one to the front."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QWidget

from cnnseg_gui.editor.workspace import Workspace

_PATIENCE_MS = 500
_COMING = b"coming"


class Summons(QObject):
    """Listens while a project is open; the system may only let the window ask for attention."""

    def __init__(self, window: QWidget, workspace: Workspace) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._come)
        workspace.project_changed.connect(self._listen)

    def _listen(self) -> None:
        self._server.close()
        project = self._workspace.project
        if project is not None:
            name = _name(project.folder)
            QLocalServer.removeServer(name)  # a dead window's: this one holds the project's lock
            self._server.listen(name)

    def _come(self) -> None:
        while (caller := self._server.nextPendingConnection()) is not None:
            caller.disconnected.connect(caller.deleteLater)
            caller.write(_COMING)
            caller.flush()
            window = self._window
            window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
            window.show()
            window.raise_()
            window.activateWindow()


def summon(folder: Path) -> bool:
    """Calls the window that has a project open; whether it answers."""
    socket = QLocalSocket()
    socket.connectToServer(_name(folder))
    if not socket.waitForConnected(_PATIENCE_MS) or not socket.waitForReadyRead(_PATIENCE_MS):
        socket.abort()
        return False
    answer = bytes(socket.readAll().data())
    socket.disconnectFromServer()
    return answer == _COMING


def _name(folder: Path) -> str:
    """Short, and the same for every way to write the folder."""
    return f"cnnseg-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]}"
