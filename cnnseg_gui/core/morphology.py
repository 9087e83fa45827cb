"""Region commands that look a few pixels round each pixel: smooth, grow, shrink.

Each tile is computed with a margin as wide as the command looks, so the result does not depend on
where the tiles lie. What lies outside the image counts for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.rect import cell_rect
from cnnseg_gui.core.region_scope import (
    BACKGROUND,
    Bools,
    Change,
    RegionScope,
    stored_cells,
    within,
)

_EPSILON = 1e-6  # distances are roots of whole numbers


def smooth(mask: Mask, scope: RegionScope, radius: int) -> Iterator[Change]:
    """Every pixel gets the value that is most frequent within `radius`: a mode filter.

    Where values are equally frequent it keeps its own, else gets the smallest. Only changes from
    or to one of the scope's classes are made. Unlabelled counts as a value.
    """
    return _tile_by_tile(mask, scope, radius, lambda values: _modes(values, scope, radius))


def grow(mask: Mask, scope: RegionScope, radius: int) -> Iterator[Change]:
    """Unlabelled and background pixels up to `radius` from an object get its class.

    Of several classes the nearest, of equally near ones the smallest; other objects stay.
    """
    return _tile_by_tile(mask, scope, radius, lambda values: _grown(values, scope, radius))


def shrink(mask: Mask, scope: RegionScope, radius: int) -> Iterator[Change]:
    """Pixels up to `radius` from one of another value lose their class.

    They become what is nearer within `radius`, background or unlabelled; background where neither
    is. The image's border is no edge of an object.
    """
    return _tile_by_tile(mask, scope, radius, lambda values: _shrunk(values, scope, radius))


def _tile_by_tile(
    mask: Mask, scope: RegionScope, halo: int, compute: Callable[[Pixels], Pixels]
) -> Iterator[Change]:
    for cell in stored_cells(mask, scope.bounds(mask.shape), halo=halo):
        rect = cell_rect(*cell, TILE).clipped(mask.shape)
        around = rect.inflated(halo).clipped(mask.shape)
        values = mask.read(around)
        if (values == values[0, 0]).all():
            continue
        inner = within(rect, around)
        yield from scope.changes(rect, values[inner], compute(values)[inner])


def _modes(values: Pixels, scope: RegionScope, radius: int) -> Pixels:
    present = np.unique(values)
    best = np.zeros(values.shape, np.int32)
    counts = {}
    for value in present:
        mine = values == value
        counts[value] = _disc_counts(mine, radius)
        best[mine] = counts[value][mine]
    out = values.copy()
    for value in present:  # a later, larger value must be more frequent to win
        more = counts[value] > best
        out[more] = value
        best[more] = counts[value][more]
    meant = np.zeros(256, np.bool_)
    meant[list(scope.classes)] = True
    return np.where(meant[values] | meant[out], out, values)


def _grown(values: Pixels, scope: RegionScope, radius: int) -> Pixels:
    out = values.copy()
    nearest = np.full(values.shape, radius + _EPSILON)
    open_pixels = (values == UNLABELLED) | (values == BACKGROUND)
    for value in sorted(scope.classes - scope.locked):
        mine = values == value
        if not mine.any():
            continue
        distance = ndimage.distance_transform_edt(~mine)
        nearer = open_pixels & ~mine & (distance < nearest)
        out[nearer] = value
        nearest[nearer] = distance[nearer]
    return out


def _shrunk(values: Pixels, scope: RegionScope, radius: int) -> Pixels:
    out = values.copy()
    for value in sorted(scope.classes):
        mine = values == value
        if not mine.any() or mine.all():
            continue
        lost = mine & (ndimage.distance_transform_edt(mine) <= radius + _EPSILON)
        free = scope.free(beside=value)
        out[lost] = free
        other = BACKGROUND if free == UNLABELLED else UNLABELLED
        if other == value or other in scope.locked or not (values == other).any():
            continue
        to_other, to_free = _distance_to(values == other), _distance_to(values == free)
        out[lost & (to_other < to_free) & (to_other <= radius + _EPSILON)] = other
    return out


def _distance_to(pixels: Bools) -> npt.NDArray[np.float64]:
    """float64[h, w]: how far each pixel is from the nearest one that is set."""
    if not pixels.any():
        return np.full(pixels.shape, np.inf)
    distance: npt.NDArray[np.float64] = ndimage.distance_transform_edt(~pixels)
    return distance


def _disc_counts(pixels: Bools, radius: int) -> npt.NDArray[np.int32]:
    """int32[h, w]: how many set pixels lie within `radius` of each, from sums along rows."""
    height, width = pixels.shape
    sums = np.zeros((height, width + 1), np.int32)
    np.cumsum(pixels, axis=1, out=sums[:, 1:])
    sums = np.pad(sums, ((0, 0), (radius, radius)), "edge")
    out = np.zeros((height, width), np.int32)
    for down in range(-radius, radius + 1):
        half = math.isqrt(radius * radius - down * down)
        rows = sums[max(0, down) : height + min(0, down)]
        begin, end = radius - half, radius + half + 1
        out[max(0, -down) : height - max(0, down)] += (
            rows[:, end : end + width] - rows[:, begin : begin + width]
        )
    return out
