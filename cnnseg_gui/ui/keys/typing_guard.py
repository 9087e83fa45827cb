"""Keys that choose in a list of choices are not keys of the window meanwhile."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QComboBox, QWidget


class TypingGuard(QObject):
    """Letters and digits go to the combo box that has the focus.

    Line edits and spin boxes say that themselves: Qt asks the focus widget by a ShortcutOverride
    event before it looks for a shortcut. A combo box chooses by letters too, and says nothing.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._guarded: QWidget | None = None
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claims what a person types."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() & ~(
                Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
            )
            if plain == Qt.KeyboardModifier.NoModifier and event.text().isprintable():
                event.accept()
                return True
        return False

    def _follow(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self._guarded is not None:
            self._guarded.removeEventFilter(self)
        self._guarded = new if isinstance(new, QComboBox) else None
        if self._guarded is not None:
            self._guarded.installEventFilter(self)
