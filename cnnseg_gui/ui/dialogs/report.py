"""Help ▸ Report a Problem: the facts as text, to be read, changed, copied or saved."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.atomic import write_atomically
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.report import Findings, report_text
from cnnseg_gui.ui.screen_size import open_at

_INTRODUCTION = (
    "<b>Nothing is sent anywhere.</b> Copy this text or save it, and put it into your report, "
    "with what you did just before. It names files and folders of yours: read it first, and "
    "change what nobody should see."
)


class ReportDialog(QDialog):
    """The report's text, which the person may change before taking it along."""

    def __init__(self, findings: Findings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Report a Problem")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_at(self, 760, 560)
        introduction = QLabel(_INTRODUCTION)
        introduction.setWordWrap(True)
        self.text = QPlainTextEdit(report_text(findings))
        self.text.setAccessibleName("Report")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._outcome = QLabel()
        self._outcome.setObjectName("quiet")
        self._outcome.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        copy = buttons.addButton("Copy", role)
        copy.setDefault(True)
        copy.clicked.connect(self.copy)
        buttons.addButton("Save…", role).clicked.connect(self._ask_where)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(introduction)
        layout.addWidget(self.text, 1)
        layout.addWidget(self._outcome)
        layout.addWidget(buttons)

    @property
    def outcome(self) -> str:
        """What became of the text: copied, saved, or why not."""
        return self._outcome.text()

    def copy(self) -> None:
        """The text as it stands, into the clipboard."""
        QApplication.clipboard().setText(self.text.toPlainText())
        self._outcome.setText("Copied.")

    def save(self, path: Path) -> None:
        """The text as it stands, into a file, UTF-8."""
        try:
            write_atomically(path, self.text.toPlainText().encode("utf-8", "backslashreplace"))
        except UserError as error:
            self._outcome.setText(str(error))
        else:
            self._outcome.setText(f"Saved as {path}.")

    def _ask_where(self) -> None:
        name = f"cnnseg-report-{time.strftime('%Y-%m-%d')}.txt"
        path, _ = QFileDialog.getSaveFileName(self, "Save the report", name, "Text (*.txt)")
        if path:
            self.save(Path(path))
