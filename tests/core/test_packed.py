"""What is packed unpacks to itself, whatever it holds and whoever packed it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.mask import TILE, Mask, Pixels, pack_tile, unpack_tile
from cnnseg_gui.core.packed import bytes_needed, values_from_bytes, values_to_bytes
from cnnseg_gui.core.patch import Patch, PatchBuilder

_SHAPE = (700, 600)


@given(
    hnp.arrays(np.uint8, st.integers(1, 700), elements=st.sampled_from([0, 7])),
    st.sampled_from([1, 2, 3]),
)
def test_values_come_back_however_many_there_are(values: Pixels, most: int) -> None:
    values = values % 8 if most > 1 else np.full_like(values, 9)
    if most == 3:
        values[:1] = 200
    known, data = values_to_bytes(values)
    assert known == min(len(np.unique(values)), 3)
    assert len(data) == bytes_needed(known, values.size)
    back = values_from_bytes(known, np.frombuffer(data, np.uint8), values.size)
    assert np.array_equal(back, values)
    back[0] = 3  # its own memory


@pytest.mark.parametrize("values", [1, 2, 3, 40])
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
