"""Corrected share and seconds of every image, over the images done, drawn with pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph
from PySide6.QtCore import QEvent
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cnnseg_gui.core.effort import ImageEffort
from cnnseg_gui.ui.panels.plot_colours import colour_plot

_ROUND = 5  # images that a point of the smooth line is the median of
_MOST = 2000  # points drawn
_SHARE, _SECONDS = "Changed by hand, % of what was decided", "Seconds"


class EffortCurve(QWidget):
    """A point for each image, and a line through the medians of those around it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._plots = {title: self._plot(title, layout) for title in (_SHARE, _SECONDS)}
        self._plots[_SHARE].setYRange(0, 100, padding=0.05)
        self._lines = [self._line(plot) for plot in self._plots.values()]
        self._colour()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def show_effort(self, efforts: Sequence[ImageEffort]) -> None:
        """In the order in which the images were begun."""
        order = np.arange(1, len(efforts) + 1)[-_MOST:]
        for values, (points, line) in zip(
            (
                np.array([100 * effort.corrected for effort in efforts])[-_MOST:],
                np.array([effort.seconds for effort in efforts])[-_MOST:],
            ),
            self._lines,
            strict=True,
        ):
            points.setData(order, values)
            line.setData(order, smoothed(values))

    def _line(
        self, plot: pyqtgraph.PlotWidget
    ) -> tuple[pyqtgraph.PlotDataItem, pyqtgraph.PlotDataItem]:
        points = plot.plot(pen=None, symbol="o", symbolSize=5, symbolPen=None)
        return points, plot.plot()

    def _colour(self) -> None:
        """As the theme is now."""
        palette, role = self.palette(), QPalette.ColorRole
        for title, plot in self._plots.items():
            colour_plot(plot, palette, title)
        for points, line in self._lines:
            points.setSymbolBrush(palette.color(role.PlaceholderText))
            line.setPen(pyqtgraph.mkPen(palette.color(role.Accent), width=2))

    def _plot(self, title: str, layout: QVBoxLayout) -> pyqtgraph.PlotWidget:
        plot = pyqtgraph.PlotWidget()
        plot.setMouseEnabled(x=False, y=False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMinimumHeight(96)
        plot.setAccessibleName(f"{title}, over the images in the order they were begun")
        plot.getAxis("left").setWidth(34)
        layout.addWidget(plot)
        return plot


def smoothed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The median of each value and those around it, float64[n]."""
    half = _ROUND // 2
    return np.array(
        [np.median(values[max(0, k - half) : k + half + 1]) for k in range(len(values))]
    )
