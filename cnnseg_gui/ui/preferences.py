"""What a person sets once: how much history is kept, and how large an image may be."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QWidget

from cnnseg_gui.core.image_io import MAX_PIXELS, set_largest
from cnnseg_gui.core.journal import DEFAULT_BYTES
from cnnseg_gui.editor.workspace import Workspace

_HISTORY, _LARGEST = "preferences/history_mb", "preferences/largest_megapixels"
HISTORY_MB = range(16, 65_536 + 1)
LARGEST_MEGAPIXELS = range(1, 10_000 + 1)
DEFAULT_HISTORY_MB = DEFAULT_BYTES // 2**20
DEFAULT_LARGEST = MAX_PIXELS // 1_000_000


class Preferences(QObject):
    """Kept in the settings; they hold at once, and for every project that is opened."""

    def __init__(self, workspace: Workspace, window: QWidget) -> None:
        super().__init__(window)
        self._workspace, self._window = workspace, window
        workspace.project_changed.connect(self._apply_history)
        set_largest(self.largest_megapixels)

    @property
    def history_mb(self) -> int:
        """What the undo history of a project takes at most, in MB of 2**20 bytes."""
        return _stored(_HISTORY, DEFAULT_HISTORY_MB, HISTORY_MB)

    @property
    def largest_megapixels(self) -> int:
        """Larger images are not opened."""
        return _stored(_LARGEST, DEFAULT_LARGEST, LARGEST_MEGAPIXELS)

    def change(self, *, history_mb: int, largest_megapixels: int) -> None:
        """Keeps them and has them hold from now on."""
        settings = QSettings()
        settings.setValue(_HISTORY, history_mb)
        settings.setValue(_LARGEST, largest_megapixels)
        set_largest(largest_megapixels)
        self._apply_history()

    def show(self) -> None:
        """The dialog."""
        from cnnseg_gui.ui.dialogs.preferences import PreferencesDialog

        PreferencesDialog(self, self._window).open()

    def _apply_history(self) -> None:
        if self._workspace.project is not None:
            self._workspace.project.limit_history(self.history_mb * 2**20)


def _stored(key: str, default: int, allowed: range) -> int:
    """A number from the settings; the default where they hold something odd."""
    try:
        value = int(str(QSettings().value(key, default)))
    except ValueError:
        return default
    return value if value in allowed else default
