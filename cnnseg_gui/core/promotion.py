"""Whether a candidate may take the place of the current model: a paired bootstrap over images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy import special

from cnnseg_gui.core.metrics import Confusion

Outcome = Literal["better", "not worse", "not better", "unproven"]
Over = Literal["images", "tiles"]

BETTER: Final = "better"
NOT_WORSE: Final = "not worse"
NOT_BETTER: Final = "not better"
UNPROVEN: Final = "unproven"

MARGIN = 0.01
"""Mean IoU that a candidate must not lose."""
BETTER_FROM = 0.95
"""The probability of being better from which on a candidate is called so."""
LIKELY_FROM = 0.93
"""The probability of being better from which on it is promoted, if it is `SAFE` too.

A project promotes often, and the candidate is the best of several states by the very pixels that
it is judged on. In 2,400 simulated runs that nothing was chosen by (`tests/bench/promotion.py`,
seeds 5000 to 5047) 1 promotion of 7,426 truly lost more than `MARGIN`, 0.0108, and three in four of
the candidates that had gained more than 0.03 were promoted.
"""
SAFE = 0.95
"""The least probability that no more than `MARGIN` is lost."""
LEAST_GAIN = 0.03
"""Mean IoU that a candidate must seem to gain on the `FEWEST` units; on n times as many an nth.

A candidate is the best of several states by the same units. Of four to nine, a wrong mask among
them, it seems to have gained a hundredth more often than the bootstrap knows.
"""
UNPROVEN_MARGIN = 0.1
"""Mean IoU that a candidate may seem to lose where there is too little evidence to tell.

Of a few tiles, all of one or two images, some hundredths more or less say nothing about the
others: what was taught more and truly gained 0.28 has seemed to lose 0.05 on eight such tiles, and
with a margin of that the weights of the beginning were kept for another half minute on six.
"""
FEWEST: Final[dict[Over, int]] = {"images": 4, "tiles": 8}
"""Equally large units that anything can be said from."""

_DRAWS = 2000
_LEAST_ERROR = 0.001  # of the gain: a few units that agree by chance are no certainty
_INTERVAL = 0.9  # one in twenty on each side

_Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What held-out pixels say of a candidate beside the current model."""

    outcome: Outcome
    gain: float = 0.0
    """Of mean IoU, candidate − current."""
    low: float = 0.0
    high: float = 0.0
    """It lies between these with a probability of 90 %."""
    chance: float = 0.5
    """The probability that the candidate is better."""
    units: int = 0
    """Held-out images, or tiles of decided pixels while there are too few images."""
    over: Over = "images"

    @property
    def promotes(self) -> bool:
        """Whether the candidate is to propose from now on.

        An unproven one is unless what little there is speaks clearly against it: it has learnt
        from more, and without any held-out pixels nothing would ever be learnt otherwise.
        """
        if self.outcome == UNPROVEN:
            return self.gain >= -UNPROVEN_MARGIN
        return self.outcome in (BETTER, NOT_WORSE)

    def in_words(self) -> str:
        """One line for a person, with the numbers it is from."""
        if not self.units:
            return "unproven: nothing is held out yet"
        evidence = f"on {self.evidence()}"
        change = f"IoU {self.gain:+.3f}".replace("-", "−")
        if self.outcome == UNPROVEN:
            return f"unproven: {change} {evidence}, too few to tell"
        between = f"{self.low:+.3f} to {self.high:+.3f}".replace("-", "−")
        chance = self.outcome == NOT_BETTER and self.chance >= LIKELY_FROM
        little = ", too little on so few" if chance else ""
        return f"{self.outcome}: {change} ({between}) {evidence}{little}"

    def sentence(self) -> str:
        """The same, as a sentence begins."""
        words = self.in_words()
        return words[0].upper() + words[1:]

    def evidence(self) -> str:
        """What it is from: `9 held-out images`."""
        noun = self.over if self.units > 1 else self.over.removesuffix("s")
        return f"{self.units} held-out {noun}"

    @classmethod
    def without_evidence(cls) -> Self:
        """Nothing is held out."""
        return cls(UNPROVEN)


