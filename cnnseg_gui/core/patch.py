"""The patch: a mask before and after one gesture. The unit of undo, journal and redraw.

A patch is a handful of rectangles, at most one per mask tile touched, so a long diagonal stroke
costs what it covers and not its bounding box.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import TILE, Mask, Pixels
from cnnseg_gui.core.piece import Piece, Stored, change_of, stored, unpacked
from cnnseg_gui.core.rect import Rect, cell_rect

_Cell = tuple[int, int]
Writable = npt.NDArray[np.bool_]
"""bool[256]: which mask values a gesture may overwrite."""

EVERYTHING: Writable = np.ones(256, np.bool_)
EVERYTHING.flags.writeable = False

_EMPTY = Rect(0, 0, 0, 0)


@dataclass(frozen=True)
class Patch:
    """What one gesture changed.

    Args:
        pieces: at most one for each tile.
        known: by tile, what the store wants of its piece, where it was made beside the window.
    """

    pieces: tuple[Piece, ...]
    known: Mapping[_Cell, Stored] = field(default_factory=dict, compare=False, repr=False)

    @property
    def bounds(self) -> Rect:
        out = _EMPTY
        for piece in self.pieces:
            out = out.union(piece.rect)
        return out

    @property
    def tiles(self) -> list[_Cell]:
        """(row, column) of the mask tiles it touches."""
        return [piece.cell for piece in self.pieces]

    def apply(self, mask: Mask) -> None:
        """Writes the pixels after the gesture."""
        for piece in self.pieces:
            mask.write(piece.top, piece.left, piece.after)

    def revert(self, mask: Mask) -> None:
        """Writes the pixels before the gesture."""
        for piece in self.pieces:
            mask.write(piece.top, piece.left, piece.before)

    def changed_pixels(self) -> int:
        """How many pixels are another value after it."""
        known = self.with_forms().known
        return sum(known[piece.cell].changed for piece in self.pieces)

    def count_change(self) -> npt.NDArray[np.int64]:
        """By how much it changes the decided pixels of each class: int64[256], [255] = 0."""
        total = np.zeros(256, np.int64)
        for piece in self.pieces:
            known = self.known.get(piece.cell)
            total += change_of(piece) if known is None else known.change
        return total

    def packed_tile(self, cell: _Cell) -> bytes | None:
        """The whole tile after the gesture as it is stored, where that is known already."""
        known = self.known.get(cell)
        return None if known is None else known.tile

    def with_forms(self) -> Patch:
        """The same patch, knowing of every piece how it is stored."""
        return Patch(
            self.pieces,
            {piece.cell: self.known.get(piece.cell) or stored(piece) for piece in self.pieces},
        )

    def to_bytes(self) -> bytes:
        """Compact and self-contained, for the journal."""
        known = self.with_forms().known
        return b"".join(known[piece.cell].journal for piece in self.pieces)

    @classmethod
    def from_bytes(cls, data: bytes, shape: tuple[int, int] | None = None) -> Patch:
        """The inverse of `to_bytes`.

        Args:
            shape: of the mask; a patch that does not lie in it is refused before it is unpacked.

        Raises:
            ValueError: the bytes are not a patch, or not one of such a mask.
        """
        try:
            return cls(tuple(unpacked(data, shape or (2**32, 2**32))))
        except (zlib.error, struct.error) as error:
            raise ValueError(f"a damaged patch ({error})") from error


class PatchBuilder:
    """Records a gesture as it is painted; the mask shows it at once.

    The first touch of a tile copies it; `finish` keeps the rectangle that was painted. Tiles that a
    stroke has left behind are packed beside the window meanwhile, so that its end waits for little.

    Args:
        packer: packs tiles; None: they are packed when they are stored.
    """

    def __init__(
        self, mask: Mask, writable: Writable = EVERYTHING, *, packer: Executor | None = None
    ) -> None:
        self._mask = mask
        self._writable = None if writable.all() else writable
        self._packer = packer
        self._before: dict[_Cell, Pixels] = {}
        self._touched: dict[_Cell, Rect] = {}
        self._last: set[_Cell] = set()
        self._packing: dict[_Cell, Future[_Packed | None]] = {}

    def paint(
        self,
        top: int,
        left: int,
        coverage: npt.NDArray[np.bool_],
        values: int | Pixels,
    ) -> Rect:
        """Writes `values` (one class, or uint8[h, w]) where `coverage`, bool[h, w], is set.

        Pixels whose value may not be overwritten are left as they are.

        Returns:
            The rectangle that holds all that changed; empty where nothing did.
        """
        height, width = coverage.shape
        rect = Rect(top, left, top + height, left + width).clipped(self._mask.shape)
        under, changed = set(), _EMPTY
        for row, column in rect.cells(TILE):
            part = cell_rect(row, column, TILE).intersection(rect)
            inside = (
                slice(part.top - top, part.bottom - top),
                slice(part.left - left, part.right - left),
            )
            covered = coverage[inside]
            if not covered.any():
                continue
            under.add((row, column))
            pixels = self._mask.read_stored(part)
            new = values if isinstance(values, int) else values[inside]
            differs = covered & (pixels != new)
            if self._writable is not None:
                differs &= self._writable[self._mask.meaning[pixels]]
            place = _around(differs, part.top, part.left)
            if place.empty:
                continue
            self._remember(row, column, place)
            np.copyto(pixels, new, where=differs, casting="unsafe")
            self._mask.write(part.top, part.left, pixels)
            changed = changed.union(place)
        if under and self._packer is not None:
            self._pack((self._last - under) & self._before.keys())
            self._last = under
        return changed

    def finish(self) -> Patch | None:
        """The gesture's patch, or None where no pixel changed."""
        done = [made for cell in self._touched if (made := self._made(cell)) is not None]
        self._forget()
        if not done:
            return None
        pieces = tuple(piece for piece, _ in done)
        return Patch(pieces, {piece.cell: form for piece, form in done if form is not None})

    def cancel(self) -> Rect:
        """Puts everything back and returns the rectangle to redraw."""
        bounds = _EMPTY
        for (row, column), rect in self._touched.items():
            self._mask.write(row * TILE, column * TILE, self._before[row, column])
            bounds = bounds.union(rect)
        self._forget()
        return bounds

    def _remember(self, row: int, column: int, part: Rect) -> None:
        key = (row, column)
        if key not in self._before:
            self._before[key] = self._mask.read_stored(cell_rect(row, column, TILE))
        elif (packing := self._packing.pop(key, None)) is not None:
            packing.cancel()
        self._touched[key] = self._touched.get(key, _EMPTY).union(part)

    def _pack(self, cells: Iterable[_Cell]) -> None:
        """Has these tiles packed as they are now."""
        for cell in cells:
            tile = self._mask.tile(*cell)
            if self._packer is not None and tile is not None:
                self._packing[cell] = self._packer.submit(
                    _packed, self._before[cell], tile.copy(), cell, self._touched[cell]
                )

    def _made(self, cell: _Cell) -> _Packed | None:
        """A tile's piece, by the packer where that is at it, else here; None: it did not change."""
        packing = self._packing.get(cell)
        if packing is not None and not packing.cancel():
            return packing.result()
        tile = self._mask.tile(*cell)
        if tile is None:
            return None
        place = (self._before[cell], tile, cell, self._touched[cell])
        return _piece(*place) if self._packer is None else _packed(*place)

    def _forget(self) -> None:
        for packing in self._packing.values():
            packing.cancel()
        self._before.clear()
        self._touched.clear()
        self._packing.clear()
        self._last.clear()


