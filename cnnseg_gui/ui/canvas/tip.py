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
_LARGE = 180.0  # screen pixels from its centre: from here on its inside is left alone
_INSCRIBED = 0.5**0.5  # half a square's side in a disc of radius 1
_NEAR = 1.5  # times their own area: two rectangles within one no larger are painted as one
_DARK = QColor(24, 24, 24)  # opaque: Qt takes ten times as long for lines that are not


@dataclass(frozen=True)
class Tip:
    """Where the brush is, how large and of which shape, in image pixels; and its colour."""

    at: ImagePoint
    diameter: float
    square: bool
    colour: QColor

    def areas(self, view: ViewTransform) -> list[QRectF]:
        """What drawing it may touch, in the view's pixels: of a large one not what is inside."""
        x, y = view.to_view(self.at)
        side = max(self.diameter / 2 + 1, 1) * view.scale + _LEAST
        whole = QRectF(x - side, y - side, 2 * side, 2 * side)
        if side < _LARGE:
            return [whole]
        inner = max(0.0, (self.diameter / 2 - 2) * view.scale - _LEAST)
        half = inner if self.square else inner * _INSCRIBED
        band = side - half
        return [
            QRectF(whole.left(), whole.top(), whole.width(), band),
            QRectF(whole.left(), y + half, whole.width(), band),
            QRectF(whole.left(), y - half, band, 2 * half),
            QRectF(x + half, y - half, band, 2 * half),
        ]


def areas_of_move(before: Tip | None, after: Tip | None, view: ViewTransform) -> list[QRectF]:
    """What taking one tip away and drawing another may touch; None is no tip.

    Sides that lie near each other are one rectangle: each of them costs a part of a frame, and so
    does what lies between two that are far apart, as after a quick move.
    """
    old, new = ([] if tip is None else tip.areas(view) for tip in (before, after))
    if len(old) != len(new):
        return old + new
    areas: list[QRectF] = []
    for one, other in zip(old, new, strict=True):
        both = one.united(other)
        near = _area(both) <= _NEAR * (_area(one) + _area(other))
        areas += [both] if near else [one, other]
    return areas


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


def _area(rect: QRectF) -> float:
    return rect.width() * rect.height()


def _on_view(corners: npt.NDArray[np.float64], view: ViewTransform) -> QPolygonF:
    """Through Qt's own format of a stream: a hundred times faster than point by point."""
    places = corners[:, ::-1] * view.scale + (view.x, view.y)
    data = len(places).to_bytes(4, "big") + places.astype(">f8").tobytes()
    polygon = QPolygonF()
    QDataStream(QByteArray(data)) >> polygon
    return polygon
