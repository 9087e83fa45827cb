"""A candidate takes the current model's place only where held-out pixels say that it may."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.metrics import Confusion, confusion_matrix, mean_iou
from cnnseg_gui.core.promotion import (
    BETTER,
    NOT_BETTER,
    NOT_WORSE,
    UNPROVEN,
    Verdict,
    compare,
)

BENCH = Path(__file__).parents[1] / "bench" / "promotion.py"


def scored(random: np.random.Generator, right: float, units: int, classes: int = 2) -> Confusion:
    """A model that says the right class with a probability of `right`, on the same truths."""
    truths = np.random.default_rng(99).integers(0, classes, (units, 400)).astype(np.uint8)
    said = np.where(
        random.random(truths.shape) < right, truths, random.integers(0, classes, truths.shape)
    ).astype(np.uint8)
    return np.stack([confusion_matrix(t, s, classes) for t, s in zip(truths, said, strict=True)])


def slow_gain(current: Confusion, candidate: Confusion, drawn: list[int]) -> float:
    """The difference of pooled mean IoU, by the definition."""
    after = mean_iou(sum((candidate[i] for i in drawn), np.zeros_like(candidate[0])))
    before = mean_iou(sum((current[i] for i in drawn), np.zeros_like(current[0])))
    assert after is not None
    assert before is not None
    return after - before


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(2, 4))
def test_the_gain_is_that_of_the_pooled_scores(seed: int, units: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 5, (units, classes, 1)) * random.integers(0, 2, (units, classes, 1))
    pair: list[Confusion] = []
    for _ in range(2):
        shares = random.dirichlet(np.ones(classes), (units, classes))
        counts = np.floor(truth * 20 * shares).astype(np.int64)
        counts[..., 0] += truth[..., 0] * 20 - counts.sum(2)
        pair.append(counts)
    verdict = compare(pair[0], pair[1], draws=50)
    if not truth.any():
        assert verdict == Verdict.without_evidence()
        return
    expected = slow_gain(pair[0], pair[1], list(range(units)))
    assert verdict.gain == pytest.approx(expected)
    assert verdict.low <= verdict.gain <= verdict.high
    assert verdict.units == int(truth.any((1, 2)).sum())


def test_its_error_is_that_of_drawing_one_by_one() -> None:
    random = np.random.default_rng(1)
    current, candidate = scored(random, 0.6, 6), scored(random, 0.65, 6)
    slow = [slow_gain(current, candidate, random.integers(0, 6, 6).tolist()) for _ in range(4000)]
    verdict = compare(current, candidate, draws=4000)
    t = 2.015  # of 5 degrees of freedom, 95 %: any table
    expected = np.std(slow) * np.sqrt(6 / 5) * t
    assert verdict.high - verdict.gain == pytest.approx(expected, rel=0.05)


def test_clearly_better_and_clearly_worse_are_told_apart() -> None:
    random = np.random.default_rng(0)
    good, bad = scored(random, 0.9, 8), scored(random, 0.5, 8)
    assert compare(bad, good).outcome == BETTER
    assert compare(bad, good).promotes
    worse = compare(good, bad)
    assert worse.outcome == NOT_BETTER
    assert not worse.promotes
    assert worse.gain == -compare(bad, good).gain


def test_an_image_that_gained_much_is_no_sign_that_others_lost() -> None:
    current = np.array([[[900, 100], [100, 900]]] * 8, np.int64)
    candidate = current.copy()
    for unit, gain in enumerate([90, 3, 2, 5, 80, 1, 4, 6]):
        candidate[unit, 1] += [-gain, gain]
    verdict = compare(current, candidate)
    assert verdict.outcome == BETTER
    assert verdict.low > 0


def test_the_same_twice_is_no_better() -> None:
    same = scored(np.random.default_rng(0), 0.8, 8)
    verdict = compare(same, same)
    assert (verdict.outcome, verdict.gain) == (NOT_BETTER, 0)
    assert verdict.chance == pytest.approx(0.5, abs=0.05)


def test_what_is_probably_better_and_surely_not_worse_is_not_called_better() -> None:
    current = np.array([[[900, 100], [100, 900]]] * 8, np.int64)
    candidate = current.copy()
    for unit, change in enumerate([60, -18, 54, -12, 48, 6, 0, 24]):
        candidate[unit, 1] += [-change, change]
    assert compare(current, candidate).outcome == NOT_WORSE


@pytest.mark.parametrize(("units", "outcome"), [(4, NOT_BETTER), (10, NOT_BETTER), (13, BETTER)])
def test_a_hundredth_gained_on_a_few_is_chance(units: int, outcome: str) -> None:
    current = np.array([[[900, 100], [100, 900]]] * units, np.int64)
    candidate = current + np.array([[0, 0], [-12, 12]])
    verdict = compare(current, candidate)
    assert 0 < verdict.low <= verdict.gain < 0.025
    assert verdict.outcome == outcome
    assert ("too little on so few" in verdict.in_words()) == (outcome == NOT_BETTER)


@pytest.mark.parametrize("units", [1, 2, 3])
def test_of_a_few_images_nothing_is_proven(units: int) -> None:
    random = np.random.default_rng(0)
    good, bad = scored(random, 0.9, units), scored(random, 0.5, units)
    assert compare(bad, good).outcome == UNPROVEN
    assert compare(bad, good).promotes
    assert not compare(good, bad).promotes
    assert "too few to tell" in compare(bad, good).in_words()


def test_one_large_image_among_small_ones_counts_as_one() -> None:
    random = np.random.default_rng(0)
    good, bad = scored(random, 0.9, 6), scored(random, 0.5, 6)
    good[0] *= 1000
    bad[0] *= 1000
    assert compare(bad, good).outcome == UNPROVEN


def test_tiles_must_be_more_than_images() -> None:
    random = np.random.default_rng(0)
    good, bad = scored(random, 0.9, 6), scored(random, 0.5, 6)
    assert compare(bad, good, over="images").outcome == BETTER
    assert compare(bad, good, over="tiles").outcome == UNPROVEN


def test_images_without_decided_pixels_say_nothing() -> None:
    random = np.random.default_rng(0)
    good, bad = scored(random, 0.9, 5), scored(random, 0.5, 5)
    empty = np.zeros((7, 2, 2), np.int64)
    assert compare(np.concatenate([bad, empty]), np.concatenate([good, empty])) == compare(
        bad, good
    )
    assert compare(empty, empty) == Verdict.without_evidence()
    assert Verdict.without_evidence().promotes
    assert compare(empty[:0], empty[:0]) == Verdict.without_evidence()


def test_a_class_without_a_right_pixel_counts_as_nothing_right_and_is_a_number() -> None:
    """RootPainter's F1 is not a number there, and then nothing is ever promoted again."""
    none_right = np.array([[[100, 0], [50, 0]]] * 6, np.int64)
    some_right = np.array([[[100, 0], [10, 40]]] * 6, np.int64)
    found = compare(none_right, some_right)
    assert found.outcome == BETTER
    assert found.gain == pytest.approx((100 / 110 + 0.8) / 2 - (100 / 150 + 0) / 2)


