"""Asks what becomes of a folder of images while a project is open."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget


class OpenFolderDialog(QDialog):
    """Its images are added, or get a project of their own; nothing happens without an answer."""

    add_chosen = Signal()
    """They go into the open project."""
    new_chosen = Signal()
    """They get a project of their own."""

    def __init__(self, folder: Path, project: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open Folder of Images")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.cancel_button = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        role = QDialogButtonBox.ButtonRole.AcceptRole
        self.add_button = buttons.addButton(f"Add to {_plain(project.name)}", role)
        self.new_button = buttons.addButton("New Project", role)
        self.new_button.setObjectName("primary")
        self.new_button.setDefault(True)
        self.add_button.clicked.connect(self.add_chosen)
        self.new_button.clicked.connect(self.new_chosen)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(_words(f"The project {project} is open.", name="heading"))
        layout.addWidget(
            _words(
                f"The images in {folder} can be added to it, or get a project of their own. "
                "The open one is closed then, with everything saved."
            )
        )
        layout.addSpacing(8)
        layout.addWidget(buttons)


def _plain(name: str) -> str:
    """Without a letter that would be taken for the button's key."""
    return name.replace("&", "&&")


def _words(text: str, *, name: str = "") -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
