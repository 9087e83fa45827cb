"""Objects as points over two quantities, or as a histogram of one, drawn with pyqtgraph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cnnseg_gui.ui.panels.plot_colours import colour_plot

Floats = npt.NDArray[np.floating[Any]]

_BINS = 40  # at most
_POINT = 8.0


class ObjectPlot(QWidget):
    """A click chooses an object: the point that is clicked, or the nearest one in a bar."""

    chosen = Signal(int)
    """The object's place in what was shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._x: Floats = np.zeros(0)
        self._y: Floats | None = None
        self._colours: list[QColor] = []
        self._order: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._show_again: Callable[[], None] = lambda: None
        self.plot = pyqtgraph.PlotWidget()
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setMinimumSize(220, 130)
        self.plot.setAccessibleName("Objects: click one to go there")
        for side in ("left", "bottom"):
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self._bars = pyqtgraph.BarGraphItem(x=[], height=[], width=1)
        self.points = pyqtgraph.ScatterPlotItem(size=_POINT, hoverable=True)
        self._mark = pyqtgraph.ScatterPlotItem(size=_POINT + 6, brush=None)
        self._line = pyqtgraph.InfiniteLine()
        for item in (self._bars, self.points, self._mark, self._line):
            self.plot.addItem(item)
        self.points.sigClicked.connect(self._on_point)
        self.plot.scene().sigMouseClicked.connect(self._on_click)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self._colour()
        self.mark(None)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def show_points(
        self, x: Floats, y: Floats, colours: list[QColor], names: tuple[str, str]
    ) -> None:
        """A point for each object, float64[n] each, in the colour of its class."""
        self._show_again = lambda: self.show_points(x, y, colours, names)
        self._x, self._y, self._colours = x, y, colours
        self._order = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        self._bars.setVisible(False)
        self.points.setVisible(True)
        self.points.setData(
            x=x[self._order],
            y=y[self._order],
            data=self._order,
            pen=pyqtgraph.mkPen(self._base),
            brush=[pyqtgraph.mkBrush(colours[k]) for k in self._order.tolist()],
        )
        self._name(*names)

    def show_histogram(self, x: Floats, name: str) -> None:
        """How many objects have which value, float64[n]."""
        self._show_again = lambda: self.show_histogram(x, name)
        self._x, self._y = x, None
        self._order = np.flatnonzero(np.isfinite(x))
        values = x[self._order]
        edges = bins(values) if len(values) else np.zeros(1)
        counts = np.histogram(values, edges)[0] if len(values) else np.zeros(0, np.int64)
        self.points.setVisible(False)
        self._bars.setVisible(True)
        self._bars.setOpts(
            x0=edges[:-1],
            x1=edges[1:],
            y0=0,
            height=counts,
            x=None,
            width=None,
            brush=self._accent.darker(115),
            pen=pyqtgraph.mkPen(self._base),
        )
        self._name(name, "Objects")

    def mark(self, index: int | None) -> None:
        """Shows which object is chosen; None: none is."""
        known = index is not None and index in self._order
        self._mark.setVisible(known and self._y is not None)
        self._line.setVisible(known and self._y is None)
        if known and index is not None:
            if self._y is not None:
                self._mark.setData(x=[self._x[index]], y=[self._y[index]])
            else:
                self._line.setValue(float(self._x[index]))

    # ------------------------------------------------------------------ inside

    def _colour(self) -> None:
        """As the theme is now."""
        role, palette = QPalette.ColorRole, self.palette()
        self._text, self._accent, self._base = (
            palette.color(which) for which in (role.PlaceholderText, role.Accent, role.Base)
        )
        colour_plot(self.plot, palette)
        self._mark.setPen(pyqtgraph.mkPen(self._accent, width=2.5))
        self._line.setPen(pyqtgraph.mkPen(self._accent, width=2))
        self._show_again()

    def _name(self, bottom: str, left: str) -> None:
        for side, name in (("bottom", bottom), ("left", left)):
            self.plot.setLabel(side, name, color=self._text.name())
        self.plot.enableAutoRange()

    def _on_point(self, _item: object, spots: object, _event: object = None) -> None:
        found = list(spots)  # type: ignore[call-overload]
        if found:
            self.chosen.emit(int(found[0].data()))

    def _on_click(self, event: pyqtgraph.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if self._y is not None or not len(self._order) or not left:
            return
        at = self.plot.plotItem.vb.mapSceneToView(event.scenePos())
        nearest = np.abs(self._x[self._order] - at.x()).argmin()
        self.chosen.emit(int(self._order[nearest]))


def bins(values: Floats) -> Floats:
    """The edges of the bars, float64[k + 1]: Freedman and Diaconis' rule, 40 bars at most."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    edges: Floats = np.histogram_bin_edges(values, bins="fd")
    return edges if len(edges) <= _BINS + 1 else np.linspace(low, high, _BINS + 1)
