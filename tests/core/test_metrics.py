"""Scores, on decided pixels only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.metrics import (
    confusion_matrix,
    dice,
    iou,
    mean_iou,
    pixel_accuracy,
)

CLASSES = 3
truths = arrays(np.uint8, (6, 5), elements=st.sampled_from([0, 1, 2, UNLABELLED]))
guesses = arrays(np.uint8, (6, 5), elements=st.integers(0, CLASSES - 1))


@given(truths, guesses)
def test_iou_and_dice_are_what_their_definitions_say(truth: np.ndarray, guess: np.ndarray) -> None:
    counts = confusion_matrix(truth, guess, CLASSES)
    decided = truth != UNLABELLED
    assert counts.sum() == decided.sum()
    for cls in range(CLASSES):
        true, said = (truth == cls) & decided, (guess == cls) & decided
        both, either = (true & said).sum(), (true | said).sum()
        if either:
            assert iou(counts)[cls] == pytest.approx(both / either)
            assert dice(counts)[cls] == pytest.approx(2 * both / (true.sum() + said.sum()))
        else:
            assert np.isnan(iou(counts)[cls])
            assert np.isnan(dice(counts)[cls])


@given(truths, guesses, guesses)
def test_undecided_pixels_count_nowhere(
    truth: np.ndarray, guess: np.ndarray, other: np.ndarray
) -> None:
    elsewhere = np.where(truth == UNLABELLED, other, guess)
    same = confusion_matrix(truth, guess, CLASSES) == confusion_matrix(truth, elsewhere, CLASSES)
    assert same.all()


@given(truths, guesses, truths, guesses)
def test_two_images_score_as_one_made_of_both(
    truth: np.ndarray, guess: np.ndarray, truth2: np.ndarray, guess2: np.ndarray
) -> None:
    both = confusion_matrix(
        np.concatenate([truth, truth2]), np.concatenate([guess, guess2]), CLASSES
    )
    apart = confusion_matrix(truth, guess, CLASSES) + confusion_matrix(truth2, guess2, CLASSES)
    assert (both == apart).all()


def test_a_perfect_prediction_scores_one() -> None:
    truth = np.array([[0, 1, UNLABELLED]], np.uint8)
    counts = confusion_matrix(truth, np.array([[0, 1, 2]], np.uint8), CLASSES)
    assert mean_iou(counts) == 1.0
    assert pixel_accuracy(counts) == 1.0


def test_the_mean_is_over_the_classes_that_are_there() -> None:
    truth = np.array([[0, 0, 1, 1]], np.uint8)
    counts = confusion_matrix(truth, np.array([[0, 0, 1, 2]], np.uint8), CLASSES)
    assert mean_iou(counts) == pytest.approx((1 + 0.5) / 2)


def test_with_nothing_decided_there_is_no_score() -> None:
    nothing = np.full((2, 2), UNLABELLED, np.uint8)
    counts = confusion_matrix(nothing, np.zeros((2, 2), np.uint8), CLASSES)
    assert mean_iou(counts) is None
    assert pixel_accuracy(counts) is None


def test_shapes_and_classes_must_fit() -> None:
    one = np.zeros((2, 2), np.uint8)
    with pytest.raises(ValueError, match="shapes"):
        confusion_matrix(one, np.zeros((2, 3), np.uint8), CLASSES)
    with pytest.raises(ValueError, match="beyond"):
        confusion_matrix(one, np.full((2, 2), CLASSES, np.uint8), CLASSES)
