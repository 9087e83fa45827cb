"""Images have a top where the classes lie at different heights."""

from __future__ import annotations

import numpy as np
import pytest

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.learning.upright import explained, have_a_top


def street(height: int = 300, width: int = 400) -> Pixels:
    """Sky above, houses in between, road below, with a ragged skyline."""
    rows = np.arange(height)[:, None] + 20 * np.sin(np.arange(width) / 17)
    return (np.digitize(rows, [0.3 * height, 0.6 * height])).astype(np.uint8)


def cells(seed: int = 0) -> Pixels:
    random = np.random.default_rng(seed)
    rows, columns = np.indices((300, 400))
    mask = np.zeros((300, 400), np.uint8)
    for top, left in random.integers(0, 300, (25, 2)):
        mask[(rows - top) ** 2 + (columns - left) ** 2 < 200] = 1
    return mask


def test_streets_have_a_top_and_cells_have_none() -> None:
    assert have_a_top([Mask.from_array(street())])
    assert not have_a_top([Mask.from_array(cells(seed)) for seed in range(3)])


def test_a_picture_on_its_side_is_not_turned_upright() -> None:
    assert not have_a_top([Mask.from_array(np.ascontiguousarray(street().T))])


def test_a_diagonal_says_nothing_about_up() -> None:
    rows, columns = np.indices((300, 300))
    assert not have_a_top([Mask.from_array((rows + columns > 300).astype(np.uint8))])


def test_two_strokes_tell_where_was_painted_not_where_things_are() -> None:
    mask = np.full((300, 400), UNLABELLED, np.uint8)
    mask[20:25, 50:350] = 0
    mask[280:285, 50:350] = 1
    assert not have_a_top([Mask.from_array(mask)])
    assert not have_a_top([])
    assert not have_a_top([Mask(300, 400)])


def test_many_strokes_are_enough() -> None:
    random = np.random.default_rng(0)
    mask = np.full((300, 400), UNLABELLED, np.uint8)
    for row, column in random.integers(0, 280, (150, 2)):
        mask[row : row + 5, column : column + 20] = street()[row : row + 5, column : column + 20]
    assert have_a_top([Mask.from_array(mask)])


def test_the_share_is_that_of_the_textbook() -> None:
    """η² as one minus the variance left within the classes."""
    random = np.random.default_rng(1)
    classes, at = random.integers(0, 3, 500), random.random(500)
    at += 0.4 * classes
    sums = np.zeros((3, 256))
    for cls in range(3):
        own = at[classes == cls]
        sums[:, cls] = len(own), own.sum(), (own**2).sum()
    within = sum(((at[classes == c] - at[classes == c].mean()) ** 2).sum() for c in range(3))
    assert explained(sums) == pytest.approx(1 - within / ((at - at.mean()) ** 2).sum())
