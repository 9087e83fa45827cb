"""Loss and held-out IoU while the network learns, drawn with pyqtgraph."""

from __future__ import annotations

import math

import pyqtgraph
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget


class Curves(QWidget):
    """Two plots over seconds of training."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seconds: list[float] = []
        self._losses: list[float] = []
        self._iou_seconds: list[float] = []
        self._ious: list[float] = []
        text = self.palette().color(QPalette.ColorRole.PlaceholderText)
        accent = self.palette().color(QPalette.ColorRole.Accent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._loss = self._plot("Loss", layout)
        self._iou = self._plot("Held-out IoU", layout)
        self._iou.setYRange(0, 1, padding=0.05)
        self._loss_line = self._loss.plot(pen=pyqtgraph.mkPen(text, width=1.5))
        self._iou_line = self._iou.plot(
            pen=pyqtgraph.mkPen(accent, width=2), symbol="o", symbolSize=6, symbolBrush=accent
        )

    def clear(self) -> None:
        for values in (self._seconds, self._losses, self._iou_seconds, self._ious):
            values.clear()
        self._draw()

    def add(self, seconds: float, loss: float, iou: float | None) -> None:
        """A point of either curve: seconds of training, loss, IoU 0…1 where just measured."""
        if not math.isnan(loss):  # as it is before the first step
            self._seconds.append(seconds)
            self._losses.append(loss)
        if iou is not None:
            self._iou_seconds.append(seconds)
            self._ious.append(iou)
        self._draw()

    def _draw(self) -> None:
        self._loss_line.setData(self._seconds, self._losses)
        self._iou_line.setData(self._iou_seconds, self._ious)

    def _plot(self, title: str, layout: QVBoxLayout) -> pyqtgraph.PlotWidget:
        text = self.palette().color(QPalette.ColorRole.PlaceholderText)
        plot = pyqtgraph.PlotWidget(background=self.palette().color(QPalette.ColorRole.Base))
        plot.setTitle(title, color=text.name(), size="9pt")
        plot.setMouseEnabled(x=False, y=False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMinimumHeight(96)
        plot.setAccessibleName(title)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
        plot.getAxis("left").setWidth(34)
        layout.addWidget(plot)
        return plot
