"""Tiles cover an image, are of one size, and are called after their rows and columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.formats.tiling import check_size, tile_count, tiles_of


@given(st.integers(1, 200), st.integers(1, 200), st.integers(16, 120))
def test_tiles_cover_every_pixel_and_are_of_one_size(height: int, width: int, size: int) -> None:
    covered = np.zeros((height, width), np.int32)
    cells = []
    for row, column, rect in tiles_of(height, width, size):
        covered[rect.slices] += 1
        cells.append((row, column))
        assert (rect.height, rect.width) == (min(size, height), min(size, width))
    assert covered.min() >= 1
    assert len(set(cells)) == len(cells) == tile_count(height, width, size)
    if height % size == 0 and width % size == 0:
        assert covered.max() == 1


def test_no_size_is_the_whole_image() -> None:
    assert [tuple(rect) for _, _, rect in tiles_of(7, 9, 0)] == [(0, 0, 7, 9)]


def test_tiles_too_small_to_be_meant_are_refused() -> None:
    check_size(0)
    check_size(16)
    with pytest.raises(UserError, match="16 pixels or more"):
        check_size(15)
