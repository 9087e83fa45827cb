"""The learning rate over a budget."""

from __future__ import annotations

import time

import pytest

from cnnseg_gui.learning.schedule import WARM_UP, Budget


def test_the_rate_rises_then_falls_to_nothing() -> None:
    budget = Budget(None, 200)
    rates = []
    for done in range(200):
        budget.done = done
        rates.append(budget.rate())
    peak = rates.index(max(rates))
    assert abs(peak - WARM_UP) <= 2
    assert rates[0] < 0.1
    assert max(rates) > 0.9
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 0.001


def test_steps_are_counted() -> None:
    budget = Budget(None, 4)
    assert budget.fraction == 0
    budget.done = 4
    assert budget.fraction == 1
    assert budget.left == 0


def test_a_reserve_is_kept_for_the_end() -> None:
    budget = Budget(1000.0, None)
    budget.reserve = 999.999
    time.sleep(0.01)
    assert budget.fraction >= 1
    assert 900 < budget.left < 1000


def test_time_stood_aside_is_given_back() -> None:
    budget = Budget(10.0, None)
    time.sleep(0.05)
    before = budget.elapsed
    budget.stood_aside(0.04)
    assert budget.elapsed < before


@pytest.mark.parametrize(("seconds", "steps"), [(None, None), (1.0, 1)])
def test_it_is_either_seconds_or_steps(seconds: float | None, steps: int | None) -> None:
    with pytest.raises(ValueError, match="either"):
        Budget(seconds, steps)
