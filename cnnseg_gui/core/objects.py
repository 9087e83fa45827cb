"""Objects of a mask: what belongs together round a pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect

_FIRST = 256  # pixels: the window that is looked at first; doubled while the object leaves it
_LARGEST = 2048  # pixels: of an object that goes on beyond, the part within
_EIGHT = np.ones((3, 3), np.bool_)


def object_at(
    read: Callable[[Rect], Pixels], shape: tuple[int, int], row: int, column: int
) -> Rect | None:
    """The bounding box of the 8-connected object of one class that holds a pixel.

    Only as much of the mask is read as the object needs, at most 2,048 × 2,048 pixels round the
    pixel: of a larger one what lies within them.

    Args:
        read: gives uint8[h, w] of a rectangle inside `shape`.
        shape: height and width of the mask.

    Returns:
        None where the pixel is background (class 0), unlabelled, or outside.
    """
    whole = Rect(0, 0, *shape)
    side = _FIRST
    while 0 <= row < shape[0] and 0 <= column < shape[1]:
        window = Rect(row - side // 2, column - side // 2, row + side // 2, column + side // 2)
        window = window.clipped(shape)
        values = read(window)
        value = values[row - window.top, column - window.left]
        if value in (0, UNLABELLED):
            return None
        numbers, _ = ndimage.label(values == value, structure=_EIGHT)
        mine = numbers == numbers[row - window.top, column - window.left]
        found = _bounds(mine, window)
        if side >= _LARGEST or window == whole or not _touches(found, window, whole):
            return found
        side *= 2
    return None


def _bounds(mine: np.ndarray, window: Rect) -> Rect:
    rows, columns = (np.flatnonzero(mine.any(axis)) for axis in (1, 0))
    return Rect(
        window.top + int(rows[0]),
        window.left + int(columns[0]),
        window.top + int(rows[-1]) + 1,
        window.left + int(columns[-1]) + 1,
    )


def _touches(found: Rect, window: Rect, whole: Rect) -> bool:
    """Whether the object may go on beyond the window."""
    return (
        (found.top == window.top != whole.top)
        or (found.left == window.left != whole.left)
        or (found.bottom == window.bottom != whole.bottom)
        or (found.right == window.right != whole.right)
    )
