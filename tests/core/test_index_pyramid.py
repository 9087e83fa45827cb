"""Coarser levels of a mask show what matters most, and follow every change of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.index_pyramid import IndexPyramid
from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask
from cnnseg_gui.core.rect import Rect

_SIDE = 3 * TILE + 77

changes = st.lists(
    st.tuples(
        st.integers(0, _SIDE - 1),
        st.integers(0, _SIDE - 1),
        st.integers(1, 700),
        st.integers(1, 700),
        st.sampled_from([0, 1, 2, UNLABELLED]),
        st.integers(0, 3),
    ),
    max_size=5,
)


def reference(mask: Mask, level: int) -> np.ndarray:
    """Level by level over whole arrays: a class, else background, else nothing."""
    values = mask.to_array()
    for _ in range(level):
        height, width = (-(-side // 2) for side in values.shape)
        padded = np.full((2 * height, 2 * width), UNLABELLED, np.uint8)
        padded[: values.shape[0], : values.shape[1]] = values
        rank = (padded.astype(int) + 1) % 256
        values = (rank.reshape(height, 2, width, 2).max(axis=(1, 3)) - 1) % 256
        values = values.astype(np.uint8)
    return values


@given(changes)
def test_every_level_equals_one_made_afresh_whatever_was_read_before(
    sequence: list[tuple[int, int, int, int, int, int]],
) -> None:
    mask = Mask(_SIDE, _SIDE)
    pyramid = IndexPyramid(mask, 4)
    for top, left, height, width, value, looked_at in sequence:
        rect = Rect(top, left, top + height, left + width).clipped(mask.shape)
        mask.write(rect.top, rect.left, np.full((rect.height, rect.width), value, np.uint8))
        pyramid.update(rect)
        place = Rect(top, left, top + 300, left + 300).reduced(looked_at)
        expected = np.full((place.height, place.width), UNLABELLED, np.uint8)
        whole = reference(mask, looked_at)
        inside = place.clipped((whole.shape[0], whole.shape[1]))
        if not inside.empty:
            expected[: inside.height, : inside.width] = whole[inside.slices]
        assert np.array_equal(pyramid.read(looked_at, place), expected)
    for level in range(4):
        whole = reference(mask, level)
        found = pyramid.read(level, Rect(0, 0, *whole.shape))
        assert np.array_equal(found, whole)


def test_a_thin_line_is_seen_at_the_coarsest_level_and_a_merge_is_followed() -> None:
    mask = Mask(_SIDE, _SIDE)
    pyramid = IndexPyramid(mask, 4)
    mask.write(100, 0, np.ones((1, _SIDE), np.uint8))
    pyramid.update(Rect(100, 0, 101, _SIDE))
    assert (pyramid.read(3, Rect(12, 0, 13, _SIDE // 8)) == 1).all()
    meaning = np.arange(256, dtype=np.uint8)
    meaning[1] = UNLABELLED
    mask.meaning = meaning
    pyramid.reset()
    assert (pyramid.read(3, Rect(12, 0, 13, _SIDE // 8)) == UNLABELLED).all()
