"""Connected components across tiles: found tile by tile, joined where the tiles meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.core.region_scope import Bools, Cell, within

Read = Callable[[Rect], Bools]
Numbers = npt.NDArray[np.int32]
Values = npt.NDArray[np.int64]

FOUR: Bools = ndimage.generate_binary_structure(2, 1)
EIGHT: Bools = np.ones((3, 3), np.bool_)


@dataclass(frozen=True)
class Components:
    """The components of the set pixels of a window, numbered from 0."""

    sizes: Values
    """int64[n]: pixels."""
    at_border: Bools
    """bool[n]: it touches the window's border."""
    cells: tuple[Cell, ...]
    window: Rect
    _read: Read
    _structure: Bools
    _firsts: dict[Cell, int]
    _counts: dict[Cell, int]
    _owners: Numbers

    def numbers(self, cell: Cell) -> Numbers:
        """int32[h, w] of one tile's part of the window: the component's number, -1 elsewhere."""
        part = cell_rect(*cell, TILE).intersection(self.window)
        numbers, count = _numbered(self._read, part, self.window, self._structure)
        first = self._firsts[cell]
        owners = np.concatenate([[-1], self._owners[first : first + count]]).astype(np.int32)
        out: Numbers = owners[numbers[: part.height, : part.width]]
        return out

    def part(self, cell: Cell, chosen: Bools) -> tuple[Rect, Numbers] | None:
        """A tile's place in the window and the numbers of chosen components, bool[n], else -1.

        None where the tile holds none of them.
        """
        first = self._firsts.get(cell)
        if first is None or not chosen[self._owners[first : first + self._counts[cell]]].any():
            return None
        numbers = self.numbers(cell)
        numbers[~np.append(chosen, False)[numbers]] = -1
        return (_part(cell, self.window), numbers) if (numbers >= 0).any() else None

    def parts(self, chosen: Bools) -> Iterator[tuple[Rect, Numbers]]:
        """The tiles that hold pixels of chosen components, bool[n]; the others read as -1."""
        for cell in self.cells:
            part = self.part(cell, chosen)
            if part is not None:
                yield part

    def batches(self) -> Iterator[tuple[Rect, Numbers]]:
        """All of them: those inside one tile together, larger ones each by itself.

        Returns:
            A place in the window, and int32[h, w]: numbers, -1 elsewhere.
        """
        boxes = self.boxes()
        top, left, bottom, right = boxes.T
        alone = (top // TILE != (bottom - 1) // TILE) | (left // TILE != (right - 1) // TILE)
        yield from self.parts(~alone)
        for number in np.flatnonzero(alone):
            rect = Rect(*(int(edge) for edge in boxes[number]))
            numbers = np.full((rect.height, rect.width), -1, np.int32)
            for cell in rect.cells(TILE):
                if cell not in self._firsts:
                    continue  # empty, though the object lies round it
                part = cell_rect(*cell, TILE).intersection(self.window)
                shown = part.intersection(rect)
                mine = self.numbers(cell)[within(shown, part)] == number
                numbers[within(shown, rect)][mine] = number
            yield rect, numbers

    def boxes(self) -> Values:
        """int64[n, 4]: top, left, bottom, right of each."""
        out = np.tile(np.array([1 << 40, 1 << 40, -1, -1], np.int64), (len(self.sizes), 1))
        for cell, first in self._firsts.items():
            part = _part(cell, self.window)
            numbers, _ = _numbered(self._read, part, self.window, self._structure)
            own = ndimage.find_objects(numbers[: part.height, : part.width])
            for number, found in zip(self._owners[first:], own, strict=False):
                if found is not None:
                    rows, columns = found
                    begin = (part.top + rows.start, part.left + columns.start)
                    end = (part.top + rows.stop, part.left + columns.stop)
                    out[number, :2] = np.minimum(out[number, :2], begin)
                    out[number, 2:] = np.maximum(out[number, 2:], end)
        return out


def components(read: Read, cells: Iterable[Cell], window: Rect, structure: Bools) -> Components:
    """The connected components of what `read` sets inside `window`.

    Each tile is numbered together with the row and the column after it, so that every two
    neighbouring pixels are seen together once; equal pixels join the numbers of two tiles (the
    two passes of Rosenfeld and Pfaltz, 1966, with tiles for rows).

    Args:
        read: bool[h, w] of a rectangle inside `window`.
        cells: the tiles that hold set pixels.
        structure: `FOUR` or `EIGHT`.
    """
    wanted = set(cells)
    # two pixels that meet only at a corner are seen by the tile left of the upper one
    wanted |= {(row, column - 1) for row, column in wanted}
    ordered = sorted(cell for cell in wanted if not _part(cell, window).empty)
    firsts: dict[Cell, int] = {}
    counts: dict[Cell, int] = {}
    borders: dict[Cell, _Borders] = {}
    sizes: list[Values] = []
    at_border: list[Bools] = []
    total = 0
    for cell in ordered:
        part = _part(cell, window)
        numbers, count = _numbered(read, part, window, structure)
        own = numbers[: part.height, : part.width]
        firsts[cell], counts[cell] = total, count
        borders[cell] = _Borders.of(numbers, part, total)
        sizes.append(np.bincount(own.ravel(), minlength=count + 1)[1:])
        at_border.append(_on_border(own, count, part, window))
        total += count
    owners, count = _joined(borders, total)
    return Components(
        sizes=np.bincount(owners, _joined_up(sizes), count).astype(np.int64),
        at_border=np.bincount(owners, _joined_up(at_border), count) > 0,
        cells=tuple(ordered),
        window=window,
        _read=read,
        _structure=structure,
        _firsts=firsts,
        _counts=counts,
        _owners=owners,
    )


@dataclass(frozen=True)
class _Borders:
    """A tile's numbers along its borders, counted over all tiles from 1; 0 = not set."""

    top: Numbers
    left: Numbers
    after_bottom: Numbers | None
    after_right: Numbers | None

    @classmethod
    def of(cls, numbers: Numbers, part: Rect, first: int) -> _Borders:
        height, width = part.height, part.width
        shifted = np.where(numbers > 0, numbers + first, 0).astype(np.int32)
        return cls(
            top=shifted[0, :width],
            left=shifted[:height, 0],
            after_bottom=shifted[height] if numbers.shape[0] > height else None,
            after_right=shifted[:height, width] if numbers.shape[1] > width else None,
        )


def _part(cell: Cell, window: Rect) -> Rect:
    return cell_rect(*cell, TILE).intersection(window)


def _numbered(read: Read, part: Rect, window: Rect, structure: Bools) -> tuple[Numbers, int]:
    """A tile's part of the window, with the row and the column after it."""
    around = Rect(part.top, part.left, part.bottom + 1, part.right + 1).intersection(window)
    numbers, count = ndimage.label(read(around), structure=structure)
    return numbers.astype(np.int32, copy=False), int(count)


def _joined(borders: dict[Cell, _Borders], total: int) -> tuple[Numbers, int]:
    """Which component each tile's number belongs to, int32[total], and how many there are."""
    pairs = [np.zeros((2, 0), np.int32)]
    for (row, column), border in borders.items():
        below, right = borders.get((row + 1, column)), borders.get((row, column + 1))
        corner = borders.get((row + 1, column + 1))
        if border.after_bottom is not None:
            if below is not None:
                pairs.append(np.stack([border.after_bottom[: len(below.top)], below.top]))
            if corner is not None and border.after_right is not None:
                pairs.append(np.stack([border.after_bottom[-1:], corner.top[:1]]))
        if border.after_right is not None and right is not None:
            pairs.append(np.stack([border.after_right, right.left]))
    links = np.concatenate(pairs, axis=1)
    links = links[:, (links > 0).all(axis=0)] - 1
    graph = sparse.coo_matrix(
        (np.ones(links.shape[1], np.bool_), (links[0], links[1])), shape=(total, total)
    )
    count, owners = csgraph.connected_components(graph, directed=False)
    return owners.astype(np.int32), int(count) if total else 0


def _on_border(own: Numbers, count: int, part: Rect, window: Rect) -> Bools:
    out = np.zeros(count + 1, np.bool_)
    for touches, line in (
        (part.top == window.top, own[0]),
        (part.bottom == window.bottom, own[-1]),
        (part.left == window.left, own[:, 0]),
        (part.right == window.right, own[:, -1]),
    ):
        if touches:
            out[line] = True
    return out[1:]


def _joined_up(arrays: list[Values] | list[Bools]) -> Values:
    return np.concatenate([np.zeros(0, np.int64), *arrays]).astype(np.int64)
