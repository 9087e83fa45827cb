"""Strokes as pixels: which pixel centres lie under a brush moved along a line.

Image coordinates: x to the right, y down, pixel (row i, column j) covers [i, i+1) × [j, j+1) and
has its centre at (i + ½, j + ½).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_LONGEST_SEGMENT = 64.0  # pixels: keeps the bounding box of a diagonal piece small


class Coverage(NamedTuple):
    """bool[h, w] with its top left corner in the image (may be negative)."""

    top: int
    left: int
    covered: npt.NDArray[np.bool_]


def capsule(y0: float, x0: float, y1: float, x1: float, *, radius: float) -> Coverage:
    """A round brush moved from (y0, x0) to (y1, x1): centres within `radius` of the segment.

    The pixels that hold the two ends are covered whatever the radius, so that a brush of one
    pixel marks the pixel under the cursor.
    """
    top, left = math.floor(min(y0, y1) - radius), math.floor(min(x0, x1) - radius)
    bottom, right = math.floor(max(y0, y1) + radius) + 1, math.floor(max(x0, x1) + radius) + 1
    rows = np.arange(top, bottom, dtype=np.float64)[:, None] + 0.5
    columns = np.arange(left, right, dtype=np.float64)[None, :] + 0.5
    dy, dx = y1 - y0, x1 - x0
    length_squared = dy * dy + dx * dx
    if length_squared == 0.0:
        covered = (rows - y0) ** 2 + (columns - x0) ** 2 <= radius * radius
    else:
        along = ((rows - y0) * dy + (columns - x0) * dx) / length_squared
        np.clip(along, 0.0, 1.0, out=along)
        covered = (rows - y0 - along * dy) ** 2 + (columns - x0 - along * dx) ** 2 <= radius**2
    for y, x in ((y0, x0), (y1, x1)):
        covered[math.floor(y) - top, math.floor(x) - left] = True
    return Coverage(top, left, covered)


def square_sweep(y0: float, x0: float, y1: float, x1: float, *, radius: float) -> Coverage:
    """A square brush of side 2 `radius` moved from (y0, x0) to (y1, x1): the centres it passes.

    A centre is passed where some point of the segment is nearer than `radius` in both directions:
    where the two ranges of the way's parameter, one per direction, meet. The pixels that hold the
    two ends are covered whatever the radius.
    """
    top, left = math.floor(min(y0, y1) - radius), math.floor(min(x0, x1) - radius)
    bottom, right = math.floor(max(y0, y1) + radius) + 1, math.floor(max(x0, x1) + radius) + 1
    rows = np.arange(top, bottom, dtype=np.float64) + 0.5
    columns = np.arange(left, right, dtype=np.float64) + 0.5
    (enter_y, leave_y), (enter_x, leave_x) = (
        _passing(rows, y0, y1 - y0, radius),
        _passing(columns, x0, x1 - x0, radius),
    )
    covered = np.maximum(enter_y[:, None], enter_x) <= np.minimum(leave_y[:, None], leave_x)
    for y, x in ((y0, x0), (y1, x1)):
        covered[math.floor(y) - top, math.floor(x) - left] = True
    return Coverage(top, left, covered)


def stroke_segment(
    y0: float,
    x0: float,
    y1: float,
    x1: float,
    *,
    radius: float,
    start_radius: float | None = None,
    square: bool = False,
) -> Iterator[Coverage]:
    """A move of the brush, in pieces whose boxes stay small on a long fast one.

    With one radius a round brush covers the same pixels as one `capsule`. Where a pen's pressure
    changes the radius from `start_radius`, it does so in steps of at most one pixel.
    """
    sweep = square_sweep if square else capsule
    first = radius if start_radius is None else start_radius
    length = math.hypot(y1 - y0, x1 - x0)
    pieces = max(
        1,
        math.ceil(length / (_LONGEST_SEGMENT + 2 * min(radius, first))),
        math.ceil(abs(radius - first)) if length else 1,
    )
    for k in range(pieces):
        begin, end = k / pieces, (k + 1) / pieces
        yield sweep(
            y0 + (y1 - y0) * begin,
            x0 + (x1 - x0) * begin,
            y0 + (y1 - y0) * end,
            x0 + (x1 - x0) * end,
            radius=first + (radius - first) * end,
        )


def _passing(
    centres: npt.NDArray[np.float64], start: float, way: float, radius: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """From which to which parameter, within 0…1, a moving interval holds each centre."""
    if way == 0.0:
        inside = np.abs(centres - start) <= radius
        return np.where(inside, 0.0, np.inf), np.where(inside, 1.0, -np.inf)
    one, other = (centres - start - radius) / way, (centres - start + radius) / way
    return np.maximum(np.minimum(one, other), 0.0), np.minimum(np.maximum(one, other), 1.0)
