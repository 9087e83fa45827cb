"""Tiles of decided pixels to validate on while there are too few images; never learnt from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.learning.sampling import Example

CELL = 128
"""Side of a held-out tile in pixels; a whole number of them makes a mask's tile."""

ENOUGH_IMAGES = 2
"""Held-out images from which on no tiles are held out: the eighth group of images brings them."""

_FEWEST_CELLS = 10  # with decided pixels: of fewer none can be spared
_EVERY = 5
_KEPT = 0.6  # of each class's pixels, at least, stay to be learnt from

_Cell = tuple[int, int]
_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TilesOf(Example):
    """The held-out tiles of an image that is learnt from elsewhere."""


def hold_out_tiles(examples: Sequence[Example]) -> list[Example]:
    """The examples, with tiles held out where there are too few held-out images.

    Every fifth cell of 128 × 128 pixels, by a hash of the image's key and the cell's place, so that
    a cell keeps its role as more is painted. A class keeps three fifths of its pixels.

    Returns:
        As many examples, of which some have a smaller mask, and behind them a `TilesOf` for each
        of these.
    """
    held_out = {example.key for example in examples if example.held_out and _decided(example)}
    if len(held_out) >= ENOUGH_IMAGES:
        return list(examples)
    cells = {
        (number, cell): counts
        for number, example in enumerate(examples)
        if not example.held_out
        for cell, counts in _cells(example.mask)
    }
    if len(cells) < _FEWEST_CELLS:
        return list(examples)
    left = sum(cells.values(), np.zeros(256, np.int64))
    least = np.ceil(left * _KEPT).astype(np.int64)
    chosen: dict[int, list[_Cell]] = {}
    for value, number, cell in sorted(
        (_hash(examples[number].key, cell), number, cell) for number, cell in cells
    ):
        counts = cells[number, cell]
        if value % _EVERY == 0 and (left - counts >= least).all():
            left = left - counts
            chosen.setdefault(number, []).append(cell)
    kept, apart = list(examples), []
    for number, places in chosen.items():
        example = examples[number]
        rest, held = _divided(example.mask, places)
        kept[number] = replace(example, mask=rest)
        apart.append(TilesOf(example.key, example.load, held, held_out=True))
    return [*kept, *apart]


def _decided(example: Example) -> bool:
    return bool(example.mask.counts().any())


def _cells(mask: Mask) -> Iterator[tuple[_Cell, _Counts]]:
    """Place and decided pixels by class, int64[256], of every cell that has any."""
    per_tile = TILE // CELL
    for (row, column), stored in mask.tiles():
        tile = mask.meaning[stored]
        for top in range(per_tile):
            for left in range(per_tile):
                part = tile[cell_rect(top, left, CELL).slices]
                counts = np.bincount(part.ravel(), minlength=256)
                counts[UNLABELLED] = 0
                if counts.any():
                    yield (row * per_tile + top, column * per_tile + left), counts


def _hash(key: str, cell: _Cell) -> int:
    digest = hashlib.blake2b(f"{key} {cell[0]} {cell[1]}".encode(), digest_size=8)
    return int.from_bytes(digest.digest())


def _divided(mask: Mask, cells: Sequence[_Cell]) -> tuple[Mask, Mask]:
    """The mask without some cells, and these alone."""
    rest, held = mask.snapshot(), Mask(*mask.shape)
    for cell in cells:
        rect = cell_rect(*cell, CELL).clipped(mask.shape)
        held.write(rect.top, rect.left, mask.read(rect))
        rest.write(rect.top, rect.left, _nothing(rect))
    return rest, held


def _nothing(rect: Rect) -> npt.NDArray[np.uint8]:
    return np.full((rect.height, rect.width), UNLABELLED, np.uint8)