def test_an_absent_class_does_not_count_even_where_it_is_predicted() -> None:
    current = np.array([[[90, 10, 0], [5, 45, 0], [0, 0, 0]]] * 6, np.int64)
    candidate = np.array([[[90, 0, 10], [5, 45, 0], [0, 0, 0]]] * 6, np.int64)
    assert compare(current, candidate).gain == pytest.approx(
        (90 / 105 + 45 / 50) / 2 - (90 / 105 + 45 / 60) / 2
    )


def test_models_scored_on_other_pixels_are_not_compared() -> None:
    ones = np.ones((3, 2, 2), np.int64)
    with pytest.raises(ValueError, match="same pixels"):
        compare(ones, ones * 2)
    with pytest.raises(ValueError, match="same pixels"):
        compare(ones, ones[:2])


def test_the_words_hold_the_numbers() -> None:
    assert Verdict(BETTER, 0.031, 0.012, 0.05, 0.99, 9).in_words() == (
        "better: IoU +0.031 (+0.012 to +0.050) on 9 held-out images"
    )
    assert Verdict(NOT_BETTER, -0.002, -0.02, 0.016, 0.4, 30, "tiles").in_words() == (
        "not better: IoU −0.002 (−0.020 to +0.016) on 30 held-out tiles"
    )
    assert Verdict.without_evidence().in_words() == "unproven: nothing is held out yet"


def test_with_wrong_masks_among_them_promotions_do_not_make_it_worse() -> None:
    """8 simulated persons of 20 rounds; `tests/bench/promotion.py` runs more."""
    command = [sys.executable, str(BENCH), "--runs", "8", "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=100).stdout)
    assert found["promoted"] > 20
    assert found["fell by more than 0.01"] == 0
