"""The brush's outline: exactly the pixels that a dab would cover, from 1:1 up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QByteArray, QDataStream, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from cnnseg_gui.core.raster import disc_spans, square_spans
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.transform import ViewTransform

_LEAST = 3.0  # screen pixels across: a finer tip could not be seen
_DARK = QColor(24, 24, 24)  # opaque: Qt takes ten times as long for lines that are not


@dataclass(frozen=True)
class Tip:
    """Where the brush is, how large and of which shape, in image pixels; and its colour."""

    at: ImagePoint
    diameter: float
    square: bool
    colour: QColor

    def area(self, view: ViewTransform) -> QRectF:
        """What drawing it may touch, in the view's pixels."""
        x, y = view.to_view(self.at)
        side = max(self.diameter / 2 + 1, 1) * view.scale + _LEAST
        return QRectF(x - side, y - side, 2 * side, 2 * side)


def draw_tip(painter: QPainter, tip: Tip, view: ViewTransform) -> None:
    """Dark under light, to be seen on any picture."""
    if view.scale >= 1:
        outline = _on_view(tip_corners(tip.at, tip.diameter, square=tip.square), view)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for colour, aside in ((_DARK, 1), (tip.colour, 0)):  # thin lines: wide ones are slow
            painter.setPen(QPen(colour, 1))
            painter.drawPolygon(outline.translated(aside, aside))
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    radius = max(tip.diameter * view.scale, _LEAST) / 2
    x, y = view.to_view(tip.at)
    for colour, width in ((_DARK, 3.0), (tip.colour, 1.4)):
        painter.setPen(QPen(colour, width))
        if tip.square:
            painter.drawRect(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))
        else:
            painter.drawEllipse(QPointF(x, y), radius, radius)


def tip_corners(at: ImagePoint, diameter: float, *, square: bool) -> npt.NDArray[np.float64]:
    """The outline of one dab, along the edges of its pixels.

    Returns:
        float64[n, 2]: (y, x) of its corners in image coordinates, clockwise.
    """
    spans = (square_spans if square else disc_spans)(at.y, at.x, radius=diameter / 2)
    some = spans.left < spans.right
    rows = (np.arange(len(some)) + spans.top)[some]
    edges = np.stack([rows, rows + 1], axis=1).ravel()
    down = np.stack([edges, np.repeat(spans.right[some], 2)], axis=1)
    up = np.stack([edges, np.repeat(spans.left[some], 2)], axis=1)[::-1]
    return np.concatenate([down, up])


def _on_view(corners: npt.NDArray[np.float64], view: ViewTransform) -> QPolygonF:
    """Through Qt's own format of a stream: a hundred times faster than point by point."""
    places = corners[:, ::-1] * view.scale + (view.x, view.y)
    data = len(places).to_bytes(4, "big") + places.astype(">f8").tobytes()
    polygon = QPolygonF()
    QDataStream(QByteArray(data)) >> polygon
    return polygon
