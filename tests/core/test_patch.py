"""One gesture, one patch: apply and revert are inverses, and nothing outside it changes."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask
from cnnseg_gui.core.patch import Patch, PatchBuilder

_SHAPE = (TILE + 90, 2 * TILE + 10)

dabs = st.lists(
    st.tuples(
        st.integers(-30, _SHAPE[0]),
        st.integers(-30, _SHAPE[1]),
        st.integers(1, 60),
        st.integers(1, 60),
        st.sampled_from([0, 1, 2, UNLABELLED]),
        st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=8,
)


def paint(mask: Mask, gesture: list[tuple[int, int, int, int, int, int]]) -> Patch | None:
    builder = PatchBuilder(mask)
    for top, left, height, width, value, seed in gesture:
        coverage = np.random.default_rng(seed).random((height, width)) < 0.6
        builder.paint(top, left, coverage, value)
    return builder.finish()


@given(dabs, dabs)
def test_undo_and_redo_of_a_gesture_restore_every_pixel(first: list, second: list) -> None:
    mask = Mask(*_SHAPE)
    paint(mask, first)
    before = mask.to_array()
    patch = paint(mask, second)
    after = mask.to_array()
    if patch is None:
        assert np.array_equal(before, after)
        return
    change = mask.counts()
    patch.revert(mask)
    assert np.array_equal(mask.to_array(), before)
    assert np.array_equal(change - mask.counts(), patch.count_change())
    copy = Patch.from_bytes(patch.to_bytes())
    copy.apply(mask)
    assert np.array_equal(mask.to_array(), after)
    outside = np.ones(_SHAPE, bool)
    outside[patch.bounds.slices] = False
    assert np.array_equal(before[outside], after[outside])


@given(dabs, dabs)
def test_a_cancelled_gesture_leaves_no_trace(first: list, second: list) -> None:
    mask = Mask(*_SHAPE)
    paint(mask, first)
    before = mask.to_array()
    builder = PatchBuilder(mask)
    for top, left, height, width, value, _ in second:
        builder.paint(top, left, np.ones((height, width), bool), value)
    builder.cancel()
    assert np.array_equal(mask.to_array(), before)


@given(dabs, dabs)
def test_what_a_dab_says_it_changed_is_just_what_it_changed(first: list, second: list) -> None:
    mask = Mask(*_SHAPE)
    paint(mask, first)
    builder = PatchBuilder(mask)
    for top, left, height, width, value, seed in second:
        before = mask.to_array()
        coverage = np.random.default_rng(seed).random((height, width)) < 0.6
        changed = builder.paint(top, left, coverage, value)
        rows, columns = np.nonzero(mask.to_array() != before)
        if len(rows):
            assert changed == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
        else:
            assert changed.empty


def test_painting_what_is_there_already_is_no_gesture() -> None:
    mask = Mask(20, 20)
    builder = PatchBuilder(mask)
    builder.paint(2, 2, np.ones((5, 5), bool), UNLABELLED)
    assert builder.finish() is None


@pytest.mark.parametrize("data", [b"", b"\x00" * 40])
def test_a_damaged_patch_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="damaged patch"):
        Patch.from_bytes(data)


@given(dabs, dabs)
def test_patches_stored_before_they_were_made_smaller_are_read(first: list, second: list) -> None:
    mask = Mask(*_SHAPE)
    paint(mask, first)
    patch = paint(mask, second)
    if patch is None:
        return
    raw = b"".join(
        struct.pack("<IIHH", piece.top, piece.left, *piece.after.shape)
        + piece.before.tobytes()
        + piece.after.tobytes()
        for piece in patch.pieces
    )
    read = Patch.from_bytes(zlib.compress(raw), _SHAPE)
    assert len(read.pieces) == len(patch.pieces)
    for old, new in zip(
        read.pieces, Patch.from_bytes(patch.to_bytes(), _SHAPE).pieces, strict=True
    ):
        assert old.rect == new.rect
        assert np.array_equal(old.before, new.before)
        assert np.array_equal(old.after, new.after)


def test_a_stroke_of_one_value_on_another_takes_little() -> None:
    mask = Mask(TILE, TILE)
    disc = np.hypot(*(np.ogrid[:TILE, :TILE][k] - 128 for k in (0, 1))) < 120
    builder = PatchBuilder(mask)
    builder.paint(0, 0, disc, 3)
    patch = builder.finish()
    assert patch is not None
    assert len(zlib.decompress(patch.to_bytes())) < TILE * TILE // 8 + 20
    assert Patch.from_bytes(patch.to_bytes()).count_change()[3] == disc.sum()
