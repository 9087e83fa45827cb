"""Split touching objects: a watershed on the distance to the outside."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.region_commands import objects_of
from cnnseg_gui.core.region_scope import Bools, Change, RegionScope, within

SPLIT_REACH = 256
"""Pixels: of an object that goes on further beyond the area, the part within is looked at."""

_Distances = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]
_SHIFTS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def split(mask: Mask, scope: RegionScope, depth: float = 1.0) -> Iterator[Change]:
    """Cuts objects where they are waisted; the cut, one pixel wide, is background.

    Args:
        depth: pixels; two parts stay together where the waist is not so much thinner (in radius)
            than the smaller of them.
    """
    window = scope.bounds(mask.shape).inflated(SPLIT_REACH).clipped(mask.shape)
    for value in sorted(scope.classes - scope.locked):
        objects = objects_of(mask, value, window)
        for rect, numbers in objects.batches():
            mine: Bools = numbers >= 0
            padded, inner = _with_outside(mine, rect, window)
            gap = cuts(padded, depth)[inner]
            before = mask.read(rect)
            free = np.uint8(scope.free(beside=value))
            yield from scope.changes(rect, before, np.where(gap, free, before))


def cuts(objects: Bools, depth: float) -> Bools:
    """The pixels of bool[h, w] to take away so that waisted objects fall apart, bool[h, w].

    Every pixel climbs to the highest of its neighbours in the distance transform; the summits that
    pixels end at divide an object. Two summits whose pass lies less than `depth` below the lower
    one are the same: the h-maxima of Soille, Morphological Image Analysis (2003, section 6.3.4),
    found here by joining basins in the order of their passes. On each border between two parts the
    pixels of one side are taken, diagonal neighbours too, so the parts are not 8-connected.
    """
    if objects.all() or not objects.any():
        return np.zeros_like(objects)
    height: _Distances = ndimage.distance_transform_edt(objects)
    summits, basins = _basins(objects, height)
    if len(summits) < 2:
        return np.zeros_like(objects)
    parts = _joined(objects, height, basins, height.ravel()[summits], depth)
    gap = np.zeros_like(objects)
    for mine, other in _neighbours(objects.shape, _SHIFTS):
        gap[mine] |= objects[mine] & objects[other] & (parts[mine] < parts[other])
    return gap


def _basins(objects: Bools, height: _Distances) -> tuple[_Indices, _Indices]:
    """The summits' places, int64[n], and int64[h, w], the number of each pixel's summit."""
    flat = height.ravel()
    ranks = np.zeros(flat.size, np.int64)
    ranks[np.argsort(flat, kind="stable")] = np.arange(flat.size)
    rank = ranks.reshape(objects.shape)
    highest = np.where(objects, rank, -1)
    target = np.arange(flat.size).reshape(objects.shape)
    places = target.copy()
    for mine, other in _neighbours(objects.shape, _SHIFTS):
        better = objects[other] & (rank[other] > highest[mine])
        target[mine] = np.where(better, places[other], target[mine])
        highest[mine] = np.where(better, rank[other], highest[mine])
    to = target.ravel()
    while True:
        further = to[to]
        if np.array_equal(further, to):
            break
        to = further
    summits, basins = np.unique(to[objects.ravel()], return_inverse=True)
    out = np.full(objects.shape, -1, np.int64)
    out[objects] = basins.ravel()
    return summits, out


def _joined(
    objects: Bools, height: _Distances, basins: _Indices, peaks: _Distances, depth: float
) -> _Indices:
    """int64[h, w]: basins that a shallow pass joins have one number."""
    count = len(peaks)
    pairs, passes = [], []
    for mine, other in _neighbours(objects.shape, _SHIFTS[4:]):
        a, b = basins[mine], basins[other]
        differ = objects[mine] & objects[other] & (a != b)
        low, high = np.minimum(a, b)[differ], np.maximum(a, b)[differ]
        pairs.append(low * count + high)
        passes.append(np.minimum(height[mine], height[other])[differ])
    keys, inverse = np.unique(np.concatenate(pairs), return_inverse=True)
    heights = np.zeros(len(keys))
    np.maximum.at(heights, inverse.ravel(), np.concatenate(passes))
    owner = list(range(count))
    top: list[float] = peaks.tolist()
    for k in np.argsort(-heights, kind="stable"):
        first, second = _root(owner, int(keys[k] // count)), _root(owner, int(keys[k] % count))
        if first != second and min(top[first], top[second]) - heights[k] < depth:
            kept, gone = min(first, second), max(first, second)
            owner[gone] = kept
            top[kept] = max(top[first], top[second])
    roots = np.array([_root(owner, k) for k in range(count)])
    return np.where(objects, roots[basins], -1)


def _root(owner: list[int], number: int) -> int:
    while owner[number] != number:
        owner[number] = owner[owner[number]]
        number = owner[number]
    return number


def _neighbours(
    shape: tuple[int, ...], shifts: tuple[tuple[int, int], ...]
) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """For each shift the slices of the pixels that have such a neighbour, and of these."""
    height, width = shape[0], shape[1]
    for down, right in shifts:
        yield (
            (
                slice(max(0, -down), height - max(0, down)),
                slice(max(0, -right), width - max(0, right)),
            ),
            (
                slice(max(0, down), height - max(0, -down)),
                slice(max(0, right), width - max(0, -right)),
            ),
        )


def _with_outside(mine: Bools, rect: Rect, window: Rect) -> tuple[Bools, tuple[slice, slice]]:
    """With a frame of pixels that are not the object's, but where the window ends there."""
    around = rect.inflated(1).intersection(window)
    padded = np.zeros((around.height, around.width), np.bool_)
    inner = within(rect, around)
    padded[inner] = mine
    return padded, inner
