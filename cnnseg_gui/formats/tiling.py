"""Tiles of an image: squares of one size, without overlap but for the last ones."""

from __future__ import annotations

from collections.abc import Iterator

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.rect import Rect

SMALLEST = 16
"""Pixels of a tile's side, at least."""


def check_size(size: int) -> None:
    """Raises `UserError` for a size that makes no sense; 0 means whole images."""
    if size and size < SMALLEST:
        raise UserError(
            f"tiles of {size} pixels are too small", remedy=f"Use {SMALLEST} pixels or more."
        )


def tiles_of(height: int, width: int, size: int) -> Iterator[tuple[int, int, Rect]]:
    """(row, column, rectangle) of each tile, in reading order; they cover the image.

    The last of a row or column is shifted inwards, so that all are of the same size; an image that
    is smaller than a tile is one smaller tile. A size of 0 gives the whole image.
    """
    for row, top in enumerate(_starts(height, size)):
        for column, left in enumerate(_starts(width, size)):
            bottom, right = (min(top + size, height), min(left + size, width))
            yield row, column, Rect(top, left, bottom if size else height, right if size else width)


def tile_count(height: int, width: int, size: int) -> int:
    """How many `tiles_of` gives."""
    return len(_starts(height, size)) * len(_starts(width, size))


def _starts(length: int, size: int) -> list[int]:
    if not size or length <= size:
        return [0]
    return [*range(0, length - size, size), length - size]
