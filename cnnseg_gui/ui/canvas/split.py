"""Compare: the mask left of a handle, the proposal right of it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

_WIDTH = 18
_STEP = 0.02
_DARK, _LIGHT = QColor(0, 0, 0, 170), QColor("white")


class SplitHandle(QWidget):
    """Lies over the canvas; dragged, or moved by the arrow keys."""

    moved = Signal()

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.place = 0.5
        """Where it is: 0 is the canvas's left edge, 1 its right edge."""
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName("Mask on the left, proposal on the right")
        self.setToolTip(self.accessibleName())
        self.hide()

    def fit(self) -> None:
        """To its place on the canvas as large as that is now."""
        canvas = self._canvas
        middle = round(self.place * canvas.width())
        self.setGeometry(middle - _WIDTH // 2, 0, _WIDTH, canvas.height())

    def move_to(self, place: float) -> None:
        self.place = min(max(place, 0.0), 1.0)
        self.fit()
        self.moved.emit()

    def step(self, ways: int) -> None:
        """To the right, or with a negative number to the left."""
        self.move_to(self.place + ways * _STEP)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = self.mapTo(self._canvas, event.position()).x()
        self.move_to(x / max(self._canvas.width(), 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if ways is None:
            super().keyPressEvent(event)
        else:
            self.step(ways)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x, middle = self.width() / 2, self.height() / 2
        for colour, width in ((_DARK, 3.0), (_LIGHT, 1.2)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setPen(QPen(_DARK, 1))
        painter.setBrush(_LIGHT)
        painter.drawRoundedRect(QRectF(x - 6, middle - 16, 12, 32), 5, 5)
        painter.end()
