"""Whether a project's images have a top: then patches are mirrored, but not turned on their side.

In photographs of streets the sky is above and the road below, and a network that is shown them
upside down wastes its time; cells and cracks lie any way round, and turning multiplies examples.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask

EXPLAINED = 0.3
"""Share of the height's variance that the classes must explain. Measured on whole masks: streets
0.73–0.87, cells, cracks, vessels and tissue below 0.1."""
_APART = 4  # pixels, along both axes: every sixteenth one says enough
_CELL = 32  # pixels: strokes within a cell say the same thing once
_FEWEST_CELLS = 60  # with decided pixels: fewer show where was painted, not where classes lie

_Sums = npt.NDArray[np.float64]


def have_a_top(masks: Iterable[Mask]) -> bool:
    """Whether the classes lie at different heights, and more so than from side to side."""
    rows, columns, cells = np.zeros((3, 256)), np.zeros((3, 256)), 0
    for mask in masks:
        height, width = mask.shape
        for (row, column), stored in mask.tiles():
            tile = mask.meaning[stored[::_APART, ::_APART]]
            places = _APART * np.indices(tile.shape, np.intp)
            rows += _sums(tile, places[0], row * TILE, height)
            columns += _sums(tile, places[1], column * TILE, width)
            cells += _cells(tile)
    if cells < _FEWEST_CELLS:
        return False
    vertical, horizontal = explained(rows), explained(columns)
    return vertical > EXPLAINED and vertical > 2 * horizontal


def explained(sums: _Sums) -> float:
    """The share of a coordinate's variance that lies between the classes: η², 0…1.

    Args:
        sums: float64[3, classes]: count, sum and sum of squares by class.
    """
    counts, first, second = sums
    total = counts.sum()
    if not total:
        return 0.0
    mean = first.sum() / total
    variance = second.sum() - total * mean**2
    means = first / np.maximum(counts, 1)
    between = (counts * (means - mean) ** 2).sum()
    return float(between / variance) if variance > 0 else 0.0


def _sums(
    tile: npt.NDArray[np.uint8], within: npt.NDArray[np.intp], start: int, length: int
) -> _Sums:
    """Of where a tile's pixels lie along a side of the image, 0…1."""
    classes, at = tile.ravel(), (start + within.ravel()) / length
    sums = np.stack(
        [
            np.bincount(classes, minlength=256).astype(np.float64),
            np.bincount(classes, at, minlength=256),
            np.bincount(classes, at**2, minlength=256),
        ]
    )
    sums[:, UNLABELLED] = 0
    return sums


def _cells(tile: npt.NDArray[np.uint8]) -> int:
    """How many cells of a tile have decided pixels."""
    side, cell = TILE // _CELL, _CELL // _APART
    decided = (tile != UNLABELLED).reshape(side, cell, side, cell)
    return int(decided.any((1, 3)).sum())
