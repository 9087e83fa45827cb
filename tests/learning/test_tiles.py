"""How a side of an image is covered with tiles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.learning.tiles import cover, gaussian, mirrored, tile_starts

lengths = st.integers(1, 3000)
tiles = st.integers(128, 600)
steps = st.floats(0.3, 0.75)


def test_the_published_fixture() -> None:
    assert tile_starts(110, 64, 0.5) == [0, 23, 46]


@given(lengths, tiles, steps)
def test_tiles_reach_from_end_to_end_without_a_gap(length: int, tile: int, step: float) -> None:
    starts = tile_starts(length, tile, step)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - tile)
    gaps = np.diff(starts)
    assert (gaps <= max(1, np.ceil(tile * step))).all()
    assert (gaps > 0).all()


@given(lengths, tiles, steps)
def test_the_weights_of_every_pixel_sum_to_one(length: int, tile: int, step: float) -> None:
    axis = cover(length, tile, step, align=16)
    total = np.zeros(max(length, axis.starts[-1] + tile))
    for start, weights in zip(axis.starts, axis.weights, strict=True):
        total[start : start + tile] += weights
    np.testing.assert_allclose(total[:length], 1, rtol=1e-5)
    assert (total[length:] == 0).all()


@given(lengths, tiles, steps)
def test_between_two_cuts_the_same_tiles_cover_everything(
    length: int, tile: int, step: float
) -> None:
    axis = cover(length, tile, step, align=16)
    cuts = axis.cuts()
    assert cuts[0] == 0
    assert cuts[-1] == length
    for start, end in pairwise(cuts):
        covering = axis.covering(start, end)
        assert covering == axis.covering(start, start + 1) == axis.covering(end - 1, end)
        assert covering


@given(lengths)
def test_tiles_lie_on_the_networks_grid_and_reach_the_end(length: int) -> None:
    axis = cover(length, 512, 0.75, align=32)
    assert all(start % 32 == 0 for start in axis.starts)
    assert axis.starts[-1] + 512 in range(length, max(512, length + 31) + 1)
    assert (np.diff(axis.starts) <= 512 - 96).all()


def test_tiles_that_hardly_overlap_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="overlap too little"):
        cover(100, 32, 0.9, align=16)


def test_a_tile_weighs_most_in_its_middle() -> None:
    weights = gaussian(512)
    assert weights[255] == weights[256] == pytest.approx(1, abs=1e-4)
    assert weights[256 + 64] == pytest.approx(np.exp(-0.5), rel=0.02)


@given(st.integers(2, 40), st.integers(0, 100), st.integers(0, 100))
def test_beyond_the_edge_the_image_is_mirrored(length: int, before: int, after: int) -> None:
    expected = np.pad(np.arange(length), (before, after), mode="reflect")
    assert mirrored(-before, length + after, length).tolist() == expected.tolist()


def test_an_image_of_one_pixel_mirrors_itself() -> None:
    assert mirrored(-3, 4, 1).tolist() == [0] * 7
