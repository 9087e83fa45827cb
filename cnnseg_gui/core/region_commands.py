"""Region commands on whole objects: fill holes, remove specks, keep the largest, replace a class.

Objects are 8-connected, holes are 4-connected. All of them read the mask as it is and yield what
is to be changed; only stored tiles are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.components import EIGHT, FOUR, Components, components
from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.core.region_scope import (
    BACKGROUND,
    Bools,
    Cell,
    Change,
    RegionScope,
    stored_cells,
    within,
)

HOLE_REACH = 512
"""Pixels: a hole that goes on further beyond the chosen area is left open."""


def fill_holes(mask: Mask, scope: RegionScope, most: int = 0) -> Iterator[Change]:
    """Unlabelled and background pixels that an object surrounds get its class.

    A hole is what no 4-connected way outside the object joins to the image's border. Other
    classes' objects inside it stay. Where a hole lies inside another, the smaller one decides.

    Args:
        most: only holes of at most so many pixels; 0 is any.
    """
    reach = scope.bounds(mask.shape).inflated(HOLE_REACH).clipped(mask.shape)
    found: dict[int, tuple[Components, Bools]] = {}
    for value in sorted(scope.classes - scope.locked):
        holes = _complement(mask, value, reach)
        chosen = ~holes.at_border
        if most:
            chosen &= holes.sizes <= most
        found[value] = holes, chosen
    for cell in sorted({cell for holes, _ in found.values() for cell in holes.cells}):
        rect = cell_rect(*cell, TILE).clipped(mask.shape)
        before = mask.read(rect)
        yield from scope.changes(rect, before, _filled(before, cell, rect, found))


def remove_specks(mask: Mask, scope: RegionScope, least: int) -> Iterator[Change]:
    """Objects of fewer than `least` pixels become what is most frequent along their border."""
    window = scope.bounds(mask.shape).inflated(least).clipped(mask.shape)
    for value in sorted(scope.classes - scope.locked):
        objects = objects_of(mask, value, window)
        yield from _removed(mask, scope, value, objects, objects.sizes < least)


def keep_largest(mask: Mask, scope: RegionScope) -> Iterator[Change]:
    """Of each class all but the largest object become what is most frequent along their border.

    Only what lies in the scope's area is looked at; the first of equally large ones stays.
    """
    for value in sorted(scope.classes - scope.locked):
        objects = objects_of(mask, value, scope.bounds(mask.shape), only=scope)
        if len(objects.sizes) > 1:
            others = np.arange(len(objects.sizes)) != int(np.argmax(objects.sizes))
            yield from _removed(mask, scope, value, objects, others)


def replace_class(mask: Mask, scope: RegionScope, target: int) -> Iterator[Change]:
    """Pixels of the scope's classes get the class `target`."""
    meant = np.zeros(256, np.bool_)
    meant[list(scope.classes)] = True
    for cell in stored_cells(mask, scope.bounds(mask.shape)):
        rect = cell_rect(*cell, TILE).clipped(mask.shape)
        before = mask.read(rect)
        yield from scope.changes(rect, before, np.where(meant[before], np.uint8(target), before))


def objects_of(
    mask: Mask, value: int, window: Rect, *, only: RegionScope | None = None
) -> Components:
    """The objects of a class in a window; with `only`, of its pixels in that scope's area."""

    def read(rect: Rect) -> Bools:
        mine: Bools = mask.read(rect) == value
        return mine if only is None else mine & only.inside(rect)

    return components(read, _holding(mask, value, window), window, EIGHT)


def _complement(mask: Mask, value: int, window: Rect) -> Components:
    """What is not of a class, in the tiles round all of it; beyond them there is no hole."""
    box = Rect(0, 0, 0, 0)
    for cell in _holding(mask, value, window):
        box = box.union(cell_rect(*cell, TILE))
    box = box.intersection(window)
    return components(lambda rect: mask.read(rect) != value, box.cells(TILE), box, FOUR)


def _filled(
    before: Pixels, cell: Cell, rect: Rect, found: dict[int, tuple[Components, Bools]]
) -> Pixels:
    after = before.copy()
    smallest = np.full(before.shape, np.iinfo(np.int64).max)
    free = (before == UNLABELLED) | (before == BACKGROUND)
    for value, (holes, chosen) in found.items():
        part = holes.part(cell, chosen)
        if part is None:
            continue
        place, numbers = part
        inner = within(place, rect)
        size = holes.sizes[numbers]
        takes = (numbers >= 0) & free[inner] & (size < smallest[inner])
        after[inner][takes] = value
        smallest[inner][takes] = size[takes]
    return after


def _removed(
    mask: Mask, scope: RegionScope, value: int, objects: Components, chosen: Bools
) -> Iterator[Change]:
    if not chosen.any():
        return
    becomes = _around(mask, scope, value, objects, chosen)
    for rect, numbers in objects.parts(chosen):
        before = mask.read(rect)
        after = np.where(numbers >= 0, becomes[numbers], before)
        yield from scope.changes(rect, before, after)


def _around(
    mask: Mask, scope: RegionScope, value: int, objects: Components, chosen: Bools
) -> npt.NDArray[np.uint8]:
    """uint8[n]: the value that most pixels beside (4-connected) each chosen object have.

    The smallest of equally frequent ones; neither `value` nor a locked one.
    """
    votes: list[npt.NDArray[np.int64]] = []
    for rect, numbers in objects.parts(chosen):
        around = rect.inflated(1)
        values = mask.read(around).astype(np.int64)
        in_image = np.zeros(values.shape, np.bool_)
        in_image[within(around.clipped(mask.shape), around)] = True
        for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
            part = slice(rows, rows + rect.height), slice(columns, columns + rect.width)
            valid = (numbers >= 0) & in_image[part] & (values[part] != value)
            votes.append(numbers[valid].astype(np.int64) * 256 + values[part][valid])
    keys, counts = np.unique(np.concatenate(votes or [np.zeros(0, np.int64)]), return_counts=True)
    allowed = ~np.isin(keys % 256, list(scope.locked))
    keys, counts = keys[allowed], counts[allowed]
    becomes = np.full(len(chosen), scope.free(beside=value), np.uint8)
    order = np.lexsort((-keys, counts))  # the last of an object is the most frequent, then smallest
    becomes[keys[order] // 256] = keys[order] % 256
    return becomes


def _holding(mask: Mask, value: int, window: Rect) -> list[Cell]:
    """The tiles of `window` that hold a value there."""
    return [
        cell
        for cell in stored_cells(mask, window)
        if (mask.read(cell_rect(*cell, TILE).intersection(window)) == value).any()
    ]
