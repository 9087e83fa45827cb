"""The proposal: what a model predicts, beside the mask and never in it."""

from __future__ import annotations

import numpy as np

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels, TileGrid
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.rect import Rect, cell_rect


class Proposal:
    """Classes (255 = nothing proposed yet) and confidence (0…255) of one image's pixels."""

    def __init__(self, height: int, width: int) -> None:
        self.classes = TileGrid(height, width, fill=UNLABELLED)
        self.confidence = TileGrid(height, width, fill=0)

    def write(self, top: int, left: int, classes: Pixels, confidence: Pixels) -> Rect:
        """Takes a finished rectangle, both uint8[h, w]; returns it."""
        self.classes.write(top, left, classes)
        self.confidence.write(top, left, confidence)
        return Rect(top, left, top + classes.shape[0], left + classes.shape[1])


def composite(mask: Pixels, proposed: Pixels) -> Pixels:
    """The mask where decided, the proposal elsewhere: uint8[h, w] from two of the same shape."""
    return np.where(mask == UNLABELLED, proposed, mask)


def accept(
    mask: Mask, proposal: Proposal, within: Rect | None = None, *, only: int | None = None
) -> Patch | None:
    """Copies proposed pixels into the mask where it is undecided, as one undoable patch.

    Decided pixels are never touched. None where there was nothing to accept.

    Args:
        within: this rectangle only.
        only: this class only.
    """
    builder = PatchBuilder(mask)
    area = (within or mask.bounds).clipped(mask.shape)
    for (row, column), _ in proposal.classes.tiles():
        part = cell_rect(row, column, TILE).intersection(area)
        if part.empty:
            continue
        proposed = proposal.classes.read(part)
        open_pixels = (mask.read(part) == UNLABELLED) & (proposed != UNLABELLED)
        if only is not None:
            open_pixels &= proposed == only
        builder.paint(part.top, part.left, open_pixels, proposed)
    return builder.finish()
