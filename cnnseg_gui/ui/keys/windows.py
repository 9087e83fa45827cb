"""Help ▸ Keys and Help ▸ Keyboard: one window each at most, made when first asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.keys.dialog import KeyboardDialog
from cnnseg_gui.ui.keys.sheet import KeySheet


class KeyWindows(QObject):
    """Both stand beside the main window and close with it."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._actions, self._parent = actions, parent
        self.sheet: KeySheet | None = None
        self.dialog: KeyboardDialog | None = None
        actions["keys"].triggered.connect(self.show_sheet)
        actions["keyboard"].triggered.connect(self.show_dialog)

    def show_sheet(self) -> None:
        """All keys and gestures."""
        if self.sheet is None:
            self.sheet = KeySheet(self._actions, self._parent)
            self.sheet.change_asked.connect(self.show_dialog)
        _bring_up(self.sheet)
        self.sheet.search.setFocus()

    def show_dialog(self) -> None:
        """Where keys are changed."""
        if self.dialog is None:
            self.dialog = KeyboardDialog(self._actions, self._parent)
        _bring_up(self.dialog)
        self.dialog.search.setFocus()


def _bring_up(dialog: QDialog) -> None:
    if dialog.isVisible():
        dialog.raise_()
    dialog.show()
    dialog.activateWindow()
