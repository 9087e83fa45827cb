"""The patch: a mask before and after one gesture. The unit of undo, journal and redraw.

A patch is a handful of rectangles, at most one per mask tile touched, so a long diagonal stroke
costs what it covers and not its bounding box.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.rect import Rect, cell_rect

Writable = npt.NDArray[np.bool_]
"""bool[256]: which mask values a gesture may overwrite."""

EVERYTHING: Writable = np.ones(256, np.bool_)
EVERYTHING.flags.writeable = False

_CHUNK = 1 << 16  # bytes
_PIECE = struct.Struct("<IIHH")
# In a piece's height, which is at most 256:
_ONE_BEFORE, _ONE_AFTER = 0x8000, 0x4000  # one value was there; one value was given
_FLAGS = _ONE_BEFORE | _ONE_AFTER
_EMPTY = Rect(0, 0, 0, 0)


@dataclass(frozen=True)
class Piece:
    """A rectangle inside one tile: its place, and uint8[h, w] before and after."""

    top: int
    left: int
    before: Pixels
    after: Pixels

    @property
    def rect(self) -> Rect:
        height, width = self.after.shape
        return Rect(self.top, self.left, self.top + height, self.left + width)


@dataclass(frozen=True)
class Patch:
    """What one gesture changed."""

    pieces: tuple[Piece, ...]

    @property
    def bounds(self) -> Rect:
        out = _EMPTY
        for piece in self.pieces:
            out = out.union(piece.rect)
        return out

    @property
    def tiles(self) -> list[tuple[int, int]]:
        """(row, column) of the mask tiles it touches."""
        return [(piece.top // TILE, piece.left // TILE) for piece in self.pieces]

    def apply(self, mask: Mask) -> None:
        """Writes the pixels after the gesture."""
        for piece in self.pieces:
            mask.write(piece.top, piece.left, piece.after)

    def revert(self, mask: Mask) -> None:
        """Writes the pixels before the gesture."""
        for piece in self.pieces:
            mask.write(piece.top, piece.left, piece.before)

    def count_change(self) -> npt.NDArray[np.int64]:
        """By how much it changes the decided pixels of each class: int64[256], [255] = 0."""
        change = np.zeros(256, np.int64)
        for piece in self.pieces:
            _count(piece, change)
        change[UNLABELLED] = 0
        return change

    def to_bytes(self) -> bytes:
        """Compact and self-contained, for the journal."""
        return zlib.compress(b"".join(_packed(piece) for piece in self.pieces), 1)

    def packed_tile(self, row: int, column: int) -> bytes | None:
        """The whole tile after the gesture as it is stored, where that is known already."""
        return None

    @classmethod
    def from_bytes(cls, data: bytes, shape: tuple[int, int] | None = None) -> Patch:
        """The inverse of `to_bytes`.

        Args:
            shape: of the mask; a patch that does not lie in it is refused before it is unpacked.

        Raises:
            ValueError: the bytes are not a patch, or not one of such a mask.
        """
        try:
            return cls(tuple(_unpacked(data, shape or (2**32, 2**32))))
        except (zlib.error, struct.error) as error:
            raise ValueError(f"a damaged patch ({error})") from error


def _packed(piece: Piece) -> bytes:
    """A header, the pixels before and those after; most strokes are one value on one other.

    Then the pixels before are one byte, and those after a value and a bit for each pixel that got
    it: a tenth of what would have to be packed otherwise, while the person waits.
    """
    (height, width), flags = piece.after.shape, 0
    before, after = piece.before.tobytes(), piece.after.tobytes()
    changed = piece.after != piece.before
    value = piece.after.flat[int(changed.argmax())]
    if ((piece.after == value) | ~changed).all():
        flags, after = flags | _ONE_AFTER, bytes([value]) + np.packbits(changed).tobytes()
    if (piece.before == piece.before.flat[0]).all():
        flags, before = flags | _ONE_BEFORE, before[:1]
    return _PIECE.pack(piece.top, piece.left, height | flags, width) + before + after


def _values(source: _Source, pixels: int, flags: int) -> tuple[Pixels, Pixels]:
    """The pixels of a piece before and after, uint8[pixels] each.

    Raises:
        ValueError: there are fewer than there should be.
    """
    before = source.numbers(1 if flags & _ONE_BEFORE else pixels)
    if flags & _ONE_BEFORE:
        before = np.full(pixels, before[0], np.uint8)
    if not flags & _ONE_AFTER:
        return before, source.numbers(pixels)
    value = source.numbers(1)[0]
    changed = np.unpackbits(source.numbers(-(-pixels // 8)), count=pixels)
    return before, np.where(changed, value, before)


def _unpacked(data: bytes, shape: tuple[int, int]) -> Iterator[Piece]:
    """Piece by piece: no more memory than a mask of this shape, whatever the bytes unfold to."""
    source = _Source(data)
    seen: set[tuple[int, int]] = set()
    while head := source.take(_PIECE.size):
        top, left, height, width = _PIECE.unpack(head)
        flags, height = height & _FLAGS, height & ~_FLAGS
        tile, pixels = (top // TILE, left // TILE), height * width
        rect = Rect(top, left, top + height, left + width)
        fits = pixels and rect == rect.clipped(shape).intersection(cell_rect(*tile, TILE))
        if not fits or tile in seen:
            raise ValueError(f"a damaged patch (at {top}, {left})")
        seen.add(tile)
        before, after = _values(source, pixels, flags)
        yield Piece(top, left, before.reshape(height, width), after.reshape(height, width))
    if not source.ended:
        raise ValueError("a damaged patch (cut off)")


class _Source:
    """What zlib streams, one after the other, unfold to; as much as is asked for at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0
        self._rest = b""  # read and not unfolded yet: little, for zlib copies it every time
        self._opener = zlib.decompressobj()

    @property
    def ended(self) -> bool:
        """All was unfolded, and the last stream is whole."""
        return self._opener.eof and not self._rest and self._at >= len(self._data)

    def numbers(self, count: int) -> Pixels:
        """uint8[count]. Raises ValueError where there are not so many."""
        taken = np.frombuffer(self.take(count), np.uint8)
        if len(taken) != count:
            raise ValueError("a damaged patch (cut off)")
        return taken

    def take(self, count: int) -> bytes:
        """Fewer bytes than asked for where there are no more."""
        out = bytearray()
        while len(out) < count:
            if not self._rest:
                self._rest = bytes(self._data[self._at : self._at + _CHUNK])
                self._at += _CHUNK
            if self._opener.eof and self._rest:
                self._opener = zlib.decompressobj()
            taken = self._opener.decompress(self._rest, count - len(out))
            eof = self._opener.eof
            self._rest = self._opener.unused_data if eof else self._opener.unconsumed_tail
            if not taken and not self._rest and self._at >= len(self._data):
                break
            out += taken
        return bytes(out)


