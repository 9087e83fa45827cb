"""How often each value occurs, and which of them are black and white."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from cnnseg_gui.core.windowing import Window

_BINS = 128


class Histogram(QWidget):
    """Dragging near a line moves it: the left one is black, the right one white."""

    window_moved = Signal(float, float)
    """The values that are black and white."""
    window_released = Signal()
    """The last of a drag's `window_moved` was emitted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heights = np.zeros(_BINS)
        self._range: Window = (0.0, 1.0)
        self._window: Window = (0.0, 1.0)
        self._dragged: int | None = None
        self.setMinimumHeight(64)
        self.setAccessibleName("Histogram with the values that are black and white")
        self.setCursor(Qt.CursorShape.SplitHCursor)

    def sizeHint(self) -> QSize:
        return QSize(220, 72)

    def show_values(self, sample: npt.NDArray[np.float64], window: Window) -> None:
        """Of finite values; the range that is drawn holds the window."""
        low, high = min(float(sample.min()), window[0]), max(float(sample.max()), window[1])
        self._range = low, high if high > low else low + 1
        self._heights = np.zeros(_BINS)
        # Numbers whose range has no 128 steps, or is no number, are shown without bars.
        with suppress(ValueError), np.errstate(over="ignore", invalid="ignore"):
            counts, _ = np.histogram(sample, _BINS, self._range)
            self._heights = np.log1p(counts) / max(np.log1p(counts).max(), 1e-9)
        self.show_window(window)

    def show_window(self, window: Window) -> None:
        self._window = window
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        ends = [self._x(value) for value in self._window]
        x = event.position().x()
        self._dragged = 0 if abs(x - ends[0]) <= abs(x - ends[1]) else 1
        self._drag(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._drag(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._dragged = None
            self.window_released.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        role = QPalette.ColorRole
        area = QRectF(self.rect()).adjusted(0, 0, -1, -1)
        painter.setPen(self.palette().color(role.Mid))
        painter.setBrush(self.palette().color(role.Base))
        painter.drawRoundedRect(area, 4, 4)
        bars = QColor(self.palette().color(role.Text))
        bars.setAlphaF(0.45)
        width = area.width() / _BINS
        for place, height in enumerate(self._heights):
            tall = height * (area.height() - 6)
            left = area.left() + place * width
            painter.fillRect(QRectF(left, area.bottom() - tall, width, tall), bars)
        painter.setPen(QPen(self.palette().color(role.Highlight), 2))
        for value in self._window:
            x = self._x(value)
            painter.drawLine(QPointF(x, area.top() + 1), QPointF(x, area.bottom() - 1))
        painter.end()

    def _x(self, value: float) -> float:
        low, high = self._range
        return (value - low) / (high - low) * (self.width() - 1)

    def _drag(self, x: float) -> None:
        low, high = self._range
        value = low + min(max(x / max(self.width() - 1, 1), 0.0), 1.0) * (high - low)
        least = (high - low) / 1000
        first, last = self._window
        if self._dragged == 0:
            first = min(value, last - least)
        else:
            last = max(value, first + least)
        self.show_window((first, last))
        self.window_moved.emit(first, last)
