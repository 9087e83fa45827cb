"""What is connected to a pixel: the same as a slow walk finds, across tiles."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from cnnseg_gui.core.flood import alike_in_colour, colour_distance, flood
from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect

Bools = npt.NDArray[np.bool_]


def walked(alike: Bools, row: int, column: int) -> Bools:
    """Pixel by pixel."""
    out = np.zeros_like(alike)
    queue = deque([(row, column)] if alike[row, column] else [])
    while queue:
        y, x = queue.popleft()
        inside = 0 <= y < alike.shape[0] and 0 <= x < alike.shape[1]
        if not inside or out[y, x] or not alike[y, x]:
            continue
        out[y, x] = True
        queue.extend([(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)])
    return out


def flooded(
    alike: Bools, row: int, column: int, *, within: Rect | None = None, most: int | None = None
) -> Bools | None:
    within = within or Rect(0, 0, *alike.shape)

    def read(rect: Rect) -> Bools:
        assert rect == rect.intersection(within), "asked beyond what was allowed"
        return alike[rect.slices]

    found = flood(read, within, row, column, most=most)
    if found is None:
        return None
    out = np.zeros_like(alike)
    for top, left, covered in found:
        height, width = covered.shape
        assert not out[top : top + height, left : left + width].any(), "a pixel is given twice"
        out[top : top + height, left : left + width] = covered
    return out


@given(st.integers(0, 10_000), st.floats(0.45, 0.75), st.integers(1, 3))
def test_an_area_is_what_a_walk_from_the_pixel_reaches(
    seed: int, share: float, coarse: int
) -> None:
    rng = np.random.default_rng(seed)
    grid = rng.random((TILE * 2 // coarse + 20, TILE * 2 // coarse + 31)) < share
    alike = np.kron(grid, np.ones((coarse, coarse), np.bool_)).astype(np.bool_)
    row, column = (int(rng.integers(0, side)) for side in alike.shape)
    found = flooded(alike, row, column)
    numbers, _ = ndimage.label(alike)
    expected = (numbers == numbers[row, column]) & alike & alike[row, column]
    assert found is not None
    assert np.array_equal(found, expected)


@given(st.integers(0, 10_000))
def test_an_area_stays_inside_the_rectangle_that_it_may_not_leave(seed: int) -> None:
    rng = np.random.default_rng(seed)
    alike = rng.random((300, 310)) < 0.7
    top, left = (int(rng.integers(0, 200)) for _ in range(2))
    within = Rect(top, left, top + int(rng.integers(1, 100)), left + int(rng.integers(1, 100)))
    row = int(rng.integers(within.top, within.bottom))
    column = int(rng.integers(within.left, within.right))
    expected = np.zeros_like(alike)
    expected[within.slices] = walked(alike[within.slices], row - within.top, column - within.left)
    found = flooded(alike, row, column, within=within)
    assert found is not None
    assert np.array_equal(found, expected)


def test_a_spiral_through_many_tiles_is_followed_to_its_end() -> None:
    side = 5 * TILE // 2
    alike = np.zeros((side, side), np.bool_)
    y, x, step = 0, 0, side - 1
    for turn in range(60):
        dy, dx = ((0, 1), (1, 0), (0, -1), (-1, 0))[turn % 4]
        for _ in range(step):
            alike[y, x] = True
            y, x = y + dy, x + dx
        if turn % 2 == 0 and turn > 0:
            step -= 20
    found = flooded(alike, 0, 0)
    assert found is not None
    assert np.array_equal(found, walked(alike, 0, 0))
    assert found.sum() > 8 * side


def test_a_pixel_that_is_not_alike_or_not_in_the_image_gives_nothing() -> None:
    alike = np.zeros((40, 40), np.bool_)
    assert flood(lambda rect: alike[rect.slices], Rect(0, 0, 40, 40), 3, 3) == []
    assert flood(lambda rect: alike[rect.slices], Rect(0, 0, 40, 40), -1, 3) == []
    assert flood(lambda rect: alike[rect.slices], Rect(0, 0, 40, 40), 3, 40) == []


def test_an_area_of_more_tiles_than_allowed_is_given_up() -> None:
    alike = np.ones((3 * TILE, 3 * TILE), np.bool_)
    assert flooded(alike, 0, 0, most=8) is None
    found = flooded(alike, 0, 0, most=9)
    assert found is not None
    assert found.all()


def test_only_tiles_that_the_area_reaches_are_looked_at() -> None:
    asked: list[Rect] = []

    def alike(rect: Rect) -> Bools:
        asked.append(rect)
        rows = np.arange(rect.top, rect.bottom)[:, None]
        columns = np.arange(rect.left, rect.right)[None, :]
        inside: Bools = (abs(rows - 15_000) < 40) & (abs(columns - 15_000) < 40)
        return inside

    found = flood(alike, Rect(0, 0, 30_000, 30_000), 15_000, 15_000)
    assert found is not None
    assert sum(int(coverage.covered.sum()) for coverage in found) == 79 * 79
    assert len(asked) <= 9


@pytest.mark.parametrize("tolerance", [0, 1, 30, 254, 255])
def test_colours_are_alike_up_to_the_largest_difference_of_a_channel(tolerance: int) -> None:
    rng = np.random.default_rng(tolerance)
    pixels = rng.integers(0, 256, (50, 60, 3), np.uint8)
    pixels[:20] = np.clip(128 + rng.integers(-tolerance - 1, tolerance + 2, (20, 60, 3)), 0, 255)
    colour = np.array([128, 128, 128], np.uint8)
    expected = np.abs(pixels.astype(int) - colour.astype(int)).max(axis=2)
    assert np.array_equal(colour_distance(pixels, colour), expected)
    assert np.array_equal(alike_in_colour(pixels, colour, tolerance), expected <= tolerance)
