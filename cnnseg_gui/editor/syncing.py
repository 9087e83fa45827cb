"""A power cut takes at most the last two seconds: the disk itself has what is older."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, QTimer

from cnnseg_gui.core.checkpoint import sync_log
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.jobs import in_background

_AFTER_MS = 1000


class Syncing(QObject):
    """Syncs the project's log in a thread of its own, a second after something was committed."""

    def __init__(self, parent: QObject, *, failed: Callable[[UserError], None]) -> None:
        super().__init__(parent)
        self._failed = failed
        self._path: Path | None = None
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._sync)

    def soon(self, path: Path) -> None:
        """Something was committed to this database; the first of several sets the time."""
        self._path = path
        if not self._timer.isActive():
            self._timer.start()

    def finish(self) -> None:
        """The database is about to be closed, which syncs it; waits for what is under way."""
        self._timer.stop()
        self._pool.waitForDone()

    def _sync(self) -> None:
        path = self._path
        if path is not None:
            in_background(
                lambda: sync_log(path),
                parent=self,
                done=lambda _: None,
                failed=self._failed,
                pool=self._pool,
            )
