"""The Measurements panel: the objects of the shown image as a table and a plot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QColor, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.formats.object_table import MeasuredImage
from cnnseg_gui.ui.panels.object_model import ObjectModel, quantities

if TYPE_CHECKING:
    from cnnseg_gui.ui.panels.object_plot import ObjectPlot

_HISTOGRAM = "how many"
_EMPTY = "Objects of all classes but the background are measured: paint one, or accept a proposal."


class MeasurementsPanel(QWidget):
    """A row or a point that is clicked is the chosen object."""

    seen = Signal(bool)
    """Whether it is seen."""
    chosen = Signal(int)
    """The object's place in `MeasuredImage.objects`."""
    save_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: MeasuredImage | None = None
        self._classes: Mapping[int, PixelClass] = {}
        self._plot: ObjectPlot | None = None
        self.across, self.up = QComboBox(), QComboBox()
        self.across.setAccessibleName("Quantity across")
        self.up.setAccessibleName("Quantity upwards")
        self.save = QPushButton("Save Table…")
        self.said = QLabel(_EMPTY)
        self.said.setWordWrap(True)
        self.said.setObjectName("quiet")
        self.model = ObjectModel(self)
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSourceModel(self.model)
        self.sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self.table = QTableView()
        self.table.setModel(self.sorted)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setAccessibleName("Objects")
        self.table.setTabKeyNavigation(False)  # Tab leaves it, the arrows move in it
        self.table.verticalHeader().hide()
        self.table.setMinimumHeight(110)
        self._lay_out()
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self.across.activated.connect(self._draw)
        self.up.activated.connect(self._draw)
        self.save.clicked.connect(self.save_asked)
        self.show_image(None, {})

    def showEvent(self, event: QShowEvent) -> None:
        self.seen.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        self.seen.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Plot and table lie beside each other where there is more width than height."""
        wide = self.width() > 1.5 * self.height()
        way = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self._splitter.orientation() != way:
            self._splitter.setOrientation(way)

    def show_image(self, image: MeasuredImage | None, classes: Mapping[int, PixelClass]) -> None:
        """Shows the objects of an image; which quantities are drawn stays."""
        self._image, self._classes = image, classes
        self.model.show_image(image, classes)
        count = self.model.rowCount()
        self.table.resizeColumnsToContents()
        noun = "object" if count == 1 else "objects"
        self.said.setText(f"{count:,} {noun} in {image.name}" if image and count else _EMPTY)
        self.save.setEnabled(count > 0)
        self._offer(list(quantities(image)) if image is not None else [])
        for part in (self.across, self.up, self.table):
            part.setEnabled(count > 0)
        self._draw()

    def show_busy(self) -> None:
        """What is shown is about to be replaced."""
        self.said.setText("Measuring…")

    def choose(self, place: int) -> None:
        """Selects an object, as a click on its row would."""
        index = self.sorted.mapFromSource(self.model.index(place, 0))
        self.table.setCurrentIndex(index)
        self.table.scrollTo(index)

    @property
    def plot(self) -> ObjectPlot:
        """Made when first needed: pyqtgraph takes longer to import than the window to open."""
        if self._plot is None:
            from cnnseg_gui.ui.panels.object_plot import ObjectPlot

            self._plot = ObjectPlot()
            self._plot.chosen.connect(self.choose)
            self._splitter.insertWidget(0, self._plot)
            self._splitter.setSizes([1000, 1000])  # as much for the one as for the other
        return self._plot

    # ------------------------------------------------------------------ inside

    def _on_row(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            place = self.sorted.mapToSource(current).row()
            self.plot.mark(place)
            self.chosen.emit(place)

    def _offer(self, names: list[str]) -> None:
        for box, first, wanted in ((self.across, [], 0), (self.up, [_HISTOGRAM], 0)):
            before = box.currentText()
            box.clear()
            box.addItems([*first, *names])
            box.setCurrentIndex(max(wanted, box.findText(before)))

    def _draw(self) -> None:
        image = self._image
        if image is None or not self.model.rowCount():
            if self._plot is not None:
                self._plot.hide()
            return
        found = quantities(image)
        across = self.across.currentText()
        up = self.up.currentText()
        if up == _HISTOGRAM:
            self.plot.show_histogram(found[across], across)
        else:
            colours = {index: QColor(*cls.colour) for index, cls in self._classes.items()}
            each = [
                colours.get(index, QColor("grey")) for index in image.objects.class_index.tolist()
            ]
            self.plot.show_points(found[across], found[up], each, (across, up))
        current = self.table.currentIndex()
        self.plot.mark(self.sorted.mapToSource(current).row() if current.isValid() else None)
        self.plot.show()

    def _lay_out(self) -> None:
        axes = QHBoxLayout()
        axes.addWidget(self.up, 1)
        axes.addWidget(QLabel("over"))
        axes.addWidget(self.across, 1)
        last = QHBoxLayout()
        last.addWidget(self.said, 1)
        last.addWidget(self.save)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 10)
        layout.addLayout(axes)
        layout.addWidget(self._splitter, 1)
        layout.addLayout(last)
