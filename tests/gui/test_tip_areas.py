"""What the canvas paints again for the brush's outline: all of it, and of a large one little."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.tip import Tip, areas_of_move, draw_tip
from cnnseg_gui.ui.canvas.transform import ViewTransform

_SIDE = 400
places = st.floats(0, 60)


def drawn(tip: Tip, view: ViewTransform) -> np.ndarray:
    """bool[h, w]: the view's pixels that the tip is drawn on."""
    image = QImage(_SIDE, _SIDE, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    draw_tip(painter, tip, view)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(_SIDE, _SIDE)
    return pixels != 0


def covered(areas: list[QRectF]) -> np.ndarray:
    inside = np.zeros((_SIDE, _SIDE), bool)
    for area in areas:
        rect = area.toAlignedRect()
        rows = slice(max(0, rect.top()), max(0, rect.bottom() + 1))
        inside[rows, max(0, rect.left()) : max(0, rect.right() + 1)] = True
    return inside


@given(places, places, places, places, st.floats(1, 90), st.floats(0.1, 10), st.booleans())
@example(20.0, 20.0, 21.0, 21.0, 40.0, 5.0, False)
@example(20.0, 20.0, 59.0, 3.0, 40.0, 5.0, True)
@example(20.0, 20.0, 20.0, 20.0, 2.0, 90.0, False)
def test_a_moved_tip_is_taken_away_and_drawn_whole(
    y0: float, x0: float, y1: float, x1: float, diameter: float, scale: float, square: bool
) -> None:
    view = ViewTransform(scale, 0, 0)
    before, after = (
        Tip(ImagePoint(y, x), diameter, square, QColor("white")) for y, x in ((y0, x0), (y1, x1))
    )
    areas = covered(areas_of_move(before, after, view))
    assert not (drawn(before, view) & ~areas).any()
    assert not (drawn(after, view) & ~areas).any()


def test_of_a_large_tip_the_inside_is_left_alone() -> None:
    view = ViewTransform(5.0, 0, 0)
    before, after = (Tip(ImagePoint(40.0, x), 72.0, False, QColor("white")) for x in (40.0, 40.5))
    assert covered(areas_of_move(before, after, view)).mean() < 0.6


def test_no_tip_before_or_after() -> None:
    view = ViewTransform(1.0, 0, 0)
    tip = Tip(ImagePoint(40.0, 40.0), 20.0, False, QColor("white"))
    assert areas_of_move(None, None, view) == []
    assert areas_of_move(tip, None, view) == areas_of_move(None, tip, view) == tip.areas(view)