def compare(
    current: Confusion,
    candidate: Confusion,
    *,
    over: Over = "images",
    seed: int = 0,
    draws: int = _DRAWS,
) -> Verdict:
    """Compares two models on the same units, which are drawn anew with replacement.

    The differences of the pooled mean IoU, with percentiles expanded by Student's t, since those of
    so few units are too narrow (T. Hesterberg, "What Teachers Should Know About the Bootstrap", The
    American Statistician 69, 2015): an image that gained much is no sign that others lost. Units
    that hold many pixels count for more, so degrees of freedom are those of as many equal ones.

    Args:
        current, candidate: int64[n, classes, classes], [unit, truth, predicted]. Units without
            decided pixels say nothing, nor do classes that no unit's truth holds.

    Raises:
        ValueError: they are not about the same pixels.
    """
    if current.shape != candidate.shape or (current.sum(2) != candidate.sum(2)).any():
        raise ValueError("the two models were not scored on the same pixels")
    decided = current.sum((1, 2)) > 0
    before, after = _counts(current[decided]), _counts(candidate[decided])
    units = int(decided.sum())
    if units == 0:
        return Verdict.without_evidence()
    whole = np.ones((1, units))
    gain = float((_mean_iou(whole, after) - _mean_iou(whole, before))[0])
    equal = effective(current[decided])
    if units == 1:
        return Verdict(UNPROVEN, gain, gain, gain, 0.5, units, over)
    weights = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), draws)
    gains = _mean_iou(weights, after) - _mean_iou(weights, before)
    gains += np.random.default_rng([seed, 1]).normal(0, _LEAST_ERROR, draws)
    freedom = max(1.0, equal - 1)
    shrunk = ((units - 1) / units) ** 0.5  # what the bootstrap's error is too small by

    def above(threshold: float) -> float:
        below = (np.count_nonzero(gains <= threshold) + 0.5) / (draws + 1)
        return 1 - float(special.stdtr(freedom, special.ndtri(below) * shrunk))

    reach = special.stdtrit(freedom, (1 + _INTERVAL) / 2) / shrunk
    shares = special.ndtr([-reach, reach])
    low, high = (float(quantile) for quantile in np.quantile(gains, shares))
    lucky = gain < LEAST_GAIN * FEWEST[over] / equal
    outcome: Outcome
    if equal < FEWEST[over] - 0.5:
        outcome = UNPROVEN
    elif above(0) < LIKELY_FROM or above(-MARGIN) < SAFE or lucky:
        outcome = NOT_BETTER
    else:
        outcome = BETTER if above(0) >= BETTER_FROM else NOT_WORSE
    return Verdict(outcome, gain, min(low, gain), max(high, gain), above(0), units, over)


def _counts(confusion: Confusion) -> _Counts:
    """float64[3, n, classes]: right ones, those of the truth, those predicted."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    return np.stack([hits, confusion.sum(2), confusion.sum(1)]).astype(np.float64)


def _mean_iou(weights: npt.NDArray[np.generic], counts: _Counts) -> npt.NDArray[np.float64]:
    """Pooled mean IoU over the classes present, float64[draws]; weights are [draws, n].

    Every draw holds at least one unit with decided pixels, and so a class.
    """
    hits, true, said = (weights.astype(np.float64) @ part for part in counts)
    present = true > 0
    union = true + said - hits
    ratio = np.divide(hits, union, out=np.zeros_like(hits), where=present)
    mean: npt.NDArray[np.float64] = ratio.sum(1) / present.sum(1)
    return mean


def effective(confusion: Confusion) -> float:
    """How many equally large units tell as much (L. Kish, "Survey Sampling", 1965).

    Args:
        confusion: int64[n, classes, classes], with decided pixels in some unit.
    """
    sizes = confusion.sum((1, 2)).astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes**2).sum())
