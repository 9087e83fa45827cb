"""What is packed unpacks to itself, whatever it holds and whoever packed it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.mask import TILE, Mask, Pixels, pack_tile, unpack_tile
from cnnseg_gui.core.packed import KNOWN, bytes_needed, values_from_bytes, values_to_bytes
from cnnseg_gui.core.patch import Patch, PatchBuilder

_SHAPE = (700, 600)


@given(
    hnp.arrays(np.uint8, st.integers(1, 700), elements=st.integers(0, 6)),
    st.integers(1, 7),
    st.permutations(range(256)),
)
def test_values_come_back_however_many_there_are(
    values: Pixels, most: int, names: list[int]
) -> None:
    values = np.array(names, np.uint8)[values % most]
    known, data = values_to_bytes(values)
    assert known == next(form for form in KNOWN if form >= len(np.unique(values)))
    assert len(data) == bytes_needed(known, values.size)
    back = values_from_bytes(known, np.frombuffer(data, np.uint8), values.size)
    assert np.array_equal(back, values)
    back[0] = 3  # its own memory


def test_what_was_packed_by_earlier_versions_is_read() -> None:
    """Two values: a bit that is set stands for the first of them."""
    data = np.array([7, 9, 0b1010_0000], np.uint8)
    assert values_from_bytes(2, data, 4).tolist() == [7, 9, 7, 9]
    assert values_from_bytes(256, np.array([1, 2, 3], np.uint8), 3).tolist() == [1, 2, 3]


@pytest.mark.parametrize("values", [1, 2, 3, 4, 5, 40])
def test_a_tile_of_any_number_of_values_unpacks_to_itself(values: int) -> None:
    tile = np.random.default_rng(values).integers(0, values, (TILE, TILE), np.uint8)
    packed = pack_tile(tile)
    assert np.array_equal(unpack_tile(packed), tile)
    with pytest.raises(ValueError, match="mask tile"):
        unpack_tile(packed[:-2])


_DABS = st.lists(
    st.tuples(st.integers(-50, 720), st.integers(-50, 620), st.integers(1, 300), st.integers(0, 3)),
    min_size=1,
    max_size=12,
)


@given(_DABS, _DABS)
def test_a_stroke_packed_beside_the_window_is_the_same_patch(
    before: list[tuple[int, int, int, int]], stroke: list[tuple[int, int, int, int]]
) -> None:
    with ThreadPoolExecutor(1) as packer:
        alone, beside = (_painted(before, stroke, packer=chosen) for chosen in (None, packer))
    (mask, patch), (other_mask, other) = alone, beside
    assert np.array_equal(mask.to_array(), other_mask.to_array())
    assert (patch is None) == (other is None)
    if patch is None or other is None:
        return
    assert [p.rect for p in patch.pieces] == [p.rect for p in other.pieces]
    assert np.array_equal(patch.count_change(), other.count_change())
    assert patch.changed_pixels() == other.changed_pixels()
    assert patch.to_bytes() == other.to_bytes()
    for cell in other.tiles:
        packed, tile = other.packed_tile(cell), other_mask.tile(*cell)
        assert packed is not None
        assert tile is not None
        assert np.array_equal(unpack_tile(packed), tile)
    read = Patch.from_bytes(other.to_bytes(), _SHAPE)
    read.revert(other_mask)
    assert np.array_equal(other_mask.to_array(), _painted(before, [])[0].to_array())


def _painted(
    before: list[tuple[int, int, int, int]],
    stroke: list[tuple[int, int, int, int]],
    packer: ThreadPoolExecutor | None = None,
) -> tuple[Mask, Patch | None]:
    mask, patch = Mask(*_SHAPE), None
    for dabs in (before, stroke):
        builder = PatchBuilder(mask, packer=packer)
        for top, left, side, value in dabs:
            builder.paint(top, left, np.ones((side, side), np.bool_), value)
        patch = builder.finish()
    return mask, patch
