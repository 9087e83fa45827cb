"""Where a model that has not seen a mask confidently says otherwise: slips of the hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect

SURE = 0.9
"""The calibrated probability of another class from which on a decided pixel is contradicted."""
SMALLEST = 25
"""Pixels: fewer are the border's uncertainty, not a slip."""

_SAME = 0.5  # overlap of their rectangles from which on two regions are one
_CORE = np.ones((5, 5), np.bool_)  # what a region must hold: thinner ones are borders


class Dismissed(NamedTuple):
    """A contradiction that a person has looked at and left: where, and of which classes."""

    rect: Rect
    decided: int
    proposed: int


@dataclass(frozen=True)
class Contradiction:
    """Connected pixels of one class for which the model would have another one."""

    rect: Rect
    pixels: int
    decided: int
    """The class that a person gave them."""
    proposed: int
    confidence: float
    """The mean probability of the proposed class, 0…1."""
    covered: npt.NDArray[np.bool_] = field(
        default_factory=lambda: np.empty((0, 0), np.bool_), compare=False, repr=False
    )
    """bool[h, w]: its own pixels of the rectangle."""

    @property
    def weight(self) -> float:
        """What regions are ranked by: pixels, as far as the model is sure of them."""
        return self.pixels * self.confidence


def contradictions(
    mask: Pixels,
    proposed: Pixels,
    confidence: Pixels,
    *,
    sure: float = SURE,
    smallest: int = SMALLEST,
    dismissed: Collection[Dismissed] = (),
) -> list[Contradiction]:
    """The regions of decided pixels that a model contradicts, the weightiest first.

    Borders are drawn some pixels off by anyone, so a region also has to hold a square of 5 × 5
    pixels. After C. Northcutt et al., "Confident Learning", JAIR 70, 2021.

    Args:
        mask: uint8[H, W], class indices or UNLABELLED.
        proposed: uint8[H, W], class indices from a model that was not taught this image.
        confidence: uint8[H, W], their probability in 0…255.
        dismissed: what does not come back, also where the next model draws its edge a little
            differently; of other classes it does.

    Raises:
        ValueError: shapes that differ.
    """
    if not mask.shape == proposed.shape == confidence.shape:
        raise ValueError(f"shapes {mask.shape}, {proposed.shape} and {confidence.shape}")
    wrong = (mask != UNLABELLED) & (proposed != mask) & (confidence >= round(sure * 255))
    found: list[Contradiction] = []
    pairs = np.unique(mask[wrong].astype(np.int64) * 256 + proposed[wrong])
    for decided_as, said in (divmod(int(pair), 256) for pair in pairs):
        mine = wrong & (mask == decided_as) & (proposed == said)
        numbers, _ = ndimage.label(mine)
        solid = set(np.unique(numbers[ndimage.binary_erosion(mine, _CORE)]).tolist())
        for number, part in enumerate(ndimage.find_objects(numbers), start=1):
            inside = numbers[part] == number
            count = int(inside.sum())
            if count < smallest or number not in solid:
                continue
            rows, columns = part
            rect = Rect(rows.start, columns.start, rows.stop, columns.stop)
            mean = float(confidence[part][inside].mean()) / 255
            region = Contradiction(rect, count, decided_as, said, mean, inside)
            if not is_dismissed(region, dismissed):
                found.append(region)
    return sorted(found, key=lambda region: (-region.weight, region.rect))


def is_dismissed(region: Contradiction, dismissed: Collection[Dismissed]) -> bool:
    """Whether a person has left this region, or one much like it, as it is."""
    return any(
        (region.decided, region.proposed) == (known.decided, known.proposed)
        and _overlap(region.rect, known.rect) >= _SAME
        for known in dismissed
    )


def _overlap(one: Rect, other: Rect) -> float:
    """Intersection over union of two rectangles."""
    common = one.intersection(other)
    if common.empty:
        return 0.0
    shared = common.height * common.width
    return shared / (one.height * one.width + other.height * other.width - shared)
