"""A piece of a patch: a rectangle inside one tile, before and after, and how it is stored."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels, pack_tile
from cnnseg_gui.core.packed import bytes_needed, packed_bytes, values_from_bytes, values_to_bytes
from cnnseg_gui.core.rect import Rect, cell_rect

_CHUNK = 1 << 16  # bytes
_PIECE = struct.Struct("<IIHH")
# In a piece's height, which is at most 256:
_BEFORE = {1: 0x8000, 2: 0x2000, 4: 0xA000, 256: 0}  # how many values were there, as `packed` says
_KNOWN = {flags: known for known, flags in _BEFORE.items()}
_ONE_AFTER = 0x4000  # all that changed got the same value
_FLAGS = 0xE000
_FEW = 4  # values that are counted one by one: faster than gathering their pixels


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

    @property
    def cell(self) -> tuple[int, int]:
        """(row, column) of its tile."""
        return self.top // TILE, self.left // TILE


@dataclass(frozen=True)
class Stored:
    """A piece as the store wants it: compact, counted, and its tile packed where that is known."""

    journal: bytes
    changed: int
    """Pixels that are another value after it."""
    change: npt.NDArray[np.int64]
    """By how much it changes the pixels of each value, int64[256], [255] = 0."""
    tile: bytes | None = None
    """The whole tile after the gesture."""


def change_of(piece: Piece) -> npt.NDArray[np.int64]:
    """By how much a piece changes the pixels of each value, int64[256], [255] = 0."""
    return _looked_through(piece).change


def stored(piece: Piece, tile: Pixels | None = None) -> Stored:
    """What the store wants of a piece: about 0.05 ms, and 0.07 ms for the tile.

    Args:
        tile: the whole tile after the gesture, uint8[TILE, TILE], to be packed too.
    """
    found = _looked_through(piece)
    height, width = piece.after.shape
    known, old = values_to_bytes(piece.before)
    flags = _BEFORE[known]
    if found.given is not None:
        flags, new = flags | _ONE_AFTER, bytes([found.given]) + np.packbits(found.mask).tobytes()
    else:
        new = piece.after.tobytes()
    head = _PIECE.pack(piece.top, piece.left, height | flags, width)
    packed = None if tile is None else pack_tile(tile)
    return Stored(packed_bytes(head + old + new), found.changed, found.change, packed)


@dataclass(frozen=True)
class _Change:
    mask: npt.NDArray[np.bool_]
    changed: int
    change: npt.NDArray[np.int64]
    given: int | None
    """The value that all changed pixels got, where it is one."""


def _looked_through(piece: Piece) -> _Change:
    mask = piece.after != piece.before
    count = int(np.count_nonzero(mask))
    change = np.zeros(256, np.int64)
    given = _count(piece.after, mask, count, change, 1)
    _count(piece.before, mask, count, change, -1)
    change[UNLABELLED] = 0
    return _Change(mask, count, change, given)


def _count(
    values: Pixels,
    changed: npt.NDArray[np.bool_],
    count: int,
    total: npt.NDArray[np.int64],
    sign: int,
) -> int | None:
    """Adds `sign` for every changed pixel's value; the value where there is just one."""
    rest, left = changed, count
    for turn in range(_FEW):
        value = int(values.flat[int(rest.argmax())])
        these = rest & (values == value)
        found = int(np.count_nonzero(these))
        total[value] += sign * found
        left -= found
        if not left:
            return value if turn == 0 else None
        rest = rest & ~these
    if left:
        total += sign * np.bincount(values[rest], minlength=256)
    return None


def _values(source: _Source, pixels: int, flags: int) -> tuple[Pixels, Pixels]:
    """The pixels of a piece before and after, uint8[pixels] each.

    Raises:
        ValueError: there are fewer than there should be.
    """
    known = _KNOWN[flags & ~_ONE_AFTER]
    before = values_from_bytes(known, source.numbers(bytes_needed(known, pixels)), pixels)
    if not flags & _ONE_AFTER:
        return before, source.numbers(pixels)
    value = source.numbers(1)[0]
    changed = np.unpackbits(source.numbers(-(-pixels // 8)), count=pixels)
    return before, np.where(changed, value, before)


def unpacked(data: bytes, shape: tuple[int, int]) -> Iterator[Piece]:
    """The pieces of a journal's bytes, which are those of its pieces one after the other.

    No more memory than a mask of this shape is taken, whatever the bytes unfold to.

    Raises:
        ValueError: the bytes are not a patch, or not one of such a mask.
        zlib.error, struct.error: they are damaged.
    """
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
