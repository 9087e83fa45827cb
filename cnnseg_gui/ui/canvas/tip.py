"""The brush's outline: exactly the pixels that a dab would cover, from 1:1 up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.transform import ViewTransform

_LEAST = 3.0  # screen pixels across: a finer tip could not be seen
_DARK = QColor(0, 0, 0, 150)


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
    exact = view.scale >= 1
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not exact)
    outline = _on_view(tip_corners(tip.at, tip.diameter, square=tip.square), view)
    radius = max(tip.diameter * view.scale, _LEAST) / 2
    x, y = view.to_view(tip.at)
    for colour, width in ((_DARK, 3.0), (tip.colour, 1.4 if not exact else 1.0)):
        painter.setPen(QPen(colour, width))
        if exact:
            painter.drawPolygon(outline)
        elif tip.square:
            painter.drawRect(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))
        else:
            painter.drawEllipse(QPointF(x, y), radius, radius)


def tip_corners(at: ImagePoint, diameter: float, *, square: bool) -> npt.NDArray[np.float64]:
    """The outline of one dab, along the edges of its pixels.

    Returns:
        float64[n, 2]: (y, x) of its corners in image coordinates, clockwise.
    """
    radius = diameter / 2
    rows = np.arange(np.floor(at.y - radius), np.floor(at.y + radius) + 1)
    left, right = (_square if square else _round)(rows, at, radius)
    here = rows == np.floor(at.y)  # the pixel under the pointer is always covered
    left[here] = np.minimum(left[here], np.floor(at.x))
    right[here] = np.maximum(right[here], np.floor(at.x) + 1)
    rows, left, right = (values[left < right] for values in (rows, left, right))
    edges = np.stack([rows, rows + 1], axis=1).ravel()
    down = np.stack([edges, np.repeat(right, 2)], axis=1)
    up = np.stack([edges, np.repeat(left, 2)], axis=1)[::-1]
    return np.concatenate([down, up])


# ---------------------------------------------------------------------- inside

_Ends = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _square(rows: npt.NDArray[np.float64], at: ImagePoint, radius: float) -> _Ends:
    """From which to (not with) which column each row is covered, as `raster.square_sweep`."""
    columns = np.arange(np.floor(at.x - radius), np.floor(at.x + radius) + 1)
    columns = columns[np.abs(columns + 0.5 - at.x) <= radius]
    first, last = (columns[0], columns[-1] + 1) if len(columns) else (0.0, 0.0)
    inside = np.abs(rows + 0.5 - at.y) <= radius
    return np.where(inside, first, 0.0), np.where(inside, last, 0.0)


def _round(rows: npt.NDArray[np.float64], at: ImagePoint, radius: float) -> _Ends:
    """As `raster.capsule`: the square root finds each end, its own comparison decides."""
    above = (rows + 0.5 - at.y) ** 2
    half = np.sqrt(np.maximum(radius * radius - above, 0.0))
    guesses = np.arange(-1.0, 2.0)[:, None]  # one column more or less: rounding
    left = np.ceil(at.x - half - 0.5) + guesses
    right = np.floor(at.x + half - 0.5) + guesses
    left = np.where(_within(left, at, above, radius), left, np.inf).min(axis=0)
    right = np.where(_within(right, at, above, radius), right, -np.inf).max(axis=0) + 1
    return left, right


def _within(
    columns: npt.NDArray[np.float64],
    at: ImagePoint,
    above: npt.NDArray[np.float64],
    radius: float,
) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = above + (columns + 0.5 - at.x) ** 2 <= radius * radius
    return inside


def _on_view(corners: npt.NDArray[np.float64], view: ViewTransform) -> QPolygonF:
    return QPolygonF([QPointF(*view.to_view(ImagePoint(y, x))) for y, x in corners])
