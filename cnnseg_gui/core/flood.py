"""What is connected to a pixel: followed tile by tile, at a cost of what it covers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.core.rect import Rect, cell_rect

Bools = npt.NDArray[np.bool_]
Alike = Callable[[Rect], Bools]
"""bool[h, w] of a rectangle inside the image: which pixels may belong to the area."""

_KEPT = 64  # tiles whose numbering is kept, 16 MiB; of larger areas tiles are numbered twice
_ALL: Bools = np.broadcast_to(np.True_, (TILE, TILE))  # no memory of its own
_Cell = tuple[int, int]
Numbers = npt.NDArray[np.int32]


def colour_distance(pixels: Pixels, colour: Pixels) -> Pixels:
    """The largest difference of the three channels to `colour`, uint8[3]: uint8[h, w]."""
    out = np.zeros(pixels.shape[:2], np.uint8)
    for channel in range(3):
        values, reference = pixels[..., channel], colour[channel]
        np.maximum(out, np.maximum(values, reference) - np.minimum(values, reference), out=out)
    return out


def alike_in_colour(pixels: Pixels, colour: Pixels, tolerance: int) -> Bools:
    """Where no channel of uint8[h, w, 3] differs from `colour`, uint8[3], by more: bool[h, w]."""
    reference = colour.astype(np.int16)
    low = np.clip(reference - tolerance, 0, 255).astype(np.uint8)
    high = np.clip(reference + tolerance, 0, 255).astype(np.uint8)
    alike: Bools = (pixels[..., 0] >= low[0]) & (pixels[..., 0] <= high[0])
    for channel in (1, 2):
        alike &= pixels[..., channel] >= low[channel]
        alike &= pixels[..., channel] <= high[channel]
    return alike


def flood(
    alike: Alike, within: Rect, row: int, column: int, *, most: int | None = None
) -> list[Coverage] | None:
    """The pixels that a 4-connected way of alike pixels joins to one pixel.

    The components of each tile that the area enters are numbered once; from then on only the
    tiles' edges are followed (a flood fill on the graph of components). Nothing is as large as the
    image unless the area is.

    Args:
        alike: asked tile by tile, for rectangles inside `within` only.
        within: the area and the ways to it do not leave this rectangle.
        most: gives up after so many tiles.

    Returns:
        One coverage a tile, cut to `within`; empty where the pixel itself is outside or not alike.
        None where `most` tiles were not enough.
    """
    if not (within.top <= row < within.bottom and within.left <= column < within.right):
        return []
    search = _Flood(alike, within, most)
    try:
        search.run(row, column)
    except _TooMany:
        return None
    return list(search.found())


class _TooMany(Exception):
    """The area goes on beyond the tiles that may be looked at."""


class _Flood:
    """The tiles entered so far, and which of their components are reached."""

    def __init__(self, alike: Alike, within: Rect, most: int | None) -> None:
        self._alike = alike
        self._within = within
        self._most = most
        self._edges: dict[_Cell, tuple[Numbers, ...]] = {}
        self._kept: dict[_Cell, Numbers] = {}
        self._reached: dict[_Cell, Bools] = {}
        self._waiting: dict[_Cell, Bools] = {}

    def run(self, row: int, column: int) -> None:
        cell = (row // TILE, column // TILE)
        part = self._part(cell)
        self._enter(cell)
        number = self._numbers(cell)[row - part.top, column - part.left]
        if number:
            self._waiting[cell] = np.arange(len(self._reached[cell])) == number
        while self._waiting:
            cell, new = self._waiting.popitem()
            self._spread(cell, new & ~self._reached[cell])

    def found(self) -> Iterator[Coverage]:
        for cell, reached in self._reached.items():
            if not reached.any():
                continue
            part = self._part(cell)
            if reached[1:].all() and not (numbers := self._numbers(cell)).all():
                yield Coverage(part.top, part.left, numbers != 0)
            elif reached[1:].all():
                yield Coverage(part.top, part.left, _ALL[: part.height, : part.width])
            else:
                yield Coverage(part.top, part.left, reached[self._numbers(cell)])

    def _spread(self, cell: _Cell, new: Bools) -> None:
        """Goes on from components of a tile to what they touch in the four beside it."""
        if not new.any():
            return
        self._reached[cell] |= new
        row, column = cell
        top, bottom, left, right = self._edges[cell]
        for edge, beside, side in (
            (top, (row - 1, column), 1),
            (bottom, (row + 1, column), 0),
            (left, (row, column - 1), 3),
            (right, (row, column + 1), 2),
        ):
            across = new[edge]
            if not across.any() or self._part(beside).empty:
                continue
            self._enter(beside)
            entered = np.zeros_like(self._reached[beside])
            entered[self._edges[beside][side][across]] = True
            entered[0] = False
            entered &= ~self._reached[beside]
            if entered.any():
                waiting = self._waiting.get(beside)
                self._waiting[beside] = entered if waiting is None else waiting | entered

    def _enter(self, cell: _Cell) -> None:
        if cell in self._edges:
            return
        if self._most is not None and len(self._edges) >= self._most:
            raise _TooMany
        numbers = self._numbers(cell)
        edges = (numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1])
        self._edges[cell] = tuple(edge.copy() for edge in edges)
        self._reached[cell] = np.zeros(int(numbers.max()) + 1, np.bool_)

    def _numbers(self, cell: _Cell) -> Numbers:
        """int32[h, w]: the tile's 4-connected components, 0 = not alike."""
        kept = self._kept.get(cell)
        if kept is not None:
            return kept
        part = self._part(cell)
        numbers = np.zeros((part.height, part.width), np.int32)
        ndimage.label(self._alike(part), output=numbers)
        if len(self._kept) < _KEPT:
            self._kept[cell] = numbers
        return numbers

    def _part(self, cell: _Cell) -> Rect:
        return cell_rect(*cell, TILE).intersection(self._within)
