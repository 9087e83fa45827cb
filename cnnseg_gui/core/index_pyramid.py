"""A mask or a proposal at halved sizes, kept up to date where it changes.

A cell of a coarser level shows what matters most of the four below it: any class before the
background, the background before what is unlabelled. So a thin crack is still seen when the whole
image is, and a change costs what it covers at every level.
"""

from __future__ import annotations

import numpy as np

from cnnseg_gui.core.mask import TILE, Pixels, TileGrid
from cnnseg_gui.core.packed_grid import PackedGrid
from cnnseg_gui.core.rect import Rect, cell_rect

_Cell = tuple[int, int]


class IndexPyramid:
    """The levels of one raster whose value 255 is nothing; each is made when it is first read.

    Args:
        grid: level 0; whoever writes it calls `update`.
    """

    def __init__(self, grid: TileGrid, levels: int) -> None:
        self._grid = grid
        self._count = levels
        self.reset()

    def reset(self) -> None:
        """Everything may be different."""
        self._levels: list[TileGrid] = [self._grid]
        while len(self._levels) < self._count:
            area = self._levels[-1].bounds.reduced(1)
            self._levels.append(PackedGrid(area.height, area.width))
        self._made: list[set[_Cell]] = [set() for _ in self._levels]
        self._present: list[set[_Cell]] = [set() for _ in self._levels]
        for cell in self._grid.cells():
            self._note(*cell)

    def present(self, level: int, row: int, column: int) -> bool:
        """Whether something may be in a tile; of others nothing is."""
        return (row, column) in self._present[level]

    def read(self, level: int, rect: Rect) -> Pixels:
        """A copy of a rectangle of a level, uint8[h, w]; 255 outside the image."""
        for row, column in rect.clipped(self._levels[level].shape).cells(TILE):
            self._make(level, row, column)
        return self._levels[level].read(rect)

    def update(self, rect: Rect) -> None:
        """The raster has changed inside a rectangle of its pixels."""
        for row, column in rect.clipped(self._grid.shape).cells(TILE):
            if self._grid.tile(row, column) is not None:
                self._note(row, column)
        for level in range(1, self._count):
            below, reduced = self._levels[level - 1], rect.reduced(level)
            reduced = reduced.clipped(self._levels[level].shape)
            for row, column in reduced.cells(TILE):
                if (row, column) not in self._made[level]:
                    continue  # it is made of what is there when it is read
                part = cell_rect(row, column, TILE).intersection(reduced)
                if any(child not in self._made[level - 1] for child in _touched(part, level)):
                    self._made[level].discard((row, column))
                    continue
                self._levels[level].write(part.top, part.left, _most(below.read(_doubled(part))))

    def _note(self, row: int, column: int) -> None:
        for level, present in enumerate(self._present):
            cell = (row >> level, column >> level)
            if cell in present:
                return
            present.add(cell)

    def _make(self, level: int, row: int, column: int) -> None:
        if (row, column) in self._made[level]:
            return
        self._made[level].add((row, column))
        if level == 0 or (row, column) not in self._present[level]:
            return
        for child in _children(row, column):
            if child in self._present[level - 1]:
                self._make(level - 1, *child)
            else:
                self._made[level - 1].add(child)
        area = cell_rect(row, column, TILE).clipped(self._levels[level].shape)
        below = self._levels[level - 1].read(_doubled(area))
        self._levels[level].write(area.top, area.left, _most(below))


def _children(row: int, column: int) -> list[_Cell]:
    return [(2 * row + r, 2 * column + c) for r in (0, 1) for c in (0, 1)]


def _touched(part: Rect, level: int) -> list[_Cell]:
    """The tiles of the level below that a rectangle is made of; level 0 is always there."""
    return [] if level == 1 else list(_doubled(part).cells(TILE))


def _doubled(rect: Rect) -> Rect:
    return Rect(*(2 * edge for edge in rect))


def _most(values: Pixels) -> Pixels:
    """uint8[2h, 2w] → uint8[h, w]: 255 before 0 before the others is one step of a uint8 round."""
    ranked = values + np.uint8(1)
    rows = np.maximum(ranked[0::2], ranked[1::2])
    most: Pixels = np.maximum(rows[:, 0::2], rows[:, 1::2]) - np.uint8(1)
    return most
