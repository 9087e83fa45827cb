"""A change computed on a snapshot: put in, it is what filling at once would have been."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.mask import TILE, Mask, pack_tile
from cnnseg_gui.core.patch import EVERYTHING, Patch, PatchBuilder
from cnnseg_gui.core.prepared import prepare
from cnnseg_gui.core.raster import Coverage

_SHAPE = (2 * TILE + 40, 2 * TILE + 7)

boxes = st.tuples(
    st.integers(-20, _SHAPE[0]), st.integers(-20, _SHAPE[1]), st.integers(1, 400), st.integers(1, 9)
)
fills = st.lists(st.tuples(boxes, st.sampled_from([0, 1, 2, 255])), max_size=6)


def coverage(box: tuple[int, int, int, int]) -> Coverage:
    top, left, side, seed = box
    return Coverage(top, left, np.random.default_rng(seed).random((side, side // 2 + 1)) < 0.6)


def filled(mask: Mask, chosen: list[tuple[tuple[int, int, int, int], int]]) -> Patch | None:
    builder = PatchBuilder(mask)
    for box, value in chosen:
        builder.paint(*coverage(box), value)
    return builder.finish()


@given(fills, fills, fills)
def test_what_was_painted_meanwhile_stays_and_the_rest_is_filled(
    first: list[tuple[tuple[int, int, int, int], int]],
    computed: list[tuple[tuple[int, int, int, int], int]],
    meanwhile: list[tuple[tuple[int, int, int, int], int]],
) -> None:
    mask = Mask(*_SHAPE)
    filled(mask, first)
    began = mask.to_array()
    prepared = prepare(mask.snapshot(), [(coverage(box), value) for box, value in computed])
    assert np.array_equal(mask.to_array(), began)
    wanted = Mask.from_array(began)
    filled(wanted, computed)
    filled(mask, meanwhile)
    now = mask.to_array()

    patch = prepared.put_in(mask)

    expected = np.where(now == began, wanted.to_array(), now)
    assert np.array_equal(mask.to_array(), expected)
    if patch is None:
        assert np.array_equal(expected, now)
        return
    counts = np.bincount(expected.ravel(), minlength=256) - np.bincount(now.ravel(), minlength=256)
    counts[255] = 0
    assert np.array_equal(patch.count_change(), counts)
    for row, column in patch.tiles:
        tile = mask.tile(row, column)
        assert tile is not None
        assert patch.packed_tile((row, column)) in (None, pack_tile(tile))
    read = Patch.from_bytes(patch.to_bytes(), _SHAPE)
    read.revert(mask)
    assert np.array_equal(mask.to_array(), now)
    read.apply(mask)
    assert np.array_equal(mask.to_array(), expected)


def test_tiles_that_nobody_touched_are_exchanged_whole() -> None:
    mask = Mask(*_SHAPE)
    everything = Coverage(0, 0, np.ones(_SHAPE, np.bool_))
    prepared = prepare(mask.snapshot(), [(everything, 1)], EVERYTHING)
    mask.write(0, 0, np.full((1, 1), 2, np.uint8))
    patch = prepared.put_in(mask)
    assert patch is not None
    assert len(patch.tiles) == 9
    assert patch.packed_tile((0, 0)) is None, "this one was painted on"
    assert patch.packed_tile((0, 1)) is not None
    assert mask.read(mask.bounds)[0, 0] == 2
    assert (mask.to_array().ravel()[1:] == 1).all()
