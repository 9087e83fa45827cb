"""The networks to choose from, under two headings."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from cnnseg_gui.core.architecture import NetworkName

_NAME = Qt.ItemDataRole.UserRole


class NetworkList(QListWidget):
    """Segmentation networks, then classifiers."""

    chosen_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Networks")
        self.setMinimumWidth(150)
        self.setSpacing(2)
        self.currentRowChanged.connect(lambda _row: self.chosen_changed.emit())

    @property
    def chosen(self) -> NetworkName | None:
        """The current network."""
        found = self.currentIndex().data(_NAME)
        return found if isinstance(found, NetworkName) else None

    def fill(self, names: Sequence[NetworkName]) -> None:
        """Shows these networks."""
        for heading, classifier in (("Segmentation", False), ("Classifiers", True)):
            self._add_heading(heading)
            for name in names:
                if name.classifier == classifier:
                    item = QListWidgetItem(name.name, self)
                    item.setData(_NAME, name)

    def choose(self, name: str, *, classifier: bool) -> None:
        """Makes a network the current one, where it is in the list."""
        for row in range(self.count()):
            found = self.item(row).data(_NAME)
            if not isinstance(found, NetworkName):
                continue
            if (found.name, found.classifier) == (name, classifier):
                self.setCurrentRow(row)

    def _add_heading(self, text: str) -> None:
        item = QListWidgetItem(text, self)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
