"""The line of a gesture under way, over the image: lasso, polygon, box, ruler."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from cnnseg_gui.editor.tools.base import Outline
from cnnseg_gui.ui.canvas.transform import ViewTransform

_DARK, _LIGHT = QColor(0, 0, 0, 160), QColor("white")
_CORNER = 3.5
_PADDING = 5.0
_BESIDE = 14.0


def draw_outline(painter: QPainter, outline: Outline, view: ViewTransform, ratio: float) -> None:
    """Dark under light; `ratio` is the screen's pixels per logical pixel."""
    points = QPolygonF([QPointF(*view.to_view(point)) for point in outline.points])
    if points.isEmpty():
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((_DARK, 3.4), (_LIGHT, 1.4)):
        painter.setPen(QPen(colour, width * ratio))
        painter.drawPolyline(points)
    if outline.closed:
        painter.setPen(QPen(_LIGHT, ratio, Qt.PenStyle.DashLine))
        painter.drawLine(points.last(), points.first())
    if outline.corners:
        painter.setPen(QPen(_DARK, ratio))
        painter.setBrush(_LIGHT)
        for corner in points.toList():
            painter.drawEllipse(corner, _CORNER * ratio, _CORNER * ratio)
    if outline.text:
        _draw_text(painter, outline.text, points.last(), ratio)


def outline_area(outline: Outline, view: ViewTransform, ratio: float) -> QRectF:
    """What drawing it may touch, in the view's pixels."""
    if not outline.points:
        return QRectF()
    places = [view.to_view(point) for point in outline.points]
    xs, ys = [x for x, _ in places], [y for _, y in places]
    area = QRectF(QPointF(min(xs), min(ys)), QPointF(max(xs), max(ys)))
    margin = (_CORNER + 3) * ratio
    area = area.adjusted(-margin, -margin, margin, margin)
    if outline.text:
        x, y = places[-1]
        width = (9.0 * len(outline.text) + 2 * _PADDING + _BESIDE) * ratio
        area |= QRectF(x, y, width, 44 * ratio)
    return area


def _draw_text(painter: QPainter, text: str, at: QPointF, ratio: float) -> None:
    painter.save()
    painter.translate(at)
    painter.scale(ratio, ratio)
    metrics = QFontMetricsF(painter.font())
    box = metrics.boundingRect(text).adjusted(-_PADDING, -_PADDING, _PADDING, _PADDING)
    box.moveTopLeft(QPointF(_BESIDE, _BESIDE))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(_LIGHT)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
