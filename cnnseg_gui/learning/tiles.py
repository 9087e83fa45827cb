"""Tiles that cover a side of an image with overlap, and how they are blended.

Weights and steps as in nnU-Net (Isensee et al., Nature Methods 2021): Gaussian, σ = tile / 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Axis:
    """How one side of an image is covered.

    A pixel's blended value is the sum of what its tiles say, times their `weights`: on every
    pixel these sum to 1. The two axes' weights multiply.
    """

    length: int
    tile: int
    starts: tuple[int, ...]
    weights: npt.NDArray[np.float32]
    """float32[len(starts), tile]; 0 beyond the image's end."""

    def cuts(self) -> list[int]:
        """Where the set of covering tiles changes, from 0 to `length`."""
        ends = [min(start + self.tile, self.length) for start in self.starts]
        return sorted({*self.starts, *ends})

    def covering(self, start: int, end: int) -> list[int]:
        """Indices of the tiles that touch start … end - 1."""
        return [i for i, s in enumerate(self.starts) if s < end and start < s + self.tile]


def tile_starts(length: int, tile: int, step: float = 0.75) -> list[int]:
    """Evenly spaced starts, at most `step` · `tile` apart; the last tile ends at `length`."""
    if length <= tile:
        return [0]
    count = math.ceil((length - tile) / (tile * step)) + 1
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]


def gaussian(tile: int) -> npt.NDArray[np.float32]:
    """Weights along a tile, float32[tile], 1 in the middle, σ = tile / 8."""
    offset = np.arange(tile) - (tile - 1) / 2
    return np.asarray(np.exp(-0.5 * (offset / (tile / 8)) ** 2), np.float32)


def cover(length: int, tile: int, step: float = 0.75, align: int = 1) -> Axis:
    """Tiles for a side of `length` pixels; the last one may stick out at its end.

    Args:
        length, tile, step: as for `tile_starts`.
        align: starts are brought to the nearest multiple of it, the last one to the next. Tiles
            overlap by at least (1 − `step`) · `tile`, which must be twice as long.

    Raises:
        ValueError: it is not.
    """
    if align > 1 and length > tile and (1 - step) * tile < 2 * align:
        raise ValueError(f"tiles of {tile} overlap too little to lie on multiples of {align}")
    starts = [round(start / align) * align for start in tile_starts(length, tile, step)]
    starts[-1] = math.ceil(max(0, length - tile) / align) * align
    total = np.zeros(starts[-1] + tile, np.float64)
    shape = gaussian(tile).astype(np.float64)
    for start in starts:
        total[start : start + tile] += shape
    weights = np.stack([shape / total[start : start + tile] for start in starts])
    weights[-1, max(0, length - starts[-1]) :] = 0
    return Axis(length, tile, tuple(starts), weights.astype(np.float32))


def mirrored(start: int, end: int, length: int) -> npt.NDArray[np.intp]:
    """Indices start … end - 1, those beyond 0 … length - 1 reflected, however far they lie.

    The border pixel is not repeated: ( 2 1 | 0 1 2 … ).
    """
    if length == 1:
        return np.zeros(end - start, np.intp)
    period = 2 * (length - 1)
    folded = np.arange(start, end) % period
    return np.minimum(folded, period - folded)
