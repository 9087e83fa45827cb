"""Keeps the state of a fine-tune on disk, off the window's thread and in the order it is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, Signal

from cnnseg_gui.core import unfinished
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.unfinished import UnfinishedRun
from cnnseg_gui.editor.jobs import in_background


class UnfinishedStore(QObject):
    """One at a time, for one project after the other; folders are the projects'."""

    kept = Signal(object)
    """UnfinishedRun: its state is on disk."""
    failed = Signal(object)
    """UserError: it could not be written; what was there before stays."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._keeping = False

    def keep(self, folder: Path, run: UnfinishedRun, state: bytes) -> None:
        """Stores a state in place of the one before; one that comes too soon is passed over."""
        if self._keeping:
            return
        self._keeping = True
        self._do(lambda: unfinished.store(folder, run, state), self._on_kept, self._on_failed)

    def find(
        self,
        folder: Path,
        *,
        done: Callable[[UnfinishedRun | None], None],
        failed: Callable[[UserError], None],
    ) -> None:
        """Looks for a run that can go on."""
        self._do(lambda: unfinished.find(folder), done, failed)

    def drop(self, folder: Path) -> None:
        """It has ended, or is not wanted."""
        self._do(lambda: unfinished.drop(folder))

    def set_aside(self, folder: Path) -> None:
        """It cannot be used."""
        self._do(lambda: unfinished.set_aside(folder))

    def _do(
        self,
        work: Callable[[], UnfinishedRun | None],
        done: Callable[[UnfinishedRun | None], None] = lambda found: None,
        failed: Callable[[UserError], None] = lambda error: None,
    ) -> None:
        in_background(work, parent=self, done=done, failed=failed, pool=self._pool)

    def _on_kept(self, run: UnfinishedRun | None) -> None:
        self._keeping = False
        self.kept.emit(run)

    def _on_failed(self, error: UserError) -> None:
        self._keeping = False
        self.failed.emit(error)
