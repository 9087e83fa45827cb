"""Which parts of a piece of an image belong together with one of them, by colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import Pixels

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]

_NOISE_LEAST = 2.0  # of 255: the steps of 8-bit colours
_NOISE_SHARE = 3.0  # within so many deviations a difference is noise
_USUAL_TOLERANCE = 24.0  # at which the border between alike and not lies where it is found


@dataclass(frozen=True)
class _Parts:
    """Mean colours float64[n, 3], deviations within and pixels, float64[n]."""

    means: _Floats
    deviations: _Floats
    pixels: _Floats


def belonging(
    pixels: Pixels, parts: Numbers, inside: Bools, row: int, column: int, *, tolerance: int = 24
) -> Bools:
    """What is inside, alike in colour to the part under one pixel, and 4-connected to it.

    The parts' distances in colour to that one fall into a nearer and a farther group; the border
    between the two is where Otsu puts it (A Threshold Selection Method from Gray-Level Histograms,
    1979). Where the groups are no further apart than pixels within one part differ, there is no
    edge, and what is within the noise is alike.

    Args:
        pixels: uint8[h, w, 3].
        parts: int64[h, w], a number for each part, such as a superpixel's.
        inside: bool[h, w], what is asked about.
        tolerance: 0…255, scales the border; 24 leaves it.

    Returns:
        bool[h, w]; empty where the pixel itself is not inside.
    """
    if not inside[row, column]:
        return np.zeros_like(inside)
    measured = _measured(pixels, parts)
    distance = np.sqrt(((measured.means - measured.means[parts[row, column]]) ** 2).sum(axis=1))
    asked = np.zeros(len(distance), np.bool_)
    asked[parts[inside]] = True
    noise = max(float(np.median(measured.deviations[asked])), _NOISE_LEAST)
    border, gap = _border(distance[asked], measured.pixels[asked])
    if gap < noise:
        border = max(border, _NOISE_SHARE * noise)
    alike = distance <= border * tolerance / _USUAL_TOLERANCE
    numbers, _ = ndimage.label(alike[parts] & inside)
    found: Bools = numbers == numbers[row, column]
    return found


def _measured(pixels: Pixels, parts: Numbers) -> _Parts:
    flat = parts.ravel()
    counts = np.bincount(flat)
    amount = np.maximum(counts, 1).astype(np.float64)
    colours = pixels.reshape(-1, 3).astype(np.float64)
    means = np.stack([np.bincount(flat, colours[:, k]) for k in range(3)], axis=1) / amount[:, None]
    squares = np.bincount(flat, np.einsum("ij,ij->i", colours, colours)) / amount
    variance = np.maximum(squares - (means**2).sum(axis=1), 0.0)
    return _Parts(means, np.sqrt(variance), counts.astype(np.float64))


def _border(distance: _Floats, weight: _Floats) -> tuple[float, float]:
    """The distance that divides two groups best, and how far apart their means are."""
    order = np.argsort(distance, kind="stable")
    distance, weight = distance[order], weight[order]
    if len(distance) < 2:
        return 0.0, 0.0
    below, sums = np.cumsum(weight), np.cumsum(weight * distance)
    above = below[-1] - below[:-1]
    low, high = sums[:-1] / below[:-1], (sums[-1] - sums[:-1]) / above
    best = int(np.argmax(below[:-1] * above * (high - low) ** 2))
    return float(distance[best] + distance[best + 1]) / 2, float(high[best] - low[best])
