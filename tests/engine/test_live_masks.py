"""The engine's masks are those that were painted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, pack_tile
from cnnseg_gui.engine.live_masks import LiveMasks
from cnnseg_gui.engine.messages import Painted
from cnnseg_gui.engine.packing import PackedImage, pack

ITSELF = bytes(range(256))


def told(
    masks: LiveMasks, key: str, mask: Mask, cells: list[tuple[int, int]], values: bytes = ITSELF
) -> None:
    tiles = []
    for row, column in cells:
        tile = mask.tile(row, column)
        assert tile is not None
        tiles.append((row, column, pack_tile(tile)))
    parts, blocks = pack([PackedImage(key, mask.shape, tuple(tiles))])
    masks.take(Painted(images=parts, values=values), blocks)


@given(
    st.lists(st.tuples(st.integers(0, 599), st.integers(0, 599), st.integers(0, 3)), max_size=12)
)
@settings(max_examples=20, deadline=None)
def test_tile_by_tile_it_becomes_the_mask_and_tells_each_change_once(
    strokes: list[tuple[int, int, int]],
) -> None:
    masks, mask = LiveMasks(), Mask(600, 600)
    told(masks, "a", mask, [])
    before = mask.to_array()
    for top, left, value in strokes:
        mask.write(top, left, np.full((30, 40), value, np.uint8))
        touched = [(r, c) for r, c in mask.cells() if (r + 1) * TILE > top and r * TILE < top + 30]
        told(masks, "a", mask, touched)
        seen = masks.see("a")
        assert seen is not None
        assert (seen.mask.to_array() == mask.to_array()).all()
        old = Mask(600, 600)
        for cell, _ in seen.mask.tiles():
            tile = seen.changed[cell] if cell in seen.changed else seen.mask.tile(*cell)
            if tile is not None:
                old.put_tile(*cell, tile)
        assert (old.to_array() == before).all()
        before = mask.to_array()
    again = masks.see("a")
    assert again is not None
    assert not again.changed


def test_values_hold_for_what_was_sent_before_too() -> None:
    masks, mask = LiveMasks(), Mask(300, 300)
    mask.write(0, 0, np.full((10, 10), 3, np.uint8))
    told(masks, "a", mask, [(0, 0)])
    merged = bytearray(ITSELF)
    merged[3] = 1
    version = masks.version
    masks.take(Painted(images=(), values=bytes(merged)), [])
    seen = masks.see("a")
    assert seen is not None
    assert set(np.unique(seen.mask.to_array())) == {1, UNLABELLED}
    assert masks.version != version
    masks.take(Painted(images=(), values=ITSELF, anew=True), [])
    assert masks.see("a") is None, "another project"


def test_borders_that_were_accepted_are_not_learnt_and_those_painted_are() -> None:
    masks, mask = LiveMasks(), Mask(300, 300)
    values = bytearray(ITSELF)
    values[254], values[253] = 0, 1
    mask.write(0, 0, np.full((100, 300), 254, np.uint8))
    mask.write(100, 0, np.full((100, 300), 253, np.uint8))
    parts, blocks = pack([PackedImage.from_mask("a", mask)])
    masks.take(Painted(images=parts, values=bytes(values), accepted=b"\xfe\xfd"), blocks)
    seen = masks.see("a")
    assert seen is not None
    taught = seen.mask.to_array()
    assert (taught[98:102] == UNLABELLED).all()
    assert (taught[:98] == 0).all()
    assert (taught[102:200] == 1).all()
    mask.write(90, 0, np.full((20, 256), 1, np.uint8))  # by hand, in the first column of tiles
    tile = mask.tile(0, 0)
    assert tile is not None
    parts, blocks = pack([PackedImage("a", mask.shape, ((0, 0, pack_tile(tile)),))])
    masks.take(Painted(images=parts, values=bytes(values), accepted=b"\xfe\xfd"), blocks)
    seen = masks.see("a")
    assert seen is not None
    taught = seen.mask.to_array()
    assert (taught[90:200, :256] == 1).all(), "painted up to its border"
    assert (taught[88:90, :256] == UNLABELLED).all(), "accepted beside it"
    assert (taught[:88] == 0).all()
    assert (taught[88:98, 258:] == 0).all()
    assert (taught[90:98, 256:258] == UNLABELLED).all(), "in the tile that was not sent again"


def test_damaged_tiles_change_nothing() -> None:
    masks = LiveMasks()
    parts, _ = pack([PackedImage("a", (300, 300), ((0, 0, b"nonsense"),))])
    with pytest.raises(ValueError, match="tile"):
        masks.take(Painted(images=parts, values=ITSELF), [b"nonsense"])
    with pytest.raises(ValueError, match="do not fit"):
        masks.take(Painted(images=parts, values=ITSELF), [])
    assert masks.images() == []
