"""A simulated person: looks at mask and truth, and says where to dab next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cnnseg_gui.core.mask import Pixels

_SMALLEST, _LARGEST = 1.5, 24.0  # brush radius in pixels: thinner errors are left, as people do
_MOST = 350  # dabs on one image: a person's patience


@dataclass(frozen=True)
class Dab:
    """A click with a round brush: image coordinates in pixels."""

    class_index: int
    y: float
    x: float
    diameter: float


def corrections(look: Callable[[], Pixels], truth: Pixels, classes: Sequence[int]) -> Iterator[Dab]:
    """Dabs that mend the largest errors first and never paint over what is right.

    Args:
        look: the mask as it is now, uint8[H, W]; called after every dab.
        truth: uint8[H, W].
        classes: the class indices to paint.
    """
    room = {index: _room(truth == index) for index in classes}
    for _ in range(_MOST):
        wrong = look() != truth
        best = {index: np.where(wrong & (truth == index), room[index], 0.0) for index in classes}
        index = max(classes, key=lambda candidate: float(best[candidate].max()))
        row, column = np.unravel_index(int(best[index].argmax()), truth.shape)
        radius = min(float(best[index][row, column]), _LARGEST)
        if radius < _SMALLEST:
            return
        yield Dab(index, float(row) + 0.5, float(column) + 0.5, 2 * radius)


def _room(
    inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """How large a disc about each pixel stays inside: float64[H, W]."""
    distance = ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge"))
    return np.asarray(distance, np.float64)[1:-1, 1:-1] - 0.5
