"""How many images more it takes: a power law through the scores so far, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TARGET = 0.95
"""Of Dice."""

_FEWEST = 4  # points that a curve with three unknowns can be drawn through with any error
_DRAWS = 400
_FLOORS = np.append(np.arange(0, 1, 0.05), 0.99)  # of the smallest error so far
_STEEPEST = 3.0
_LEAST_ERROR = 0.002  # of a measured score
_NEXT, _FLAT = 5, 0.005  # images, and the gain from them below which the curve is flat
_REACHED_SHARE = 0.5  # of the curves drawn, from which on the target is within reach
_FARTHEST = 10_000  # images

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """What more work would bring."""

    target: float
    more: int | None
    """Images more to the target; None: out of reach, or too early to tell."""
    fewest: int | None = None
    most: int | None = None
    """Four in five curves reach it between these; None: some never do."""
    gain: float = 0.0
    """Expected of the next five images."""
    points: int = 0

    @property
    def flat(self) -> bool:
        """More images bring next to nothing."""
        return self.points >= _FEWEST and self.gain < _FLAT

    def in_words(self) -> str:
        """One line for a person."""
        aim = f"Dice {self.target:.2f}"
        if self.points < _FEWEST:
            return f"too early to tell: {self.points} of {_FEWEST} scores"
        flat = "; the curve is flat, stopping loses little" if self.flat else ""
        if self.more == 0:
            return f"{aim} is reached{flat}"
        if self.more is None:
            return f"{aim} is out of reach as it goes now{flat}"
        images = "image" if self.more == 1 else "images"
        upper = f"{self.most}" if self.most is not None else "many"
        between = "" if self.fewest == self.most else f" ({self.fewest} to {upper})"
        return f"about {self.more} more {images}{between} to {aim}{flat}"


def forecast(
    images: Sequence[float], scores: Sequence[float], *, target: float = TARGET, seed: int = 0
) -> Forecast:
    """Fits 1 − score = c + a · images⁻ᵇ, and again to scores with their residuals drawn anew.

    The power law with a floor is the usual one for learning curves (J. Hestness et al., "Deep
    Learning Scaling is Predictable, Empirically", 2017).

    Args:
        images: learnt from, at least 1, of every revision that was measured.
        scores: its Dice, 0…1.
    """
    counts, errors = np.asarray(images, np.float64), 1 - np.asarray(scores, np.float64)
    known = np.isfinite(errors) & (counts >= 1)
    counts, errors = counts[known], np.clip(errors[known], 1e-6, 1.0)
    points = len(np.unique(counts))
    if points < _FEWEST:
        return Forecast(target, None, points=points)
    fitted = _fit(counts, errors[None])
    curve = _at(fitted, counts)[0]
    residuals = (errors - curve) * math.sqrt(len(errors) / max(1, len(errors) - 3))
    random = np.random.default_rng(seed)
    drawn = random.choice(residuals, (_DRAWS, len(errors)))
    drawn += random.normal(0, _LEAST_ERROR, drawn.shape)
    curves = _fit(counts, np.clip(curve + drawn, 1e-6, 1.0))
    now = float(counts.max())
    ends = _at(curves, np.array([now, now + _NEXT]))
    gain = float(np.median(ends[:, 0] - ends[:, 1]))
    more = _more(curves, 1 - target, now)
    middle, low, high = (float(q) for q in np.quantile(more, (0.5, 0.1, 0.9), method="higher"))
    within = (more < _FARTHEST).mean() >= _REACHED_SHARE
    return Forecast(
        target,
        math.ceil(middle) if within and middle < _FARTHEST else None,
        math.ceil(low) if low < _FARTHEST else None,
        math.ceil(high) if high < _FARTHEST else None,
        gain,
        points,
    )


def _fit(counts: _Floats, errors: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    """c, a and b, float64[n] each, of the curves closest to errors float64[n, points].

    For every floor c of a grid a straight line of the logarithms; the floor of the least squares.
    """
    x = np.log(counts)
    centred = x - x.mean()
    floors = _FLOORS[:, None] * errors.min(1)
    y = np.log(np.maximum(errors - floors[..., None], 1e-9))
    slope = (y * centred).sum(-1) / (centred**2).sum()
    b = np.clip(-slope, 0, _STEEPEST)
    a = np.exp(y.mean(-1) + b * x.mean())
    off = (floors[..., None] + a[..., None] * np.exp(-b[..., None] * x) - errors) ** 2
    best = off.sum(-1).argmin(0)
    every = np.arange(len(errors))
    return floors[best, every], a[best, every], b[best, every]


def _at(curves: tuple[_Floats, _Floats, _Floats], counts: _Floats) -> _Floats:
    """The errors float64[n, counts] after so many images."""
    c, a, b = (part[:, None] for part in curves)
    errors: _Floats = c + a * counts**-b
    return errors


def _more(curves: tuple[_Floats, _Floats, _Floats], error: float, now: float) -> _Floats:
    """Images until the error is no larger, float64[n]; at most `_FARTHEST`."""
    c, a, b = curves
    left = np.maximum(error - c, 1e-12)
    with np.errstate(over="ignore", divide="ignore"):
        wanted = np.exp(np.minimum(np.log(a / left) / np.maximum(b, 1e-9), 60.0))
    wanted = np.where(error > c, wanted, np.inf)
    return np.clip(wanted - now, 0, _FARTHEST)
