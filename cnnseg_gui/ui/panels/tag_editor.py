"""The tags of the shown image: taken off with a click, added by typing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter, QLineEdit, QToolButton, QVBoxLayout, QWidget

from cnnseg_gui.ui.flow_layout import FlowLayout
from cnnseg_gui.ui.icons import icon


class TagEditor(QWidget):
    """One button per tag, and a field for another."""

    added = Signal(str)
    removed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips, spacing=4)
        self._buttons: list[QToolButton] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText("Add a tag")
        self.field.setAccessibleName("Add a tag to the image")
        self.field.setClearButtonEnabled(True)
        self.field.returnPressed.connect(self._add)
        self._known = QStringListModel(self)
        completer = QCompleter(self._known, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.field.setCompleter(completer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._chips)
        layout.addWidget(self.field)

    @property
    def tags(self) -> list[str]:
        """What is shown."""
        return [button.text() for button in self._buttons]

    def show_tags(self, tags: Sequence[str], known: Sequence[str]) -> None:
        """The image's tags, and all of the project's to complete what is typed."""
        if list(tags) != self.tags:
            for button in self._buttons:
                button.hide()
                button.deleteLater()
            self._flow.forget()
            self._buttons = [self._chip(tag) for tag in tags]
            self._chips.setVisible(bool(tags))
        self._known.setStringList(list(known))

    def _chip(self, tag: str) -> QToolButton:
        chip = QToolButton(self._chips)
        chip.setObjectName("chip")
        chip.setText(tag)
        chip.setIcon(icon("close"))
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setToolTip(f"Take “{tag}” off the image")
        chip.setAccessibleName(f"Take {tag} off the image")
        chip.clicked.connect(lambda: self.removed.emit(tag))
        self._flow.addWidget(chip)
        chip.show()
        return chip

    def _add(self) -> None:
        tag = self.field.text().strip()
        if tag:
            self.field.clear()
            self.added.emit(tag)
