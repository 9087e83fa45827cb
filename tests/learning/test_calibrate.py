"""What is called 90 % sure is right nine times in ten."""

from __future__ import annotations

import numpy as np
import pytest
from blobs import COMPUTE, scene, start
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.calibrate import (
    Calibration,
    Logits,
    Truth,
    calibrate,
    calibration_error,
    temperature,
)
from cnnseg_gui.learning.card import with_check
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.propose import propose


def sample(seed: int, hotter: float, count: int = 4000, classes: int = 3) -> tuple[Logits, Truth]:
    """Logits that are `hotter` times what the truth was drawn from."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (count, classes))
    shares = special.softmax(logits, axis=1).cumsum(1)
    truth = (random.random((count, 1)) > shares).sum(1).astype(np.uint8)
    return (logits * hotter).astype(np.float32), truth


def slow_loss(logits: Logits, truth: Truth, at: float) -> float:
    total = 0.0
    for row, true in zip(logits.astype(np.float64) / at, truth, strict=True):
        total -= row[true] - np.log(np.exp(row - row.max()).sum()) - row.max()
    return total / len(truth)


def slow_error(probabilities: Logits, truth: Truth) -> float:
    total = 0.0
    for number in range(15):
        inside = [
            (row.max(), row.argmax() == true)
            for row, true in zip(probabilities, truth, strict=True)
            if min(14, int(row.max() * 15)) == number
        ]
        if inside:
            sure, right = np.mean(inside, axis=0)
            total += len(inside) / len(truth) * abs(sure - right)
    return float(total)


@given(st.integers(0, 2**32), st.floats(0.2, 5))
def test_it_is_the_best_of_all_temperatures_on_a_grid(seed: int, hotter: float) -> None:
    logits, truth = sample(seed, hotter, 60)
    found = temperature(logits, truth)
    assert 0.1 <= found <= 10
    best = min(slow_loss(logits, truth, at) for at in np.geomspace(0.1, 10, 60))
    assert slow_loss(logits, truth, found) <= best + 1e-9


@pytest.mark.parametrize("hotter", [0.5, 1.0, 3.0])
def test_a_network_that_is_too_sure_is_cooled_to_what_it_knows(hotter: float) -> None:
    found = calibrate(*sample(1, hotter))
    assert found.temperature == pytest.approx(hotter, rel=0.08)
    assert found.error < 0.03
    assert found.error <= found.error_before + 0.01
    assert found.pixels == 4000


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_the_error_is_that_of_the_definition(seed: int, count: int) -> None:
    logits, truth = sample(seed, 2, count)
    probabilities = special.softmax(logits, axis=1)
    assert calibration_error(probabilities, truth) == pytest.approx(
        slow_error(probabilities, truth)
    )


def test_where_all_is_right_or_nothing_told_there_still_is_a_temperature() -> None:
    truth = np.zeros(9, np.uint8)
    sure = np.tile(np.array([[5, 0]], np.float32), (9, 1))
    assert temperature(sure, truth) == pytest.approx(0.1, rel=1e-3)
    assert temperature(-sure, truth) == pytest.approx(10, rel=1e-3)
    assert 0.1 <= temperature(np.zeros((9, 2), np.float32), truth) <= 10
    assert 0.1 <= temperature(np.full((9, 1), 3, np.float32), truth) <= 10


def test_without_pixels_nothing_can_be_said() -> None:
    with pytest.raises(ValueError, match="no pixels"):
        calibrate(np.zeros((0, 2), np.float32), np.zeros(0, np.uint8))
    assert calibration_error(np.zeros((0, 2)), np.zeros(0, np.uint8)) == 0


def proposed(model: Model, pixels: Pixels) -> tuple[Pixels, Pixels]:
    classes, confidence = (np.zeros(pixels.shape[:2], np.uint8) for _ in "ab")

    def take(rect: Rect, found: Pixels, sure: Pixels) -> None:
        classes[rect.slices], confidence[rect.slices] = found, sure

    propose(model, pixels, COMPUTE, on_region=take)
    return classes, confidence


def test_a_proposal_is_as_sure_as_its_model_was_found_to_be() -> None:
    model, (pixels, _) = start(), scene(1)
    cooled = with_check(model.card, None, calibration=Calibration(3.0, 0.2, 0.02, 500))
    before, after = proposed(model, pixels), proposed(Model(model.network, cooled), pixels)
    assert (before[0] == after[0]).all()
    odds = np.log(before[1] / (255.0 - before[1] + 1e-6))
    expected = 255 / (1 + np.exp(-odds / 3))
    sharp = before[1] < 250  # above, one step of 256 is much of the odds
    assert np.abs(expected - after[1])[sharp].max() < 2
    assert after[1].mean() < before[1].mean()
