"""The sparse raster equals a plain array whatever is written to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, pack_tile, unpack_tile
from cnnseg_gui.core.rect import Rect

_SIDES = st.integers(1, 2 * TILE + 30)
_PLACES = st.integers(-TILE, 2 * TILE)


@st.composite
def writes(draw: st.DrawFn) -> tuple[int, int, np.ndarray]:
    shape = draw(st.tuples(st.integers(1, 300), st.integers(1, 40)))
    value = draw(st.sampled_from([0, 1, 7, 254, UNLABELLED]))
    return draw(_PLACES), draw(_PLACES), np.full(shape, value, np.uint8)


@given(_SIDES, _SIDES, st.lists(writes(), max_size=6), _PLACES, _PLACES)
def test_reading_returns_what_was_written(
    height: int, width: int, changes: list[tuple[int, int, np.ndarray]], top: int, left: int
) -> None:
    mask = Mask(height, width)
    plain = np.full((height, width), UNLABELLED, np.uint8)
    for y, x, values in changes:
        mask.write(y, x, values)
        rect = Rect(y, x, y + values.shape[0], x + values.shape[1]).clipped(plain.shape)
        if not rect.empty:
            plain[rect.slices] = values[
                rect.top - y : rect.bottom - y, rect.left - x : rect.right - x
            ]
    assert np.array_equal(mask.to_array(), plain)
    window = Rect(top, left, top + 70, left + 50)
    expected = np.full((70, 50), UNLABELLED, np.uint8)
    inside = window.clipped(plain.shape)
    if not inside.empty:
        expected[
            inside.top - top : inside.bottom - top, inside.left - left : inside.right - left
        ] = plain[inside.slices]
    assert np.array_equal(mask.read(window), expected)
    counts = np.bincount(plain.ravel(), minlength=256)
    counts[UNLABELLED] = 0
    assert np.array_equal(mask.counts(), counts)


@given(hnp.arrays(np.uint8, (TILE, TILE), elements=st.integers(0, 255), fill=st.just(255)))
def test_a_packed_tile_unpacks_to_itself(tile: np.ndarray) -> None:
    assert np.array_equal(unpack_tile(pack_tile(tile)), tile)


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", pack_tile(np.zeros((TILE, TILE), np.uint8))[:-9]]
)
def test_a_damaged_tile_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="mask tile"):
        unpack_tile(data)


def test_an_untouched_mask_of_a_huge_image_costs_nothing() -> None:
    mask = Mask(100_000, 100_000)
    mask.write(50_000, 50_000, np.ones((3, 3), np.uint8))
    assert len(list(mask.tiles())) == 1
    assert mask.counts()[1] == 9


@given(_SIDES, _SIDES, st.lists(writes(), max_size=4), st.lists(writes(), max_size=4))
def test_a_snapshot_keeps_what_was_there_and_can_be_written_itself(
    height: int,
    width: int,
    first: list[tuple[int, int, np.ndarray]],
    then: list[tuple[int, int, np.ndarray]],
) -> None:
    mask = Mask(height, width)
    for change in first:
        mask.write(*change)
    before = mask.to_array()
    copy = mask.snapshot()
    for change in then:
        mask.write(*change)
    after = mask.to_array()
    assert np.array_equal(copy.to_array(), before)
    copy.write(0, 0, np.full((5, 5), 3, np.uint8))
    assert np.array_equal(mask.to_array(), after)
