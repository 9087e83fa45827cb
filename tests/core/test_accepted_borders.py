"""Of accepted pixels their borders are not learnt, of painted ones everything is."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.accepted_borders import (
    REACH,
    accepted_table,
    around,
    teach_tile,
    without_accepted_borders,
)
from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels

_MEANING = np.full(256, UNLABELLED, np.uint8)
_MEANING[:3] = 0, 1, 2
_MEANING[252:255] = 2, 1, 0
_ACCEPTED = bytes([254, 253, 252])
_VALUES = [0, 1, 2, UNLABELLED, 254, 253, 252]

blocks = st.lists(
    st.tuples(
        st.integers(0, 330),
        st.integers(0, 330),
        st.integers(1, 60),
        st.integers(1, 60),
        st.sampled_from(_VALUES),
    ),
    max_size=10,
)


def made(parts: list[tuple[int, int, int, int, int]], shape: tuple[int, int]) -> Mask:
    mask = Mask(*shape)
    mask.meaning = _MEANING
    for top, left, height, width, value in parts:
        mask.write(top, left, np.full((height, width), value, np.uint8))
    return mask


def slowly(stored: Pixels) -> Pixels:
    """Pixel by pixel."""
    read, out = _MEANING[stored], stored.copy()
    for y, x in np.argwhere(np.isin(stored, list(_ACCEPTED))).tolist():
        near = read[max(0, y - REACH) : y + REACH + 1, max(0, x - REACH) : x + REACH + 1]
        if len(np.unique(near[near != UNLABELLED])) > 1:
            out[y, x] = UNLABELLED
    return out


@settings(deadline=None, max_examples=25)
@given(blocks, st.integers(1, 340), st.integers(1, 340))
def test_it_is_what_looking_round_every_pixel_gives(
    parts: list[tuple[int, int, int, int, int]], height: int, width: int
) -> None:
    mask = made(parts, (height, width))
    before = mask.read_stored(mask.bounds)
    taught = without_accepted_borders(mask, _ACCEPTED)
    assert np.array_equal(taught.read_stored(taught.bounds), slowly(before))
    assert np.array_equal(mask.read_stored(mask.bounds), before)
    everything = without_accepted_borders(mask, b"")
    assert np.array_equal(everything.to_array(), mask.to_array())


@settings(deadline=None, max_examples=25)
@given(blocks, blocks)
def test_after_a_change_the_tiles_around_it_are_enough(
    first: list[tuple[int, int, int, int, int]], then: list[tuple[int, int, int, int, int]]
) -> None:
    shape = (330, 330)
    mask = made(first, shape)
    taught = without_accepted_borders(mask, _ACCEPTED)
    changed = set()
    for top, left, height, width, value in then:
        mask.write(top, left, np.full((height, width), value, np.uint8))
        changed |= {
            (row, column)
            for row in range(top // TILE, (top + height - 1) // TILE + 1)
            for column in range(left // TILE, (left + width - 1) // TILE + 1)
        }
    for cell in around(changed):
        teach_tile(taught, mask, cell, accepted_table(_ACCEPTED))
    whole = without_accepted_borders(mask, _ACCEPTED)
    assert np.array_equal(taught.to_array(), whole.to_array())
