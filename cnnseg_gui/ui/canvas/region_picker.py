"""Choosing a part of the image: a line drawn round it, or a click on an object."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.view import CanvasView

_CLICK = 4.0  # logical pixels: a shorter drag is a click


class RegionPicker(QWidget):
    """Lies over the canvas while something is chosen, and takes the mouse."""

    outlined = Signal(object)
    """list[ImagePoint]: a line was drawn round something."""
    clicked = Signal(object)
    """ImagePoint: something was clicked."""
    cancelled = Signal()

    def __init__(self, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._line: list[QPointF] = []
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Drag round a part of the image, or click an object")
        self.hide()

    def begin(self) -> None:
        """Waits for the person; ends in one of the signals."""
        self._line.clear()
        self.setGeometry(self._canvas.rect())
        self.show()
        self.raise_()
        self.setFocus()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._line = [event.position()]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._line:
            self._line.append(event.position())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._line:
            return
        line, self._line = self._line, []
        self.hide()
        self._canvas.setFocus()
        points = [self._canvas.image_point(position) for position in line]
        size = QPolygonF(line).boundingRect()
        if max(size.width(), size.height()) < _CLICK:
            self.clicked.emit(points[0])
        else:
            self.outlined.emit(points)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self._canvas.setFocus()
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((QColor(0, 0, 0, 150), 3.5), (QColor("white"), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawPolyline(QPolygonF(self._line))
        painter.end()


def outline_bounds(points: list[ImagePoint]) -> tuple[int, int, int, int]:
    """top, left, bottom, right of the pixels inside a line."""
    rows, columns = [p.y for p in points], [p.x for p in points]
    return int(min(rows)), int(min(columns)), int(max(rows)) + 1, int(max(columns)) + 1
