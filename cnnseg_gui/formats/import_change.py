"""What an image's mask becomes by an import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.core.prepared import Prepared, prepare
from cnnseg_gui.core.raster import Coverage


class Existing(StrEnum):
    """What becomes of a mask that a person has worked on."""

    KEEP = "keep"
    """It stays as it is, its undecided pixels too."""
    FILL = "fill"
    """Only its undecided pixels take what the data set says."""
    REPLACE = "replace"
    """All pixels that the data set decides become what it says."""


@dataclass(frozen=True)
class MaskChange:
    """A change of one mask, made beside the window.

    Args:
        prepared: to be put in once.
        kept: decided pixels that the data set says otherwise of, and that stay.
    """

    prepared: Prepared
    kept: int


def change_mask(mask: Mask, wanted: Pixels, existing: Existing) -> MaskChange:
    """Finds what an import changes; the mask stays as it is: a worker's job, on a snapshot.

    Args:
        wanted: uint8[H, W] in the project's values, 255 where the data set decides nothing.
    """
    before = mask.read(mask.bounds)
    writes = (wanted != UNLABELLED) & (wanted != before)
    kept = 0
    if existing is not Existing.REPLACE:
        decided = before != UNLABELLED
        kept = int(np.count_nonzero(writes & decided))
        writes &= ~decided
        if existing is Existing.KEEP and decided.any():
            writes[:] = False
    return MaskChange(prepare(mask, [(Coverage(0, 0, writes), wanted)]), kept)
