"""How much work is left is said from the scores so far, with what is not known of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.forecast import Forecast, forecast

COUNTS = [1, 2, 4, 6, 9, 12, 16]


def dice(count: float, a: float = 0.4, b: float = 0.6, c: float = 0.0) -> float:
    return float(1 - c - a * count**-b)


def test_a_clean_curve_is_gone_on_with() -> None:
    found = forecast(COUNTS, [dice(n) for n in COUNTS], target=0.95)
    truly = (0.4 / 0.05) ** (1 / 0.6) - 16
    assert found.more == pytest.approx(truly, rel=0.25)
    assert found.more is not None
    assert found.fewest is not None
    assert found.fewest <= found.more
    assert found.most is None or found.more <= found.most
    assert found.gain == pytest.approx(dice(21) - dice(16), rel=0.2)
    assert not found.flat


def test_most_true_numbers_lie_between_those_that_are_said() -> None:
    truly, inside = (0.3 / 0.06) ** (1 / 0.7) - 9, 0
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(0, 0.01, 6)
        scores = [dice(n, 0.3, 0.7) + e for n, e in zip(COUNTS[:6], noise, strict=True)]
        found = forecast(COUNTS[:6], scores, target=0.94)
        low = found.fewest if found.fewest is not None else np.inf
        high = found.most if found.most is not None else np.inf
        inside += low <= truly + 3 and truly - 3 <= high
    assert inside >= 42


def test_a_flat_curve_says_that_stopping_loses_little() -> None:
    scores = [dice(n, 0.3, 1.5, 0.12) for n in [*COUNTS, 24, 32]]
    found = forecast([*COUNTS, 24, 32], scores)
    assert found.more is None
    assert found.flat
    assert found.in_words() == (
        "Dice 0.95 is out of reach as it goes now; the curve is flat, stopping loses little"
    )


def test_what_is_reached_is_said_to_be() -> None:
    found = forecast(COUNTS, [dice(n, 0.1, 1) for n in COUNTS], target=0.9)
    assert found.more == 0
    assert found.in_words().startswith("Dice 0.90 is reached")


@pytest.mark.parametrize("points", [0, 1, 2, 3])
def test_of_a_few_scores_nothing_is_said(points: int) -> None:
    found = forecast(COUNTS[:points], [dice(n) for n in COUNTS[:points]])
    assert found.more is None
    assert found.in_words() == f"too early to tell: {points} of 4 scores"
    assert not found.flat


def test_the_words_hold_the_numbers() -> None:
    assert (
        Forecast(0.95, 9, 5, 20, 0.02, 7).in_words() == "about 9 more images (5 to 20) to Dice 0.95"
    )
    assert Forecast(0.95, 1, 1, None, 0.001, 7).in_words() == (
        "about 1 more image (1 to many) to Dice 0.95; the curve is flat, stopping loses little"
    )


@given(
    st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1) | st.just(float("nan"))), max_size=20),
    st.floats(0.5, 0.999),
)
def test_any_scores_give_a_forecast(points: list[tuple[int, float]], target: float) -> None:
    found = forecast([n for n, _ in points], [s for _, s in points], target=target)
    assert np.isfinite(found.gain)
    assert found.in_words()
    if found.more is not None and found.fewest is not None:
        assert 0 <= found.fewest <= found.more
