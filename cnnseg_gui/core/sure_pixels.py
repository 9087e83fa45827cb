"""Accepting only what a model is sure of."""

from __future__ import annotations

import math
from typing import Protocol

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.rect import cell_rect


class Sure(Protocol):
    """Classes (255: none) and how sure a model is of them, uint8[H, W] each."""

    @property
    def classes(self) -> Pixels: ...

    @property
    def confidence(self) -> Pixels: ...


def accept_sure(mask: Mask, proposed: Sure, above: float, *, accepted_as: Pixels) -> Patch | None:
    """Copies what is proposed with enough confidence into undecided pixels, as one patch.

    Decided pixels are never touched. None where there was nothing to accept.

    Args:
        above: the least confidence, 0…1.
        accepted_as: uint8[256], the mask value by class: see `ClassList.accepted_as`.
    """
    builder = PatchBuilder(mask)
    least = min(255, math.ceil(above * 255))
    height, width = mask.shape
    for row in range(-(-height // TILE)):
        for column in range(-(-width // TILE)):
            part = cell_rect(row, column, TILE).clipped(mask.shape)
            classes = proposed.classes[part.slices]
            taken = (proposed.confidence[part.slices] >= least) & (classes != UNLABELLED)
            taken &= mask.read(part) == UNLABELLED
            if taken.any():
                builder.paint(part.top, part.left, taken, accepted_as[classes])
    return builder.finish()
