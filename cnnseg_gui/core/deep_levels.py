"""An image's own values of more than 8 bits, at halved sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import cell_rect
from cnnseg_gui.core.windowing import Window

_BAND = 256  # rows averaged at a time: little memory beside the image
_SAMPLE = 40_000  # pixels of a histogram
_FIRST_KEPT = 2  # as of the 8-bit levels: level 1 is made as it is looked at


class DeepLevels:
    """Level 0 is the file's values; coarser levels are their means.

    Args:
        values: [H, W] or [H, W, C]; of more than two channels three are kept, else one. Complex
            ones by their magnitude.
        window: the values shown as black and as white. Its first is taken off before averaging,
            so that large numbers that differ by little stay different.
        levels: how many.
    """

    def __init__(self, values: npt.NDArray[Any], window: Window, levels: int) -> None:
        values = np.abs(values) if np.iscomplexobj(values) else values
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        self._held = values.nbytes
        values = values[..., None] if values.ndim == 2 else values
        self._values = values[..., :3] if values.shape[2] >= 3 else values[..., :1]
        self._offset = 0.0 if values.dtype == np.uint16 else window[0]
        self._kept: list[npt.NDArray[Any]] = []
        below, factor = self._values, 1 << _FIRST_KEPT
        for _ in range(_FIRST_KEPT, levels):
            below, factor = value_means(below, factor, offset=self._offset), 2
            self._kept.append(below)

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return self._held + sum(level.nbytes for level in self._kept)

    def tile(self, level: int, row: int, column: int) -> npt.NDArray[Any]:
        """[h, w, C], h and w ≤ TILE: uint16 where the file has that, else any real type."""
        if level == 0 or level >= _FIRST_KEPT:
            image = self._values if level == 0 else self._kept[level - _FIRST_KEPT]
            return image[cell_rect(row, column, TILE).clipped(image.shape[:2]).slices]
        below = cell_rect(row, column, TILE << level).clipped(self._values.shape[:2])
        return value_means(self._values[below.slices], 1 << level, offset=self._offset)

    def sample(self) -> npt.NDArray[np.float64] | None:
        """Finite values from all over the image, float64[n]; None where there is none."""
        step = max(1, int(np.sqrt(self._values[..., 0].size / _SAMPLE)))
        return finite(self._values[::step, ::step])

    def value(self, row: int, column: int) -> tuple[float, ...]:
        """The file's values of one pixel."""
        return tuple(float(value) for value in self._values[row, column])


def finite(values: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    """Those of any values that are numbers, float64[n]; None where there is none."""
    flat = values.ravel().astype(np.float64)
    flat = flat[np.isfinite(flat)]
    return flat if flat.size else None


def value_means(
    values: npt.NDArray[Any], factor: int, *, offset: float = 0.0
) -> npt.NDArray[np.uint16] | npt.NDArray[np.float64]:
    """Means of `factor` × `factor` values of [h, w, C], fewer at the edge.

    NaN and infinity do not count; where there is nothing else the mean is NaN.

    Args:
        factor: divides 256.
        offset: taken off while averaging, which is done in float32.

    Returns:
        [⌈h/f⌉, ⌈w/f⌉, C]: uint16, rounded, of uint16; else float64.
    """
    height, width, channels = values.shape
    whole = values.dtype == np.uint16
    out = np.empty(
        (-(-height // factor), -(-width // factor), channels), np.uint16 if whole else np.float64
    )
    for top in range(0, height, _BAND):
        rows = slice(top // factor, -(-min(top + _BAND, height) // factor))
        for channel in range(channels):
            band = values[top : top + _BAND, :, channel]
            if whole:
                means = _reduced(band.astype(np.float32), factor)
                out[rows, :, channel] = np.rint(means, out=means)
            else:
                out[rows, :, channel] = _finite_means(band, factor, offset)
    return out


def _finite_means(
    band: npt.NDArray[Any], factor: int, offset: float
) -> npt.NDArray[np.float64] | npt.NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not finite
        shifted = (band.astype(np.float64) - offset).astype(np.float32)
    known = np.isfinite(shifted)
    if known.all():
        return _reduced(shifted, factor) + np.float64(offset)
    share = _reduced(known.astype(np.float32), factor)
    total = _reduced(np.where(known, shifted, np.float32(0)), factor)
    with np.errstate(invalid="ignore"):  # nothing of nothing is NaN
        return total / share + np.float64(offset)


def _reduced(values: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    return np.array(Image.fromarray(values).reduce(factor))
