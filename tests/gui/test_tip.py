"""The brush's outline says what a dab will do, to the pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.polygon import polygon
from cnnseg_gui.core.raster import stroke_segment
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.tip import tip_corners

_SIDE = 160
places = st.floats(60, 100)


@given(places, places, st.floats(1, 100), st.booleans())
@example(80.5, 80.5, 1.0, False)
@example(80.0, 80.0, 40.0, False)
@example(80.25, 79.75, 2.5, True)
def test_the_outline_holds_the_pixels_of_the_dab_and_no_others(
    y: float, x: float, diameter: float, square: bool
) -> None:
    mask = Mask(_SIDE, _SIDE)
    builder = PatchBuilder(mask)
    for top, left, covered in stroke_segment(y, x, y, x, radius=diameter / 2, square=square):
        builder.paint(top, left, covered, 1)
    inside = np.zeros((_SIDE, _SIDE), bool)
    corners = [
        (float(row), float(column))
        for row, column in tip_corners(ImagePoint(y, x), diameter, square=square)
    ]
    for top, left, covered in polygon(corners, (_SIDE, _SIDE)):
        inside[top : top + covered.shape[0], left : left + covered.shape[1]] |= covered
    assert np.array_equal(inside, mask.to_array() == 1)
