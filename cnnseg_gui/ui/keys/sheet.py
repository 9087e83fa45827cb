"""Help ▸ Keys: all keys and gestures of the moment, to be searched, copied and printed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QPageLayout, QPalette, QResizeEvent, QTextDocument
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.keys.sheet_text import as_html, as_text, sheet_groups
from cnnseg_gui.ui.screen_size import open_at

_COLUMN = 370  # logical pixels: the widest row of a group fits in
_PRINTED_COLUMNS = 2
_PRINTED_KEY = "#e4e6ea"


class KeySheet(QDialog):
    """Not modal; follows every change of the keys at once."""

    change_asked = Signal()
    """The person wants other keys."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._columns = 0
        self.setWindowTitle("Keys")
        open_at(self, 1120, 720)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search: an action, a key, a gesture")
        self.search.setAccessibleName("Search the keys")
        self.search.setClearButtonEnabled(True)
        self.profile = QLabel()
        self.profile.setObjectName("quiet")
        self.page = QTextBrowser()
        self.page.setAccessibleName("All keys")
        self.copy = QPushButton("Copy as Text")
        self.print = QPushButton("Print…")
        self.change = QPushButton("Change…")
        self._build()
        self.search.textChanged.connect(self.refresh)
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.text()))
        self.print.clicked.connect(self._ask_printer)
        self.change.clicked.connect(self.change_asked)
        actions.bindings.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Shows the keys of the moment."""
        groups = sheet_groups(self._actions, self.search.text())
        colour = self.palette().color(QPalette.ColorRole.Midlight).name()
        html = as_html(groups, columns=self._columns or 1, key_colour=colour)
        self.page.setHtml(html if groups else "Nothing found. Seek another word.")
        self.profile.setText(f"Profile: {self._actions.bindings.profile}")

    def text(self) -> str:
        """What is shown, as plain text."""
        return as_text(sheet_groups(self._actions, self.search.text()))

    def print_on(self, printer: QPrinter) -> None:
        """Prints what is shown, dark on white."""
        document = QTextDocument()
        groups = sheet_groups(self._actions, self.search.text())
        document.setHtml(as_html(groups, columns=_PRINTED_COLUMNS, key_colour=_PRINTED_KEY))
        document.print_(printer)

    # ------------------------------------------------------------------ inside

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        columns = max(1, self.width() // _COLUMN)  # the page has its new width later
        if columns != self._columns:
            self._columns = columns
            self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._columns:
            self.refresh()

    def _build(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.profile)
        bottom = QHBoxLayout()
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        for button in (self.change, self.copy, self.print, close):
            button.setAutoDefault(False)
        bottom.addWidget(self.change)
        bottom.addStretch(1)
        for button in (self.copy, self.print, close):
            bottom.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.page, 1)
        layout.addLayout(bottom)

    def _ask_printer(self) -> None:
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setPageOrientation(QPageLayout.Orientation.Portrait)
        dialog = QPrintDialog(printer, self)
        if dialog.exec() == QDialog.DialogCode.Accepted:  # the system's, which is modal everywhere
            self.print_on(printer)
        dialog.deleteLater()
