"""Where a proposal is doubtful: the places that are worth a look next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask
from cnnseg_gui.core.proposal import Proposal
from cnnseg_gui.core.rect import Rect, cell_rect

BLOCK = 32
"""Side in pixels of the squares whose doubt is added up."""

LEAST = 16 * BLOCK * BLOCK
"""A square is doubtful from this sum of `255 - confidence` on: 94 % sure on average.

On the sample images the starter's objects have it along their edges, and clear ground has not:
a quarter of the squares.
"""

_WIDEST = 8  # squares: a larger doubtful area is several places, each to be seen at once
_PER_TILE = TILE // BLOCK


class Place(NamedTuple):
    """A doubtful part of the image."""

    rect: Rect
    doubt: int
    """The sum of `255 - confidence` over its undecided pixels."""


def doubtful_places(mask: Mask, proposal: Proposal) -> list[Place]:
    """Undecided, proposed pixels of little confidence, joined with their neighbours.

    Only stored tiles are walked.

    Returns:
        The most doubtful first, equally doubtful ones from the top left.
    """
    doubt = _doubt(mask, proposal)
    numbers, _ = ndimage.label(doubt >= LEAST, structure=np.ones((3, 3)))
    places: list[Place] = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(numbers), start=1):
        for part in _parts(Rect(rows.start, columns.start, rows.stop, columns.stop)):
            mine = numbers[part.slices] == number
            if mine.any():
                places.append(_place(part, mine, doubt, mask.shape))
    return sorted(places, key=lambda place: (-place.doubt, place.rect))


def doubtful_squares(mask: Mask, proposal: Proposal) -> npt.NDArray[np.bool_]:
    """bool[rows, columns]: which squares of `BLOCK` pixels are doubtful."""
    return _doubt(mask, proposal) >= LEAST


def next_doubtful(
    mask: Mask, proposal: Proposal, after: tuple[float, float] | None = None
) -> Rect | None:
    """The doubtful place that comes after another; after the last the first again.

    Args:
        after: (y, x) in the image, where the person is; in no place, or None: the most doubtful.

    Returns:
        None where nothing is doubtful.
    """
    places = [place.rect for place in doubtful_places(mask, proposal)]
    if not places:
        return None
    here = next((k for k, rect in enumerate(places) if after and _holds(rect, *after)), -1)
    return places[(here + 1) % len(places)]


def _doubt(mask: Mask, proposal: Proposal) -> npt.NDArray[np.int64]:
    """int64[rows, columns]: the sum over each square of the image."""
    rows, columns = (-(-side // TILE) * _PER_TILE for side in mask.shape)
    out = np.zeros((rows, columns), np.int64)
    for (row, column), classes in proposal.classes.tiles():
        rect = cell_rect(row, column, TILE)
        doubt = ~proposal.confidence.read(rect)  # 255 - confidence
        doubt *= (classes != UNLABELLED) & (mask.read(rect) == UNLABELLED)
        squares = doubt.reshape(_PER_TILE, BLOCK, _PER_TILE, BLOCK)
        out[
            row * _PER_TILE : (row + 1) * _PER_TILE, column * _PER_TILE : (column + 1) * _PER_TILE
        ] = squares.sum(axis=1, dtype=np.uint16).sum(axis=2, dtype=np.int64)
    return out


def _parts(found: Rect) -> Iterator[Rect]:
    """A rectangle of squares in pieces of at most `_WIDEST` × `_WIDEST`."""
    for top in range(found.top, found.bottom, _WIDEST):
        for left in range(found.left, found.right, _WIDEST):
            yield Rect(top, left, top + _WIDEST, left + _WIDEST).intersection(found)


def _place(
    part: Rect, mine: npt.NDArray[np.bool_], doubt: npt.NDArray[np.int64], shape: tuple[int, int]
) -> Place:
    rows, columns = (np.flatnonzero(mine.any(axis)) for axis in (1, 0))
    rect = Rect(
        (part.top + int(rows[0])) * BLOCK,
        (part.left + int(columns[0])) * BLOCK,
        (part.top + int(rows[-1]) + 1) * BLOCK,
        (part.left + int(columns[-1]) + 1) * BLOCK,
    )
    return Place(rect.clipped(shape), int(doubt[part.slices][mine].sum()))


def _holds(rect: Rect, y: float, x: float) -> bool:
    return rect.top <= y < rect.bottom and rect.left <= x < rect.right
