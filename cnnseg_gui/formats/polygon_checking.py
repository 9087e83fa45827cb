"""Polygons as pycocotools draws them, or a plain scan of each where that is missing.

For `Format.check`: shares no code with `outline` or with the readers.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]


def reader() -> str:
    """What draws on this machine."""
    return "pycocotools" if has_pycocotools() else "a plain scan"


def has_pycocotools() -> bool:
    """Whether it is installed: it is no dependency."""
    return importlib.util.find_spec("pycocotools") is not None


def pycocotools_mask() -> ModuleType:
    """Its module of masks, quiet: 2.0.11 hands numpy 2 arrays in the manner of numpy 1."""
    from pycocotools import mask

    warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
    loaded: ModuleType = mask
    return loaded


def draw(rings: Sequence[Sequence[float]], height: int, width: int) -> npt.NDArray[np.bool_]:
    """The pixels in any of the rings, x y x y … in pixels: bool[height, width]."""
    if not rings:
        return np.zeros((height, width), np.bool_)
    if has_pycocotools():
        masks = pycocotools_mask()
        runs = masks.merge(masks.frPyObjects([list(ring) for ring in rings], height, width))
        return np.asarray(masks.decode(runs), np.bool_)
    found = np.zeros((height, width), np.bool_)
    for ring in rings:
        found |= _scanned(np.asarray(ring, np.float64), height, width)
    return found


# ---------------------------------------------------------------------- inside


def _scanned(ring: _Floats, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Row by row, between each odd and the next even crossing of the row's middle."""
    found = np.zeros((height, width), np.bool_)
    x, y = ring[0::2], ring[1::2]
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    leans = y != next_y
    x, y, next_x, next_y = x[leans], y[leans], next_x[leans], next_y[leans]
    low, high = np.minimum(y, next_y), np.maximum(y, next_y)
    for row in range(max(0, int(low.min())), min(height, int(np.ceil(high.max())))):
        middle = row + 0.5
        hit = (low <= middle) & (middle < high)
        across = x[hit] + (middle - y[hit]) / (next_y[hit] - y[hit]) * (next_x[hit] - x[hit])
        for left, right in np.sort(across).reshape(-1, 2):
            found[row, max(0, int(np.ceil(left - 0.5))) : max(0, int(np.ceil(right - 0.5)))] = True
    return found
