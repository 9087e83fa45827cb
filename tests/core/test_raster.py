"""Strokes cover exactly the pixels whose centres lie under the brush."""

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.raster import Coverage, capsule, square_sweep, stroke_segment

_SIZE = 120
places = st.floats(0, _SIZE - 0.01)
radii = st.floats(0.5, 25)


def painted(parts: Iterable[Coverage], size: int = _SIZE) -> np.ndarray:
    mask = Mask(size, size)
    builder = PatchBuilder(mask)
    for top, left, covered in parts:
        builder.paint(top, left, covered, 1)
    return mask.to_array() == 1


def distance_to_segment(y: float, x: float, y0: float, x0: float, y1: float, x1: float) -> float:
    dy, dx = y1 - y0, x1 - x0
    length = dy * dy + dx * dx
    t = 0.0 if length == 0 else min(1.0, max(0.0, ((y - y0) * dy + (x - x0) * dx) / length))
    return math.hypot(y - y0 - t * dy, x - x0 - t * dx)


@given(places, places, places, places, radii, st.integers(0, _SIZE - 1), st.integers(0, _SIZE - 1))
def test_a_pixel_is_covered_when_its_centre_is_within_the_radius(
    y0: float, x0: float, y1: float, x1: float, radius: float, row: int, column: int
) -> None:
    covered = painted([capsule(y0, x0, y1, x1, radius=radius)])
    distance = distance_to_segment(row + 0.5, column + 0.5, y0, x0, y1, x1)
    ends = {(math.floor(y0), math.floor(x0)), (math.floor(y1), math.floor(x1))}
    if abs(distance - radius) > 1e-6:
        assert covered[row, column] == (distance < radius or (row, column) in ends)


@given(places, places, places, places, radii)
def test_a_long_move_in_pieces_covers_the_same_pixels(
    y0: float, x0: float, y1: float, x1: float, radius: float
) -> None:
    whole = painted([capsule(y0, x0, y1, x1, radius=radius)])
    pieces = painted(stroke_segment(y0, x0, y1, x1, radius=radius))
    rows, columns = np.nonzero(whole != pieces)
    for row, column in zip(rows, columns, strict=True):  # rounding
        far = distance_to_segment(row + 0.5, column + 0.5, y0, x0, y1, x1)
        assert far == pytest.approx(radius, abs=1e-6)


@pytest.mark.parametrize("square", [False, True])
def test_a_thin_brush_marks_its_ends_and_no_pixel_where_a_long_move_is_cut(square: bool) -> None:
    sweep = square_sweep if square else capsule
    for y1 in (66.0, 110.3):
        whole = painted([sweep(0.0, 2.0, y1, 0.0, radius=0.5)])
        assert np.array_equal(
            painted(stroke_segment(0, 2, y1, 0, radius=0.5, square=square)), whole
        )


def test_a_one_pixel_brush_marks_the_pixel_under_the_cursor_without_gaps() -> None:
    covered = painted(stroke_segment(3.99, 3.01, 100.2, 57.7, radius=0.5))
    rows, columns = np.nonzero(covered)
    assert covered[3, 3]
    assert covered[100, 57]
    assert set(rows) == set(range(3, 101))
    steps = [columns[rows == row] for row in range(3, 101)]
    for above, below in pairwise(steps):
        assert abs(above[:, None] - below[None, :]).min() <= 1


def test_a_stroke_across_a_huge_image_stays_small_in_memory() -> None:
    largest = max(covered.size for _, _, covered in stroke_segment(0, 0, 30_000, 30_000, radius=20))
    assert largest < 300 * 300


@given(places, places, places, places, radii, st.integers(0, _SIZE - 1), st.integers(0, _SIZE - 1))
def test_a_square_tip_covers_what_it_passes_over(
    y0: float, x0: float, y1: float, x1: float, radius: float, row: int, column: int
) -> None:
    covered = painted([square_sweep(y0, x0, y1, x1, radius=radius)])
    along = np.linspace(0, 1, 2001)
    far = np.maximum(
        np.abs(row + 0.5 - y0 - along * (y1 - y0)), np.abs(column + 0.5 - x0 - along * (x1 - x0))
    )
    step = max(abs(y1 - y0), abs(x1 - x0)) / 2000
    ends = {(math.floor(y0), math.floor(x0)), (math.floor(y1), math.floor(x1))}
    if far.min() <= radius or (row, column) in ends:
        assert covered[row, column]
    elif far.min() > radius + step + 1e-9:
        assert not covered[row, column]


@given(places, places, places, places, radii, radii)
def test_a_pen_pressed_harder_covers_no_less_than_its_ends(
    y0: float, x0: float, y1: float, x1: float, first: float, last: float
) -> None:
    swept = painted(stroke_segment(y0, x0, y1, x1, radius=last, start_radius=first))
    assert swept[painted([capsule(y1, x1, y1, x1, radius=last)])].all()
    assert not (swept & ~painted([capsule(y0, x0, y1, x1, radius=max(first, last))])).any()
