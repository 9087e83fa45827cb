"""Outlines over the canvas, as dashes that are seen on any image."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLineF, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.view import CanvasView

Edge = tuple[int, int, int, int]
"""top, left, bottom, right of a line, in pixels of the image."""

_DARK, _LIGHT = QColor(0, 0, 0, 190), QColor(255, 214, 0)


class EdgeLayer(QWidget):
    """Lies over the canvas, moves with it, and lets everything through."""

    def __init__(self, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.edges: list[Edge] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self.update)

    def show_edges(self, edges: list[Edge]) -> None:
        """Draws these instead of those before; none: the layer is out of the way."""
        self.edges = edges
        self.setGeometry(self._canvas.rect())
        self.setVisible(bool(edges))
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Yellow dashes on black."""
        painter = QPainter(self)
        area = QRectF(event.rect()).adjusted(-2, -2, 2, 2)
        lines = []
        for top, left, bottom, right in self.edges:
            line = QLineF(
                self._canvas.widget_position(ImagePoint(top, left)),
                self._canvas.widget_position(ImagePoint(bottom, right)),
            )
            if area.intersects(QRectF(line.p1(), line.p2()).normalized().adjusted(-1, -1, 1, 1)):
                lines.append(line)
        for pen in (QPen(_DARK, 3), QPen(_LIGHT, 1.5, Qt.PenStyle.DashLine)):
            painter.setPen(pen)
            painter.drawLines(lines)
