"""The engine's masks are those that were painted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, pack_tile
from cnnseg_gui.engine import live_news
from cnnseg_gui.engine.live_masks import LiveMasks
from cnnseg_gui.engine.messages import Painted, Train, TrainImage
from cnnseg_gui.engine.packing import PackedImage, pack
from cnnseg_gui.learning.sampling import Example

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


def test_other_classes_make_every_tile_worth_another_look() -> None:
    masks, mask = LiveMasks(), Mask(300, 300)
    mask.write(0, 0, np.full((300, 300), 2, np.uint8))
    told(masks, "a", mask, list(mask.cells()))
    masks.see("a")
    merged = bytes([0, 1, 1, *range(3, 256)])
    masks.take(Painted(images=(), values=merged), [])
    seen = masks.see("a")
    assert seen is not None
    assert set(seen.changed) == set(mask.cells())
    assert (seen.mask.to_array() == 1).all()


def test_another_project_is_told_from_the_one_before() -> None:
    masks, mask = LiveMasks(), Mask(30, 30)
    mask.write(0, 0, np.zeros((5, 5), np.uint8))
    told(masks, "a", mask, list(mask.cells()))
    before = masks.generation
    masks.take(Painted(images=(), values=ITSELF, anew=True), [])
    assert masks.images() == []
    assert masks.generation != before


def test_a_fine_tune_takes_only_what_was_painted_since_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the engine was told of before may be older than what it is to learn from."""
    monkeypatch.setattr(live_news, "_APART_S", 0.0)
    old, newer, other = Mask(30, 30), Mask(30, 30), Mask(30, 30)
    old.write(0, 0, np.zeros((30, 30), np.uint8))
    newer.write(0, 0, np.ones((30, 30), np.uint8))
    other.write(0, 0, np.full((30, 30), 2, np.uint8))
    masks = LiveMasks()
    for key in ("corrected since", "its file is gone"):
        told(masks, key, old, [(0, 0)])
    parts, _ = pack([PackedImage.from_mask("corrected since", newer)])
    train = Train(
        request=1, model="", classes=("a", "b", "c"), images=parts, values=ITSELF, seconds=1.0
    )
    masks.mark(train.request)
    told(masks, "painted while it was loaded", other, [(0, 0)])
    pixels = np.zeros((30, 30, 3), np.uint8)

    def made(image: TrainImage, mask: Mask) -> Example:
        return Example(image.image, lambda: pixels, mask, image.held_out)

    news = live_news.News(masks, train, [made(parts[0], newer)], made)
    examples = {example.key: example for example in news() or ()}
    assert set(examples) == {"corrected since", "painted while it was loaded"}
    assert news() is None
    told(masks, "painted", other, [(0, 0)])
    examples = {example.key: example for example in news() or ()}
    assert set(examples) == {"corrected since", "painted while it was loaded", "painted"}
    assert (examples["corrected since"].mask.to_array() == 1).all()
