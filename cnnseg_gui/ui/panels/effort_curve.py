"""Corrected share and seconds of every image, over the images done, drawn with pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cnnseg_gui.core.effort import ImageEffort

_ROUND = 5  # images that a point of the smooth line is the median of
_MOST = 2000  # points drawn


class EffortCurve(QWidget):
    """A point for each image, and a line through the medians of those around it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        role = QPalette.ColorRole
        self._text, self._accent, self._base = (
            self.palette().color(which) for which in (role.PlaceholderText, role.Accent, role.Base)
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._share = self._plot("Changed by hand, % of what was decided", layout)
        self._seconds = self._plot("Seconds", layout)
        self._share.setYRange(0, 100, padding=0.05)
        self._lines = [self._line(plot) for plot in (self._share, self._seconds)]

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
        points = plot.plot(
            pen=None, symbol="o", symbolSize=5, symbolBrush=self._text, symbolPen=None
        )
        return points, plot.plot(pen=pyqtgraph.mkPen(self._accent, width=2))

    def _plot(self, title: str, layout: QVBoxLayout) -> pyqtgraph.PlotWidget:
        plot = pyqtgraph.PlotWidget(background=self._base)
        plot.setTitle(title, color=self._text.name(), size="9pt")
        plot.setMouseEnabled(x=False, y=False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMinimumHeight(96)
        plot.setAccessibleName(f"{title}, over the images in the order they were begun")
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(self._text)
            axis.setTextPen(self._text)
        plot.getAxis("left").setWidth(34)
        layout.addWidget(plot)
        return plot


def smoothed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The median of each value and those around it, float64[n]."""
    half = _ROUND // 2
    return np.array(
        [np.median(values[max(0, k - half) : k + half + 1]) for k in range(len(values))]
    )
