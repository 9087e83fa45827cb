"""Looks for missing images in a folder: progress, Cancel, and what was found."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QProgressBar, QVBoxLayout, QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.relink import Relinked
from cnnseg_gui.editor.relinking import Relinking

_NAMED = 8


class MissingImagesDialog(QDialog):
    """Images are told by their content; what they are called by now does not matter."""

    another_folder_asked = Signal()
    """The person wants to look somewhere else too."""

    def __init__(self, relinking: Relinking, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Missing Images")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._relinking, self._folder = relinking, folder
        self._running = True
        self._said = QLabel(f"Looking in {folder} and the folders in it…")
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._names = QLabel()
        self._names.setObjectName("quiet")
        self._names.setWordWrap(True)
        self._names.setTextFormat(Qt.TextFormat.PlainText)
        self._names.hide()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.cancel = self._buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.another = self._buttons.addButton(
            "Look in Another Folder…", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.another.hide()
        self.another.clicked.connect(self._ask_another)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self._said, self._names, self._bar, self._buttons):
            layout.addWidget(widget)
        relinking.progressed.connect(self._show_progress)
        relinking.ended.connect(self._show_end)
        relinking.failed.connect(self._show_failure)
        relinking.look_in([folder])

    @property
    def said(self) -> str:
        """What the person is told."""
        return self._said.text()

    def reject(self) -> None:
        """Cancel while it works, then Close."""
        if self._running:
            self._relinking.cancel()
        else:
            super().reject()

    def _show_progress(self, looked: int, files: int, found: int) -> None:
        if self._running and files:
            self._bar.setRange(0, files)
            self._bar.setValue(looked)
            self._said.setText(f"Looking in {self._folder}: {found:,} found again…")

    def _show_end(self, relinked: Relinked) -> None:
        found, missing = len(relinked.moved), relinked.missing
        if not found and not missing:
            words = "No image is missing."
        else:
            words = f"{_images(found)} found again" if found else "Nothing was found here"
            words += (
                f", {_images(len(missing))} still missing:" if missing else "; none is missing."
            )
        names = [str(file.path) for file in missing[:_NAMED]]
        if len(missing) > _NAMED:
            names.append(f"and {len(missing) - _NAMED:,} more")
        self._names.setText("\n".join(names))
        self._names.setVisible(bool(names))
        self.another.setVisible(bool(missing))
        self._end(words)

    def _show_failure(self, error: UserError) -> None:
        if self._running:
            self.another.show()
            self._end(str(error))

    def _end(self, words: str) -> None:
        self._running = False
        self._said.setText(words)
        self._bar.hide()
        self.cancel.setText("Close")
        self.adjustSize()

    def _ask_another(self) -> None:
        self.accept()
        self.another_folder_asked.emit()


def _images(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"