def _around(pixels: npt.NDArray[np.bool_], top: int, left: int) -> Rect:
    """The smallest rectangle round those that are set, bool[h, w] at (top, left)."""
    rows = np.flatnonzero(pixels.any(axis=1))
    if not len(rows):
        return _EMPTY
    columns = np.flatnonzero(pixels.any(axis=0))
    return Rect(
        top + int(rows[0]),
        left + int(columns[0]),
        top + int(rows[-1]) + 1,
        left + int(columns[-1]) + 1,
    )


_Packed = tuple[Piece, Stored | None]


def _piece(before: Pixels, tile: Pixels, cell: _Cell, rect: Rect) -> _Packed | None:
    """The piece of a tile that was `before`, uint8[TILE, TILE]; None where nothing changed."""
    top, left = cell[0] * TILE, cell[1] * TILE
    inside = (
        slice(rect.top - top, rect.bottom - top),
        slice(rect.left - left, rect.right - left),
    )
    old, new = before[inside], tile[inside]
    if np.array_equal(old, new):
        return None
    return Piece(rect.top, rect.left, old.copy(), new.copy()), None


def _packed(before: Pixels, tile: Pixels, cell: _Cell, rect: Rect) -> _Packed | None:
    """As `_piece`, with what the store wants of it."""
    made = _piece(before, tile, cell, rect)
    return None if made is None else (made[0], stored(made[0], tile))
