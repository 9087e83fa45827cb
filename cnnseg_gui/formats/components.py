"""The objects of a mask: connected components of one class, corners touching (8-neighbourhood)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect

TOUCHING = np.ones((3, 3), np.bool_)


@dataclass(frozen=True)
class Components:
    """The objects of one class: [h, w], 0 or an object's number from 1, and where that begins."""

    index: int
    labels: npt.NDArray[np.signedinteger[Any]]
    corner: tuple[int, int]
    count: int


def components(mask: Pixels, *, undecided: bool = False) -> Iterator[Components]:
    """Class after class but the background, and at the end the undecided pixels if asked for."""
    for index, box in present(mask):
        if index != UNLABELLED or undecided:
            labels, count = ndimage.label(mask[box.slices] == index, TOUCHING)
            yield Components(index, labels, (box.top, box.left), count)


def present(mask: Pixels) -> list[tuple[int, Rect]]:
    """The values above 0 of a mask, ascending, each with the box around its pixels."""
    found = []
    for number, place in enumerate(ndimage.find_objects(mask), start=1):
        if place is not None:
            rows, columns = place
            found.append((number, Rect(rows.start, columns.start, rows.stop, columns.stop)))
    return found


def boxes(part: Components) -> list[Rect]:
    """The box around each object, in the image."""
    top, left = part.corner
    return [
        Rect(top + rows.start, left + columns.start, top + rows.stop, left + columns.stop)
        for rows, columns in ndimage.find_objects(part.labels)
    ]
