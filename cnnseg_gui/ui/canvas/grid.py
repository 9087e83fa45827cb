"""The lines between pixels, where these are large enough to be counted."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage, QPainter

from cnnseg_gui.core.rect import Rect
from cnnseg_gui.ui.canvas.transform import ViewTransform

GRID_FROM = 8.0
"""Screen pixels per image pixel from which on the grid is drawn."""

_DARK, _LIGHT = 0x46000000, 0x3C3C3C3C  # premultiplied: black and white, three quarters clear


class Grid:
    """A dark line and a light one beside it: to be seen on any picture, and quiet on all.

    Drawn as one picture: lines that are half clear take Qt ten times as long. It is kept while the
    view rests, since a dab shows only a part of it.
    """

    def __init__(self) -> None:
        self._of: tuple[ViewTransform, Rect] | None = None
        self._lines = np.empty((0, 0), np.uint32)
        self._at = 0, 0

    def draw(self, painter: QPainter, view: ViewTransform, visible: Rect) -> None:
        """Draws what the painter's clip lets through.

        Args:
            visible: all image pixels on screen, clipped to the image.
        """
        if visible.empty:
            return
        if self._of != (view, visible):
            self._make(view, visible)
        height, width = self._lines.shape
        picture = QImage(
            self._lines.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
        )
        painter.drawImage(*self._at, picture)

    def _make(self, view: ViewTransform, visible: Rect) -> None:
        ys = np.asarray(view.view_edges(visible.top, 1, visible.height + 1, vertical=True))
        xs = np.asarray(view.view_edges(visible.left, 1, visible.width + 1, vertical=False))
        top, left = int(ys[0]), int(xs[0])
        lines = np.zeros((int(ys[-1]) - top + 2, int(xs[-1]) - left + 2), np.uint32)
        for aside, colour in ((1, _LIGHT), (0, _DARK)):
            lines[ys - top + aside] = colour
            lines[:, xs - left + aside] = colour
        self._lines, self._at, self._of = lines, (left, top), (view, visible)
