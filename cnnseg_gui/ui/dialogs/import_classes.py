"""Which class of the project each class of a data set becomes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.formats.import_classes import ImportedClass, plan_classes

_ROWS = 6  # shown at once
_SWATCH = 12


class ClassMatching(QWidget):
    """A row per class of the data set, with the project's classes to choose from."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, _Choice] = {}
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName("Classes of the data set")
        self.table.setTabKeyNavigation(False)  # Tab leaves it, the arrows move in it
        self.table.setHorizontalHeaderLabels(["In the data set", "Here"])
        self.table.verticalHeader().hide()
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit()

    def show_classes(self, source: Sequence[PixelClass], project: ClassList) -> None:
        """Matches them by name at first; what was chosen before for a name stays chosen.

        Args:
            source: the data set's.
        """
        chosen = self.mapping()
        try:
            planned = plan_classes(source, project, {}).classes
        except UserError:  # too many to be added: each can be chosen by hand
            planned = tuple(ImportedClass(cls, None) for cls in source)
        self._rows = {}
        self.table.setRowCount(0)
        for one in planned:
            name = one.source.name.strip()
            if name not in self._rows:
                self._add(name, one, project, chosen.get(name))
        self._fit()

    def mapping(self) -> dict[str, str]:
        """The data set's names to the project's, as `plan_classes` takes them: of what was chosen
        otherwise than by name; an empty one leaves undecided.
        """
        return {
            name: choice.wanted
            for name, choice in self._rows.items()
            if choice.wanted != choice.by_name
        }

    def choice(self, name: str) -> QComboBox:
        """What the class of that name becomes."""
        return self._rows[name]

    # ------------------------------------------------------------------ inside

    def _add(self, name: str, one: ImportedClass, project: ClassList, chosen: str | None) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        item = QTableWidgetItem(_swatch(one.source.colour), name or f"class {one.source.index}")
        item.setToolTip(item.text())
        self.table.setItem(row, 0, item)
        choice = _Choice(one, project)
        choice.setAccessibleName(f"{item.text()} becomes")
        place = -1 if chosen is None else choice.findData(chosen)
        if place >= 0:
            choice.setCurrentIndex(place)
        choice.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.table.setCellWidget(row, 1, choice)
        self.table.setRowHeight(row, choice.sizeHint().height() + 4)
        self._rows[name] = choice

    def _fit(self) -> None:
        rows = min(self.table.rowCount(), _ROWS)
        height = sum(self.table.rowHeight(row) for row in range(rows))
        self.table.setFixedHeight(height + self.table.horizontalHeader().sizeHint().height() + 4)
        self.setVisible(rows > 0)


class _Choice(QComboBox):
    """The project's classes, a new one where none has the name, and undecided."""

    def __init__(self, one: ImportedClass, project: ClassList) -> None:
        super().__init__()
        self.by_name = one.target.name if one.target is not None else ""
        for cls in project.live:
            self.addItem(_swatch(cls.colour), cls.name, cls.name)
        if one.target is not None and self.findData(self.by_name) < 0:
            self.addItem(_swatch(one.target.colour), f"{self.by_name} (new)", self.by_name)
        self.addItem("undecided", "")
        self.setCurrentIndex(self.findData(self.by_name))

    @property
    def wanted(self) -> str:
        return str(self.currentData())


def _swatch(colour: tuple[int, int, int]) -> QPixmap:
    pixmap = QPixmap(_SWATCH, _SWATCH)
    pixmap.fill(QColor(*colour))
    return pixmap
