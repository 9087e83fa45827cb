"""The border weights are the formula of the U-Net paper, and cheap ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cnnseg_gui.core.border_weights import CUT_OFF, Weights, border_weights, objects, reach, weigh
from cnnseg_gui.core.mask import UNLABELLED, Pixels


def by_the_formula(mask: Pixels, w0: float, sigma: float) -> Weights:
    """One distance transform per object over the whole image, nothing left out."""
    weights: Weights = (mask != UNLABELLED).astype(np.float32)
    distances = []
    for cls in set(np.unique(mask).tolist()) - {0, UNLABELLED}:
        labels, count = ndimage.label(mask == cls, np.ones((3, 3)))
        distances += [ndimage.distance_transform_edt(labels != k + 1) for k in range(count)]
    if len(distances) > 1:
        d1, d2 = np.sort(distances, axis=0)[:2]
        weights += np.where(mask == 0, w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2)), 0)
    return weights


def scene(seed: int, height: int, width: int) -> Pixels:
    """Specks and boxes of two classes on a background that is decided in part."""
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(random.integers(8)):
        row, column = random.integers(height), random.integers(width)
        tall, wide = random.integers(1, 8, 2)
        mask[row : row + tall, column : column + wide] = random.choice([1, 4])
    mask[random.random(mask.shape) < random.choice([0, 0.02])] = 1
    mask[random.random(mask.shape) < random.choice([0, 0.3])] = UNLABELLED
    return mask


@given(
    seed=st.integers(0, 10_000),
    height=st.integers(1, 40),
    width=st.integers(1, 90),
    w0=st.sampled_from([1.0, 10.0]),
    sigma=st.sampled_from([0.4, 1.0, 2.5, 5.0]),
)
@settings(max_examples=150, deadline=None)
def test_the_weights_are_the_formulas_up_to_the_stated_bound(
    seed: int, height: int, width: int, w0: float, sigma: float
) -> None:
    mask = scene(seed, height, width)
    bound = w0 * math.exp(-(CUT_OFF**2) / 2) + 1e-5  # and the rounding of float32
    found = border_weights(mask, w0=w0, sigma=sigma)
    assert found.dtype == np.float32
    assert np.abs(found - by_the_formula(mask, w0, sigma)).max() <= bound


@given(seed=st.integers(0, 10_000), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_part_with_a_margin_has_the_weights_of_the_whole(seed: int, data: st.DataObject) -> None:
    mask = scene(seed, 60, 80)
    top, left = data.draw(st.integers(0, 59)), data.draw(st.integers(0, 79))
    sigma = 2.0
    whole, labels, margin = border_weights(mask, sigma=sigma), objects(mask), reach(sigma)
    above, before = min(top, margin), min(left, margin)
    around = np.s_[top - above : top + 20 + margin, left - before : left + 20 + margin]
    part = weigh(mask[around], labels[around], sigma=sigma)[above:, before:][:20, :20]
    assert np.array_equal(part, whole[top : top + 20, left : left + 20])


def test_the_gap_between_two_cells_weighs_most_and_the_cells_and_open_ground_one() -> None:
    mask = np.zeros((80, 80), np.uint8)
    mask[20:40, 10:30] = mask[20:40, 33:53] = 1
    weights = border_weights(mask)
    gap = weights[25:35, 30:33]
    assert gap.min() == weights[mask == 0].max() == pytest.approx(1 + 10 * math.exp(-16 / 50))
    assert (weights[mask == 1] == 1).all()
    assert weights[70, 70] == 1


def test_one_object_has_no_border_and_none_neither() -> None:
    mask = np.zeros((30, 40), np.uint8)
    assert (border_weights(mask) == 1).all()
    mask[10:20, 10:20] = 1
    assert (border_weights(mask) == 1).all()


def test_what_nobody_decided_weighs_nothing() -> None:
    mask = np.full((20, 20), UNLABELLED, np.uint8)
    mask[:, :5], mask[:, 7:12] = 1, 1
    assert np.array_equal(border_weights(mask), mask == 1)


def test_touching_corners_are_one_object_and_touching_classes_two() -> None:
    mask = np.array([[1, 0, 0], [0, 1, 2], [0, 0, 0]], np.uint8)
    labels = objects(mask)
    assert labels[0, 0] == labels[1, 1] != labels[1, 2]
    assert labels.max() == 2


def test_more_objects_than_fit_in_small_numbers_are_told_apart() -> None:
    """A checkerboard of specks with a wide sigma: the packed keys need 64 bits."""
    mask = np.zeros((260, 260), np.uint8)
    mask[::2, ::2] = 1
    weights = border_weights(mask, sigma=180.0)
    nearest_two = np.array([[0, 2], [2, 2 * math.sqrt(2)]])  # 1 + 1 beside, √2 + √2 diagonally
    expected = 1 + 10 * np.exp(-(nearest_two**2) / (2 * 180.0**2))
    expected[0, 0] = 1
    assert np.allclose(weights[:258, :258], np.tile(expected, (129, 129)), atol=1e-5)


def test_an_image_of_one_row_has_weights_too() -> None:
    assert border_weights(np.array([[1, 0, 1]], np.uint8))[0, 1] > 9
