"""What is left of a rectangle beside another."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.rect import Rect

side = st.integers(0, 12)
rects = st.builds(Rect, side, side, side, side)


@given(rects, rects)
def test_every_pixel_beside_the_other_comes_once(one: Rect, other: Rect) -> None:
    counts, expected = np.zeros((12, 12), int), np.zeros((12, 12), int)
    expected[one.slices] = 1
    if not other.empty:
        expected[other.slices] = 0
    for part in one.without(other):
        assert not part.empty
        counts[part.slices] += 1
    assert (counts == expected).all()
