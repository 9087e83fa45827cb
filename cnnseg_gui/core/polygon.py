"""Polygons as pixels: which pixel centres lie inside, by the even-odd rule."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.core.rect import Rect

_BAND = 1024  # rows at a time: a large area takes little memory beside its result

Corners = Sequence[tuple[float, float]]
"""(y, x) in image coordinates; the last one is joined to the first."""


def polygon_bounds(corners: Corners, shape: tuple[int, int]) -> Rect:
    """The pixels whose centres may lie inside, clipped to an image of `shape`."""
    if not corners:
        return Rect(0, 0, 0, 0)
    ys, xs = [y for y, _ in corners], [x for _, x in corners]
    return Rect(
        math.floor(min(ys)), math.floor(min(xs)), math.ceil(max(ys)), math.ceil(max(xs))
    ).clipped(shape)


def polygon(corners: Corners, shape: tuple[int, int]) -> Iterator[Coverage]:
    """The pixels of a polygon inside an image of `shape`, in bands of rows.

    A centre is inside where a ray to the left crosses the polygon's edges an odd number of times
    (Foley et al., Computer Graphics, 1990, section 3.6). An edge owns the rows from its upper end
    to above its lower end, so polygons that share an edge share no pixel.
    """
    bounds = polygon_bounds(corners, shape)
    if bounds.empty:
        return
    points = np.asarray(corners, np.float64).reshape(-1, 2)
    edges = np.hstack([points, np.roll(points, -1, axis=0)])
    for top in range(bounds.top, bounds.bottom, _BAND):
        band = bounds.intersection(Rect(top, bounds.left, top + _BAND, bounds.right))
        yield Coverage(band.top, band.left, _inside(edges, band))


def _inside(edges: npt.NDArray[np.float64], band: Rect) -> npt.NDArray[np.bool_]:
    """Marks the first column right of each crossing, then counts from the left."""
    upper, lower = edges[:, ::2].min(axis=1), edges[:, ::2].max(axis=1)
    first = np.maximum(np.ceil(upper - 0.5).astype(np.int64), band.top)
    heights = np.minimum(np.ceil(lower - 0.5).astype(np.int64), band.bottom) - first
    crossing = heights > 0
    first, heights, (y0, x0, y1, x1) = first[crossing], heights[crossing], edges[crossing].T
    edge = np.repeat(np.arange(len(heights)), heights)
    rows = np.arange(len(edge)) - np.repeat(np.cumsum(heights) - heights, heights) + first[edge]
    at = x0[edge] + (rows + 0.5 - y0[edge]) * ((x1 - x0) / (y1 - y0))[edge]
    columns = np.clip(np.ceil(at - 0.5), band.left, band.right).astype(np.int64) - band.left
    crossings = np.zeros((band.height, band.width + 1), np.bool_)
    np.logical_xor.at(crossings, (rows - band.top, columns), True)
    inside: npt.NDArray[np.bool_] = np.logical_xor.accumulate(crossings[:, :-1], axis=1)
    return inside