class PatchBuilder:
    """Records a gesture as it is painted; the mask shows it at once.

    The first touch of a tile copies it; `finish` keeps the rectangle that was painted.
    """

    def __init__(self, mask: Mask, writable: Writable = EVERYTHING) -> None:
        self._mask = mask
        self._writable = None if writable.all() else writable
        self._before: dict[tuple[int, int], Pixels] = {}
        self._touched: dict[tuple[int, int], Rect] = {}

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
            The rectangle that may have changed, clipped to the image.
        """
        height, width = coverage.shape
        rect = Rect(top, left, top + height, left + width).clipped(self._mask.shape)
        for row, column in rect.cells(TILE):
            part = cell_rect(row, column, TILE).intersection(rect)
            inside = (
                slice(part.top - top, part.bottom - top),
                slice(part.left - left, part.right - left),
            )
            covered = coverage[inside]
            if not covered.any():
                continue
            pixels = self._mask.read_stored(part)
            if self._writable is not None:
                covered = covered & self._writable[self._mask.meaning[pixels]]
                if not covered.any():
                    continue
            self._remember(row, column, part)
            pixels[covered] = values if isinstance(values, int) else values[inside][covered]
            self._mask.write(part.top, part.left, pixels)
        return rect

    def finish(self) -> Patch | None:
        """The gesture's patch, or None where no pixel changed."""
        pieces = []
        for (row, column), rect in self._touched.items():
            before = self._before[row, column][
                rect.top - row * TILE : rect.bottom - row * TILE,
                rect.left - column * TILE : rect.right - column * TILE,
            ]
            after = self._mask.read_stored(rect)
            if not np.array_equal(before, after):
                pieces.append(Piece(rect.top, rect.left, before.copy(), after))
        self._forget()
        return Patch(tuple(pieces)) if pieces else None

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
        self._touched[key] = self._touched.get(key, _EMPTY).union(part)

    def _forget(self) -> None:
        self._before.clear()
        self._touched.clear()


def _count(piece: Piece, total: npt.NDArray[np.int64]) -> None:
    """Adds by how much a piece changes each value's pixels."""
    changed = piece.after != piece.before
    for values, sign in ((piece.after[changed], 1), (piece.before[changed], -1)):
        if (values == values[:1]).all():  # as after most strokes
            total[values[:1]] += sign * len(values)
        else:
            total += sign * np.bincount(values, minlength=256)
