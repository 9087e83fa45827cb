"""The lines between pixels, where these are large enough to be counted."""

from __future__ import annotations

from PySide6.QtCore import QLineF
from PySide6.QtGui import QColor, QPainter, QPen

from cnnseg_gui.core.rect import Rect
from cnnseg_gui.ui.canvas.transform import ViewTransform

GRID_FROM = 8.0
"""Screen pixels per image pixel from which on the grid is drawn."""

_LINES = QColor(0, 0, 0, 70), QColor(255, 255, 255, 60)


def draw_grid(painter: QPainter, view: ViewTransform, visible: Rect) -> None:
    """A dark line and a light one beside it: to be seen on any picture, and quiet on all.

    Args:
        visible: image pixels, clipped to the image.
    """
    if visible.empty:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    ys = view.view_edges(visible.top, 1, visible.height + 1, vertical=True)
    xs = view.view_edges(visible.left, 1, visible.width + 1, vertical=False)
    for aside, colour in enumerate(_LINES):
        painter.setPen(QPen(colour, 1))
        lines = [QLineF(x + aside, ys[0], x + aside, ys[-1]) for x in xs]
        lines += [QLineF(xs[0], y + aside, xs[-1], y + aside) for y in ys]
        painter.drawLines(lines)
