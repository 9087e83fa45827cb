"""Makes a damaged project again from its mirror, in a worker thread."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.rebuild import Rebuilt, Survey, rebuild, survey
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.project_lock import lock_project


class Rebuilding(QObject):
    """First a look at what there is, then, if it is wanted, the work."""

    surveyed = Signal(object)
    """Survey."""
    progressed = Signal(int, int)
    """Masks restored, and of how many."""
    ended = Signal(object)
    """Rebuilt."""
    failed = Signal(object)
    """UserError: all is as it was."""

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._folder = folder
        self._survey: Survey | None = None
        self._lock: QLockFile | None = None

    def look(self) -> None:
        """Sees what the mirror holds."""
        in_background(
            lambda: survey(self._folder),
            parent=self,
            done=self._on_surveyed,
            failed=self.failed.emit,
        )

    def begin(self) -> None:
        """Makes the project again; nobody else may have it open meanwhile."""
        found = self._survey
        if found is None:
            return
        try:
            self._lock = lock_project(self._folder)
        except UserError as error:
            self.failed.emit(error)
            return
        in_background(
            lambda: rebuild(found, when=datetime.now(), on_progress=self.progressed.emit),
            parent=self,
            done=self._on_ended,
            failed=self._on_failed,
        )

    def _on_surveyed(self, found: Survey) -> None:
        self._survey = found
        self.surveyed.emit(found)

    def _on_ended(self, rebuilt: Rebuilt) -> None:
        self._unlock()
        self.ended.emit(rebuilt)

    def _on_failed(self, error: UserError) -> None:
        self._unlock()
        self.failed.emit(error)

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None
