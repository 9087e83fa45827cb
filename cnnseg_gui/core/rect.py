"""Rectangles of pixels: half-open, in image coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Rect(NamedTuple):
    """Rows `top` … `bottom` - 1 and columns `left` … `right` - 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return max(0, self.bottom - self.top)

    @property
    def width(self) -> int:
        return max(0, self.right - self.left)

    @property
    def empty(self) -> bool:
        return self.bottom <= self.top or self.right <= self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing an array that has the image's origin."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def intersection(self, other: Rect) -> Rect:
        return Rect(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle around both; an empty one adds nothing."""
        if self.empty:
            return other
        if other.empty:
            return self
        return Rect(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def without(self, other: Rect) -> Iterator[Rect]:
        """What is left of it beside another: up to four rectangles, none of them empty."""
        inner = self.intersection(other)
        if inner.empty:
            inner = Rect(self.top, self.left, self.top, self.left)
        parts = (
            Rect(self.top, self.left, inner.top, self.right),
            Rect(inner.top, self.left, inner.bottom, inner.left),
            Rect(inner.top, inner.right, inner.bottom, self.right),
            Rect(inner.bottom, self.left, self.bottom, self.right),
        )
        yield from (part for part in parts if not part.empty)

    def clipped(self, shape: tuple[int, int]) -> Rect:
        return self.intersection(Rect(0, 0, shape[0], shape[1]))

    def inflated(self, pixels: int) -> Rect:
        return Rect(
            self.top - pixels, self.left - pixels, self.bottom + pixels, self.right + pixels
        )

    def reduced(self, level: int) -> Rect:
        """The rectangle of a pyramid's level (halved `level` times) that covers this one."""
        return Rect(
            self.top >> level,
            self.left >> level,
            -(-self.bottom >> level),
            -(-self.right >> level),
        )

    def cells(self, size: int) -> Iterator[tuple[int, int]]:
        """(row, column) of every `size` × `size` cell that the rectangle touches."""
        if self.empty:
            return
        for row in range(self.top // size, (self.bottom - 1) // size + 1):
            for column in range(self.left // size, (self.right - 1) // size + 1):
                yield row, column


def cell_rect(row: int, column: int, size: int) -> Rect:
    """The rectangle of one `size` × `size` cell."""
    return Rect(row * size, column * size, (row + 1) * size, (column + 1) * size)
