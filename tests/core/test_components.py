"""Components are the same whether or not they cross tiles, at their corners too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy import ndimage

from cnnseg_gui.core.components import EIGHT, FOUR, components
from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect

WHOLE = Rect(0, 0, 2 * TILE, 2 * TILE)


def cells_of(pixels: np.ndarray) -> set[tuple[int, int]]:
    return {(int(y) // TILE, int(x) // TILE) for y, x in np.argwhere(pixels)}


@pytest.mark.parametrize("structure", [FOUR, EIGHT], ids=["four", "eight"])
@given(st.integers(0, 2**16 - 1))
@examples(max_examples=100)
def test_pixels_round_the_corner_of_four_tiles_are_joined_as_anywhere(
    structure: np.ndarray, bits: int
) -> None:
    pixels = np.zeros((2 * TILE, 2 * TILE), np.bool_)
    corner = (slice(TILE - 2, TILE + 2), slice(TILE - 2, TILE + 2))
    pixels[corner] = np.array([bits >> k & 1 for k in range(16)], np.bool_).reshape(4, 4)
    found = components(lambda rect: pixels[rect.slices], cells_of(pixels), WHOLE, structure)
    numbers, count = ndimage.label(pixels[corner], structure)
    assert sorted(found.sizes) == sorted(np.bincount(numbers.ravel())[1:])
    got = np.full(pixels.shape, -1)
    for rect, part in found.parts(np.ones(count, np.bool_)):
        got[rect.slices] = part
    assert np.array_equal(got >= 0, pixels)
    pairs = set(zip(got[corner].ravel().tolist(), numbers.ravel().tolist(), strict=True))
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


@pytest.mark.parametrize("flip", [False, True])
def test_two_pixels_that_meet_at_a_tiles_corner_are_one_object(flip: bool) -> None:
    pixels = np.zeros((2 * TILE, 2 * TILE), np.bool_)
    pixels[TILE - 1, TILE - 1] = pixels[TILE, TILE] = True
    if flip:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    for structure, count in ((EIGHT, 1), (FOUR, 2)):
        found = components(lambda rect: pixels[rect.slices], cells_of(pixels), WHOLE, structure)
        assert found.sizes.tolist() == [2 // count] * count


@given(st.integers(0, 10_000))
@examples(max_examples=20)
def test_boxes_and_borders_are_those_of_the_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(rng.normal(size=(TILE + 90, TILE + 50)), 4)
    pixels = fields > 0.03
    window = Rect(20, 10, TILE + 80, TILE + 50)
    found = components(lambda rect: pixels[rect.slices], cells_of(pixels), window, EIGHT)
    numbers, _ = ndimage.label(pixels[window.slices], EIGHT)
    boxes = {
        (rows.start + 20, columns.start + 10, rows.stop + 20, columns.stop + 10)
        for rows, columns in ndimage.find_objects(numbers)
    }
    assert {tuple(box) for box in found.boxes().tolist()} == boxes
    for box, at_border in zip(found.boxes(), found.at_border, strict=True):
        top, left, bottom, right = box
        outermost = top == 20 or left == 10 or bottom == TILE + 80 or right == TILE + 50
        assert at_border == outermost


def test_nothing_has_no_components() -> None:
    nothing = np.zeros((2 * TILE, 2 * TILE), np.bool_)
    found = components(lambda rect: nothing[rect.slices], [], WHOLE, EIGHT)
    assert len(found.sizes) == len(found.boxes()) == len(found.at_border) == 0
