"""A grid whose tiles are packed reads like one whose tiles are not."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.mask import TILE, TileGrid
from cnnseg_gui.core.packed_grid import PackedGrid
from cnnseg_gui.core.proposal import SampledGrid
from cnnseg_gui.core.rect import Rect

_SHAPE = (3 * TILE + 9, 2 * TILE + 5)
_PLACE = st.tuples(st.integers(-20, _SHAPE[0]), st.integers(-20, _SHAPE[1]))
_WRITES = st.lists(
    st.tuples(_PLACE, st.integers(1, 400), st.integers(1, 90), st.integers(0, 3)), max_size=12
)


@given(_WRITES, _WRITES, _PLACE)
def test_it_reads_like_a_plain_grid(first: list, later: list, place: tuple[int, int]) -> None:  # type: ignore[type-arg]
    plain, packed = TileGrid(*_SHAPE, 255), PackedGrid(*_SHAPE, 255, open_tiles=2)
    _write(plain, first)
    _write(packed, first)
    before = packed.snapshot()
    kept = plain.to_array()
    _write(plain, later)
    _write(packed, later)
    assert np.array_equal(before.to_array(), kept)
    window = Rect(*place, place[0] + 300, place[1] + 40)
    assert np.array_equal(packed.read(window), plain.read(window))
    assert set(packed.cells()) == set(plain.cells())
    stored = dict(plain.tiles())
    for cell, tile in packed.tiles():
        assert np.array_equal(tile, stored[cell])
    assert packed.tile(99, 99) is None
    packed.put_tile(1, 1, np.full((TILE, TILE), 7, np.uint8))
    packed.tile(0, 0)
    packed.tile(2, 0)
    assert (packed.read(Rect(TILE, TILE, TILE + 1, TILE + 9)) == 7).all()


def _write(grid: TileGrid, writes: list) -> None:  # type: ignore[type-arg]
    for (top, left), height, width, value in writes:
        values = np.full((height, width), value, np.uint8)
        values[:: 1 + value] = 255
        grid.write(top, left, values)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_every_second_pixel_stands_for_its_square(
    height: int, width: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 256, (height, width), np.uint8)
    grid = SampledGrid(height, width)
    rows = sorted({0, height, *data.draw(st.lists(st.integers(0, height), max_size=4))})
    columns = sorted({0, width, *data.draw(st.lists(st.integers(0, width), max_size=4))})
    for top, bottom in itertools.pairwise(rows):  # in any rectangles
        for left, right in itertools.pairwise(columns):
            grid.write(top, left, whole[top:bottom, left:right])
    y, x = np.mgrid[:height, :width]
    expected = whole[y // 2 * 2, x // 2 * 2]
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    assert np.array_equal(grid.read(Rect(top, left, height, width)), expected[top:, left:])
