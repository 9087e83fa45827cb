"""Touching objects fall apart at their waists, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.region_scope import RegionScope
from cnnseg_gui.core.splitting import cuts, split
from tests.core.painted import after, blobs

EIGHT = np.ones((3, 3))


def discs(*places: tuple[int, int, int], shape: tuple[int, int] = (600, 600)) -> Pixels:
    """Discs of class 1 at (row, column, radius) on unlabelled ground."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    out = np.full(shape, UNLABELLED, np.uint8)
    for row, column, radius in places:
        out[(y - row) ** 2 + (x - column) ** 2 <= radius**2] = 1
    return out


def parts(mask: Pixels) -> int:
    return int(ndimage.label(mask == 1, EIGHT)[1])


@pytest.mark.parametrize("at", [(60, 60), (TILE, TILE - 13), (2 * TILE - 5, TILE)])
def test_two_discs_that_overlap_fall_apart_by_a_thin_line_of_background(
    at: tuple[int, int],
) -> None:
    row, column = at
    before = discs((row, column, 20), (row + 8, column + 32, 18))
    assert parts(before) == 1
    changed = after(before, split(Mask.from_array(before), RegionScope(frozenset({1}))))
    assert parts(changed) == 2
    gap = changed != before
    assert (changed[gap] == 0).all()
    assert gap.sum() < 35
    numbers, _ = ndimage.label(changed == 1, EIGHT)
    assert numbers[row, column] != numbers[row + 8, column + 32]


def test_a_frame_round_an_empty_tile_is_looked_at_as_any_other() -> None:
    before = np.full((3 * TILE, 3 * TILE), UNLABELLED, np.uint8)
    before[TILE - 9 : 2 * TILE + 9, TILE - 9 : 2 * TILE + 9] = 1
    before[TILE : 2 * TILE, TILE : 2 * TILE] = UNLABELLED
    changed = after(before, split(Mask.from_array(before), RegionScope(frozenset({1}))))
    assert (changed[before == UNLABELLED] == UNLABELLED).all()


def test_a_chain_of_discs_through_many_tiles_falls_into_its_discs() -> None:
    places = [(300 + (k % 3) * 6, 40 + 45 * k, 26) for k in range(12)]
    before = discs(*places)
    assert parts(before) == 1
    changed = after(before, split(Mask.from_array(before), RegionScope(frozenset({1}))))
    assert parts(changed) == 12


@pytest.mark.parametrize("radius", [3, 10, 25])
def test_a_single_object_stays_whole(radius: int) -> None:
    y, x = np.ogrid[:200, :200]
    ellipse = ((y - 100) / radius) ** 2 + ((x - 100) / (2.5 * radius)) ** 2 <= 1
    slanted = np.abs(y - 100 - (x - 100) * 0.4) <= radius
    for shape in (ellipse, slanted, np.ones((200, 200), np.bool_)):
        assert not cuts(np.asarray(shape), 1.0).any()


def test_a_deeper_waist_can_be_asked_for() -> None:
    before = discs((100, 100, 20), (100, 130, 20))  # the waist is 6.8 pixels thinner
    for depth, expected in ((1.0, 2), (5.0, 2), (8.0, 1)):
        changed = after(before, split(Mask.from_array(before), RegionScope(frozenset({1})), depth))
        assert parts(changed) == expected


def test_an_object_cut_by_the_border_of_the_image_is_no_waist() -> None:
    before = discs((0, 50, 25), (40, 50, 22), shape=(90, 100))
    changed = after(before, split(Mask.from_array(before), RegionScope(frozenset({1}))))
    assert parts(changed) == 2


@given(st.integers(0, 10_000), st.floats(0.5, 3.0))
def test_what_is_cut_falls_apart_and_nothing_is_lost_but_the_cut(seed: int, depth: float) -> None:
    objects = blobs(seed, (90, 80), coarse=4.0, values=3) == 1
    gap = cuts(objects, depth)
    assert not (gap & ~objects).any()
    before, after_cut = (ndimage.label(pixels, EIGHT)[1] for pixels in (objects, objects & ~gap))
    if gap.any():
        assert after_cut > before
    assert gap.sum() <= 0.2 * objects.sum()
