"""Confidence that means what it says: a temperature for the logits, and how far off they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Logits = npt.NDArray[np.float32]
"""float32[pixels, classes]."""
Truth = npt.NDArray[np.uint8]
"""uint8[pixels], class indices."""

_BINS = 15
_COLDEST, _HOTTEST = 0.1, 10.0  # where all pixels are right there is no best temperature
_STEPS, _CLOSE = 50, 1e-6


@dataclass(frozen=True)
class Calibration:
    """What the logits are divided by before the softmax, and what for."""

    temperature: float
    """Above 1 where the network is too sure of itself."""
    error_before: float
    """Expected calibration error on the held-out pixels, 0…1."""
    error: float
    """The same after dividing."""
    pixels: int
    """It is from."""


def calibrate(logits: Logits, truth: Truth) -> Calibration:
    """The temperature of the least negative log-likelihood, which changes no proposed class.

    Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Raises:
        ValueError: there are no pixels.
    """
    if not len(truth):
        raise ValueError("no pixels to calibrate with")
    found = temperature(logits, truth)
    return Calibration(
        found,
        calibration_error(special.softmax(logits, axis=1), truth),
        calibration_error(special.softmax(logits / found, axis=1), truth),
        len(truth),
    )


def temperature(logits: Logits, truth: Truth) -> float:
    """Newton's method on its inverse, in which the likelihood is convex, between bounds."""
    scores = logits.astype(np.float64)
    scores -= scores.max(1, keepdims=True)
    true = scores[np.arange(len(truth)), truth]
    low, high = 1 / _HOTTEST, 1 / _COLDEST
    inverse = 1.0
    for _ in range(_STEPS):
        shares = special.softmax(scores * inverse, axis=1)
        mean = (shares * scores).sum(1)
        slope = float((mean - true).mean())
        curve = float(((shares * scores**2).sum(1) - mean**2).mean())
        low, high = (low, inverse) if slope > 0 else (inverse, high)
        step = inverse - slope / curve if curve > 0 else np.nan
        wanted = step if low < step < high else (low + high) / 2
        if abs(wanted - inverse) < _CLOSE:
            break
        inverse = wanted
    return 1 / inverse


def calibration_error(probabilities: npt.NDArray[np.floating], truth: Truth) -> float:
    """How far confidence is from the share that is right, in the mean over pixels, 0…1.

    Over 15 equally wide intervals of the confidence, each weighed by its pixels (M. P. Naeini et
    al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015).

    Args:
        probabilities: float[pixels, classes].
    """
    if not len(truth):
        return 0.0
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, confidence - right, _BINS)
    return float(np.abs(gaps).sum() / len(truth))
