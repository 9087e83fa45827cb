"""The projects opened last, in the File menu."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QMenu

_KEY = "recent projects"
_KEPT = 8


class RecentProjects(QObject):
    """Remembers folders between starts and offers those that are still there."""

    def __init__(self, menu: QMenu, open_project: Callable[[Path], None]) -> None:
        super().__init__(menu)
        self._menu = menu
        self._open = open_project
        menu.aboutToShow.connect(self._fill)

    def remember(self, folder: Path) -> None:
        """Puts a project first."""
        others = [path for path in self.folders() if path != folder]
        QSettings().setValue(_KEY, [str(path) for path in [folder, *others][:_KEPT]])

    def folders(self) -> list[Path]:
        """Newest first."""
        stored = QSettings().value(_KEY, [])
        if isinstance(stored, str):  # Qt unpacks a list of one
            stored = [stored]
        return [Path(str(path)) for path in stored] if isinstance(stored, list) else []

    def _fill(self) -> None:
        self._menu.clear()
        present = [folder for folder in self.folders() if folder.is_dir()]
        for folder in present:
            action = self._menu.addAction(str(folder))
            action.triggered.connect(lambda _=False, chosen=folder: self._open(chosen))
        if not present:
            self._menu.addAction("None yet").setEnabled(False)
