"""Where and on what a region command acts, and what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.patch import EVERYTHING, Writable
from cnnseg_gui.core.polygon import Corners, polygon, polygon_bounds
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.core.rect import Rect, cell_rect

Bools = npt.NDArray[np.bool_]
Cell = tuple[int, int]
Change = tuple[Coverage, int]
"""Pixels, and the mask value they get."""

BACKGROUND = 0


@dataclass(frozen=True)
class RegionScope:
    """What a command looks at, and which pixels it may change."""

    classes: frozenset[int]
    """The classes whose objects are meant."""
    area: Rect | Corners | None = None
    """Only pixels inside are changed; None is the whole image."""
    writable: Writable = field(default_factory=lambda: EVERYTHING, compare=False)
    """bool[256]: the mask values that may be overwritten."""
    locked: frozenset[int] = frozenset()
    """Values that no pixel gets, nor loses."""

    def bounds(self, shape: tuple[int, int]) -> Rect:
        """The rectangle round the area, inside an image of `shape`."""
        if self.area is None:
            return Rect(0, 0, *shape)
        if isinstance(self.area, Rect):
            return self.area.clipped(shape)
        return polygon_bounds(self.area, shape)

    def inside(self, rect: Rect) -> Bools:
        """bool[h, w]: which pixels of a rectangle lie in the area."""
        out = np.zeros((rect.height, rect.width), np.bool_)
        if self.area is None:
            out[:] = True
        elif isinstance(self.area, Rect):
            part = self.area.intersection(rect)
            if not part.empty:
                out[within(part, rect)] = True
        else:
            moved = [(y - rect.top, x - rect.left) for y, x in self.area]
            for top, left, covered in polygon(moved, out.shape):
                out[top : top + covered.shape[0], left : left + covered.shape[1]] = covered
        return out

    def free(self, *, beside: int) -> int:
        """What a pixel becomes that loses its class: background, or else unlabelled."""
        return UNLABELLED if BACKGROUND in (self.locked | {beside}) else BACKGROUND

    def changes(self, rect: Rect, before: Pixels, after: Pixels) -> Iterator[Change]:
        """What turns uint8[h, w] into another, as far as it may be changed; one per value."""
        changed = after != before
        if not changed.any():
            return
        changed &= self.writable[before] & self.inside(rect)
        if self.locked:
            fixed = np.zeros(256, np.bool_)
            fixed[list(self.locked)] = True
            changed &= ~(fixed[before] | fixed[after])
        for value in np.unique(after[changed]):
            yield cropped(rect, changed & (after == value)), int(value)


def cropped(rect: Rect, covered: Bools) -> Coverage:
    """A coverage no larger than its pixels need; at least one is set."""
    (rows, columns) = ndimage.find_objects(covered.astype(np.uint8))[0]
    return Coverage(rect.top + rows.start, rect.left + columns.start, covered[rows, columns])


def within(part: Rect, rect: Rect) -> tuple[slice, slice]:
    """Slices of `part` in an array of `rect`."""
    return (
        slice(part.top - rect.top, part.bottom - rect.top),
        slice(part.left - rect.left, part.right - rect.left),
    )


def stored_cells(mask: Mask, window: Rect, *, halo: int = 0) -> list[Cell]:
    """The tiles of `window` that hold something, or have it at most `halo` pixels away."""
    found: set[Cell] = set()
    for cell, _ in mask.tiles():
        reach = cell_rect(*cell, TILE).inflated(halo).clipped(mask.shape).intersection(window)
        found.update(reach.cells(TILE))
    return sorted(found)
