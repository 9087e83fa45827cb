"""Asks what a new project should be called and which classes it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.errors import UserError

_STAY = (
    "Images stay where they are; masks, models and the history of your work go into the project "
    "folder."
)


class NewProjectDialog(QDialog):
    """Folder and class names; Create stays disabled with the reason until they are usable."""

    confirmed = Signal(object, object)
    """Path of the folder, list of class names."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New Project")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._folder = QLineEdit(str(folder))
        self.classes = QLineEdit("background, object")
        self._reason = QLabel()
        self._reason.setObjectName("quiet")
        self._reason.setWordWrap(True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.create_button = self._buttons.addButton(
            "Create", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.create_button.setObjectName("primary")
        self.intro = QLabel("The images are being counted. " + _STAY)
        self.intro.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Project folder", self._folder)
        form.addRow("Classes", self.classes)
        layout = QVBoxLayout(self)
        layout.addWidget(self.intro)
        layout.addLayout(form)
        layout.addWidget(self._reason)
        layout.addWidget(self._buttons)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        for line in (self._folder, self.classes):
            line.textChanged.connect(self._check)
        self._check()

    def show_count(self, images: int) -> None:
        """Says how many images there are."""
        self.intro.setText(f"{images:,} image{'' if images == 1 else 's'} found. {_STAY}")

    def show_data_set(self, classes: Sequence[str]) -> None:
        """Its images come in with its labels, once the project is there.

        Args:
            classes: what they are called in the data set.
        """
        self.intro.setText(f"A labelled data set was found; it is imported next. {_STAY}")
        names = [name.replace(",", " ").strip() for name in classes]
        self.classes.setText(", ".join(dict.fromkeys(name for name in names if name)))

    def accept(self) -> None:
        self.confirmed.emit(Path(self._folder.text()).expanduser(), self._names())
        super().accept()

    def _names(self) -> list[str]:
        return [name.strip() for name in self.classes.text().split(",")]

    def _check(self) -> None:
        try:
            make_classes(self._names())
        except UserError as error:
            self._reason.setText(str(error))
            self.create_button.setEnabled(False)
        else:
            self._reason.setText("The first class is the background. Separate names by commas.")
            self.create_button.setEnabled(bool(self._folder.text().strip()))
