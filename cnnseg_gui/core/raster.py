"""Strokes as pixels: which pixel centres lie under a brush moved along a line.

Image coordinates: x to the right, y down, pixel (row i, column j) covers [i, i+1) × [j, j+1) and
has its centre at (i + ½, j + ½).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import compress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_LONGEST_SEGMENT = 64.0  # pixels: keeps the bounding box of a diagonal piece small
_STANDING = 1e-9  # pixels: a shorter way is none, and dividing by it would overflow

Floats = npt.NDArray[np.float64]


class Coverage(NamedTuple):
    """bool[h, w] with its top left corner in the image (may be negative)."""

    top: int
    left: int
    covered: npt.NDArray[np.bool_]


class Spans(NamedTuple):
    """The covered pixels of consecutive rows: columns `left` … `right` - 1, float64[n] each.

    A row of which nothing is covered has `left` ≥ `right`.
    """

    top: int
    left: Floats
    right: Floats


def disc_spans(y: float, x: float, *, radius: float, marks: bool = True) -> Spans:
    """The pixels whose centres are within `radius` of a point, and the one that holds it.

    Args:
        marks: False leaves out a pixel that only holds the point.
    """
    rows = np.arange(math.floor(y - radius), math.floor(y + radius) + 1, dtype=np.float64)
    above = (rows + 0.5 - y) ** 2
    half = np.sqrt(np.maximum(radius * radius - above, 0.0))
    guesses = np.arange(-1.0, 2.0)[:, None]  # one column more or less: the root is rounded
    left = np.ceil(x - half - 0.5) + guesses
    right = np.floor(x + half - 0.5) + guesses
    reach = radius * radius
    left = np.where(above + (left + 0.5 - x) ** 2 <= reach, left, np.inf).min(axis=0)
    right = np.where(above + (right + 0.5 - x) ** 2 <= reach, right, -np.inf).max(axis=0) + 1
    spans = Spans(int(rows[0]), left, right)
    return _with_pixel(spans, y, x) if marks else spans


def square_spans(y: float, x: float, *, radius: float) -> Spans:
    """The pixels whose centres are within `radius` in both directions, and the one under it."""
    rows = np.arange(math.floor(y - radius), math.floor(y + radius) + 1, dtype=np.float64)
    inside = np.abs(rows + 0.5 - y) <= radius
    columns = np.arange(math.floor(x - radius), math.floor(x + radius) + 1) + 0.5
    columns = columns[np.abs(columns - x) <= radius]
    first, last = (columns[0] - 0.5, columns[-1] + 0.5) if len(columns) else (np.inf, -np.inf)
    left, right = np.where(inside, first, np.inf), np.where(inside, last, -np.inf)
    return _with_pixel(Spans(int(rows[0]), left, right), y, x)


def capsule(
    y0: float,
    x0: float,
    y1: float,
    x1: float,
    *,
    radius: float,
    marks: tuple[bool, bool] = (True, True),
) -> Coverage:
    """A round brush moved from (y0, x0) to (y1, x1): centres within `radius` of the segment.

    It is a disc at each end and the rectangle between them; being convex, it covers one span of
    each row. The pixels that hold the two ends are covered whatever the radius, so that a brush
    of one pixel marks the pixel under the cursor.

    Args:
        marks: whether the pixel that holds an end is covered whatever the radius.
    """
    first = disc_spans(y0, x0, radius=radius, marks=marks[0])
    last = disc_spans(y1, x1, radius=radius, marks=marks[1])
    top = min(first.top, last.top)
    bottom = max(first.top + len(first.left), last.top + len(last.left))
    left, right = np.full(bottom - top, np.inf), np.full(bottom - top, -np.inf)
    for spans in (first, last, _between(y0, x0, y1, x1, radius=radius, top=top, bottom=bottom)):
        rows = slice(spans.top - top, spans.top - top + len(spans.left))
        np.minimum(left[rows], spans.left, out=left[rows])
        np.maximum(right[rows], spans.right, out=right[rows])
    return _filled(Spans(top, left, right))


def square_sweep(
    y0: float,
    x0: float,
    y1: float,
    x1: float,
    *,
    radius: float,
    marks: tuple[bool, bool] = (True, True),
) -> Coverage:
    """A square brush of side 2 `radius` moved from (y0, x0) to (y1, x1): the centres it passes.

    A centre is passed where some point of the segment is nearer than `radius` in both directions:
    where the two ranges of the way's parameter, one per direction, meet. The pixels that hold the
    two ends are covered whatever the radius, but where `marks` says otherwise.
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
    for y, x in compress(((y0, x0), (y1, x1)), marks):
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

    With one radius it covers the same pixels as one `capsule` or `square_sweep`. Where a pen's
    pressure changes the radius from `start_radius`, it does so in steps of at most one pixel.
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
            marks=(k == 0, k == pieces - 1),
        )


def _passing(centres: Floats, start: float, way: float, radius: float) -> tuple[Floats, Floats]:
    """From which to which parameter, within 0…1, a moving interval holds each centre."""
    if abs(way) < _STANDING:
        inside = np.abs(centres - start) <= radius
        return np.where(inside, 0.0, np.inf), np.where(inside, 1.0, -np.inf)
    one, other = (centres - start - radius) / way, (centres - start + radius) / way
    return np.maximum(np.minimum(one, other), 0.0), np.minimum(np.maximum(one, other), 1.0)


def _between(
    y0: float, x0: float, y1: float, x1: float, *, radius: float, top: int, bottom: int
) -> Spans:
    """The rectangle of a capsule: where its four edges meet each row's middle."""
    length = math.hypot(y1 - y0, x1 - x0)
    left, right = np.full(bottom - top, np.inf), np.full(bottom - top, -np.inf)
    if length == 0.0:
        return Spans(top, left, right)
    aside_y, aside_x = (x1 - x0) / length * radius, -(y1 - y0) / length * radius
    corners = [
        (y0 + aside_y, x0 + aside_x),
        (y1 + aside_y, x1 + aside_x),
        (y1 - aside_y, x1 - aside_x),
        (y0 - aside_y, x0 - aside_x),
    ]
    middles = np.arange(top, bottom) + 0.5
    for (ya, xa), (yb, xb) in zip(corners, [*corners[1:], corners[0]], strict=True):
        meets = (middles >= min(ya, yb)) & (middles <= max(ya, yb))
        if ya == yb or not meets.any():
            continue
        at = xa + (middles[meets] - ya) / (yb - ya) * (xb - xa)
        left[meets], right[meets] = np.minimum(left[meets], at), np.maximum(right[meets], at)
    return Spans(top, np.ceil(left - 0.5), np.floor(right - 0.5) + 1)


def _with_pixel(spans: Spans, y: float, x: float) -> Spans:
    row, column = math.floor(y) - spans.top, math.floor(x)
    spans.left[row] = min(spans.left[row], column)
    spans.right[row] = max(spans.right[row], column + 1)
    return spans


def _filled(spans: Spans) -> Coverage:
    some = spans.left < spans.right
    if not some.any():
        return Coverage(spans.top, 0, np.zeros((0, 0), np.bool_))
    left, right = int(spans.left[some].min()), int(spans.right[some].max())
    columns = np.arange(right - left, dtype=np.int32)
    first = np.clip(spans.left - left, 0, right - left).astype(np.int32)
    last = np.clip(spans.right - left, 0, right - left).astype(np.int32)
    covered = (columns >= first[:, None]) & (columns < last[:, None])
    return Coverage(spans.top, left, covered)
