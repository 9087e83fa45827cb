"""The proposal: what a model predicts, beside the mask and never in it."""

from __future__ import annotations

import numpy as np

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels, TileGrid
from cnnseg_gui.core.packed_grid import PackedGrid
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.rect import Rect, cell_rect


class Proposal:
    """Classes (255 = nothing proposed yet) and confidence (0…255) of one image's pixels."""

    def __init__(self, height: int, width: int) -> None:
        self.classes = PackedGrid(height, width, fill=UNLABELLED)
        self.confidence = SampledGrid(height, width)

    def write(self, top: int, left: int, classes: Pixels, confidence: Pixels) -> Rect:
        """Takes a finished rectangle, both uint8[h, w]; returns it."""
        self.classes.write(top, left, classes)
        self.confidence.write(top, left, confidence)
        return Rect(top, left, top + classes.shape[0], left + classes.shape[1])


class SampledGrid:
    """A uint8[H, W] raster, 0 at first, of which every second pixel of every second row is kept.

    Confidence hardly differs from one pixel to the next, and cannot be packed.
    """

    def __init__(self, height: int, width: int) -> None:
        self._kept = TileGrid((height + 1) // 2, (width + 1) // 2, fill=0)

    def write(self, top: int, left: int, values: Pixels) -> None:
        """Takes uint8[h, w] at (top, left)."""
        kept = values[top % 2 :: 2, left % 2 :: 2]
        if kept.size:
            self._kept.write((top + 1) // 2, (left + 1) // 2, kept)

    def read(self, rect: Rect) -> Pixels:
        """A rectangle, uint8[h, w]: each pixel as the kept one of its square of 2 × 2."""
        around = Rect(rect.top // 2, rect.left // 2, (rect.bottom + 1) // 2, (rect.right + 1) // 2)
        doubled = self._kept.read(around).repeat(2, axis=0).repeat(2, axis=1)
        top, left = rect.top % 2, rect.left % 2
        return doubled[top : top + rect.height, left : left + rect.width]


def composite(mask: Pixels, proposed: Pixels) -> Pixels:
    """The mask where decided, the proposal elsewhere: uint8[h, w] from two of the same shape."""
    return np.where(mask == UNLABELLED, proposed, mask)


def accept(
    mask: Mask,
    proposal: Proposal,
    within: Rect | None = None,
    *,
    accepted_as: Pixels,
    only: int | None = None,
) -> Patch | None:
    """Copies proposed pixels into the mask where it is undecided, as one undoable patch.

    Decided pixels are never touched. None where there was nothing to accept.

    Args:
        accepted_as: uint8[256], the mask value by class: see `ClassList.accepted_as`.
        within: this rectangle only.
        only: this class only.
    """
    builder = PatchBuilder(mask)
    area = (within or mask.bounds).clipped(mask.shape)
    for row, column in list(proposal.classes.cells()):
        part = cell_rect(row, column, TILE).intersection(area)
        if part.empty:
            continue
        proposed = proposal.classes.read(part)
        open_pixels = (mask.read(part) == UNLABELLED) & (proposed != UNLABELLED)
        if only is not None:
            open_pixels &= proposed == only
        builder.paint(part.top, part.left, open_pixels, accepted_as[proposed])
    return builder.finish()
