"""A mask arrives at the engine as it was painted, and a damaged one is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.engine.packing import PackedImage, pack, unpack

KEY = "ab" * 32


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    mask = Mask(draw(st.integers(1, 600)), draw(st.integers(1, 600)))
    for _ in range(draw(st.integers(0, 3))):
        top, left = draw(st.integers(0, 599)), draw(st.integers(0, 599))
        value = draw(st.integers(0, 255))
        mask.write(top, left, np.full((40, 40), value, np.uint8))
    return mask


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(masks(), st.booleans()), max_size=3))
def test_every_mask_arrives_as_it_was_painted(sent: list[tuple[Mask, bool]]) -> None:
    images = [PackedImage.from_mask(KEY, mask, held_out=held_out) for mask, held_out in sent]
    parts, blocks = pack(images)
    received = unpack(parts, blocks)
    assert [part.held_out for part in parts] == [held_out for _, held_out in sent]
    for (mask, _), copy in zip(sent, received, strict=True):
        np.testing.assert_array_equal(copy.to_array(), mask.to_array())


def test_erased_tiles_are_not_sent() -> None:
    mask = Mask.from_array(np.zeros((300, 300), np.uint8))
    mask.write(0, 0, np.full((300, 256), 255, np.uint8))
    assert [tile[:2] for tile in PackedImage.from_mask(KEY, mask).tiles] == [(0, 1), (1, 1)]


def test_values_become_what_the_network_counts_them_as() -> None:
    mask = Mask.from_array(np.full((300, 300), 5, np.uint8))
    mask.write(0, 0, np.full((10, 300), 2, np.uint8))
    table = np.full(256, 255, np.uint8)
    table[5] = 1
    parts, blocks = pack([PackedImage.from_mask(KEY, mask)])
    (dense,) = unpack(parts, blocks, table.tobytes())
    assert (dense.to_array()[:10] == 255).all()
    assert (dense.to_array()[10:] == 1).all()
    with pytest.raises(UserError, match="3 values of a mask"):
        unpack(parts, blocks, b"abc")


def test_what_was_accepted_is_learnt_without_its_borders() -> None:
    mask = Mask.from_array(np.full((300, 300), 9, np.uint8))
    mask.write(0, 0, np.full((100, 300), 8, np.uint8))
    mask.write(0, 100, np.full((300, 10), 1, np.uint8))
    table = np.arange(256, dtype=np.uint8)
    table[[8, 9]] = 0, 1
    parts, blocks = pack([PackedImage.from_mask(KEY, mask)])
    (taught,) = unpack(parts, blocks, table.tobytes(), bytes([8, 9]))
    found = taught.to_array()
    assert (found[:, 100:110] == 1).all(), "painted"
    assert (found[:98, :98] == 0).all()
    assert (found[98:102, :100] == 255).all()
    assert (found[:98, 98:100] == 255).all()
    assert (found[102:, :100] == 1).all()


def test_missing_damaged_and_misplaced_tiles_are_refused() -> None:
    mask = Mask.from_array(np.zeros((300, 300), np.uint8))
    parts, blocks = pack([PackedImage.from_mask(KEY, mask)])
    with pytest.raises(UserError, match="4 mask tiles and brings 3"):
        unpack(parts, blocks[:-1])
    with pytest.raises(UserError, match="unusable"):
        unpack(parts, [*blocks[:-1], b"no tile"])
    smaller, _ = pack([PackedImage(KEY, (100, 100), ((1, 1, blocks[0]),))])
    with pytest.raises(UserError, match="unusable"):
        unpack(smaller, blocks[:1])
