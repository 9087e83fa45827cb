"""Which class of the data set each class of the project becomes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.classes import PixelClass

_ROWS = 5  # shown at once


class ClassTable(QWidget):
    """A row per class; an equal name merges, an empty one leaves the pixels undecided."""

    changed = Signal()

    def __init__(self, classes: tuple[PixelClass, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names = [cls.name for cls in classes]
        self.table = QTableWidget(len(classes), 2)
        self.table.setAccessibleName("Classes in the data set")
        self.table.setTabKeyNavigation(False)  # Tab leaves it, the arrows move in it
        self.table.setHorizontalHeaderLabels(["Here", "In the data set"])
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.setToolTip(
            "Give two classes one name to merge them; “background” drops a class to the "
            "background, an empty name leaves its pixels undecided"
        )
        for row, cls in enumerate(classes):
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(*cls.colour))
            own = QTableWidgetItem(swatch, cls.name)
            own.setFlags(own.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self.table.setItem(row, 0, own)
            self.table.setItem(row, 1, QTableWidgetItem(cls.name))
        height = self.table.rowHeight(0) * min(len(classes), _ROWS) if classes else 0
        self.table.setFixedHeight(height + self.table.horizontalHeader().sizeHint().height() + 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.table.itemChanged.connect(lambda item: self.changed.emit())

    def pairs(self) -> tuple[str, ...]:
        """As `class_mapping.map_classes` takes them: of the classes that are called otherwise."""
        found = []
        for row, name in enumerate(self._names):
            item = self.table.item(row, 1)
            wanted = item.text().strip() if item is not None else name
            if wanted != name:
                found.append(f"{name}={wanted}")
        return tuple(found)

    def set_name(self, name: str, wanted: str) -> None:
        """As typing it into the row of the class would."""
        item = self.table.item(self._names.index(name), 1)
        if item is not None:
            item.setText(wanted)
