"""The hottest region of an explanation becomes a proposal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document

_HOT = 0.6  # of the greatest heat: where a region ends


def hottest_region(heat: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """bool[h, w]: what is connected to the hottest cell and has most of its heat."""
    hot = heat >= _HOT * heat.max()
    numbers, _ = ndimage.label(hot)
    return np.asarray(numbers == numbers[np.unravel_index(int(heat.argmax()), heat.shape)])


def seed_proposal(document: Document, heat: npt.NDArray[np.float32], class_index: int) -> None:
    """Proposes the region under the hottest part of a heat as a class; the mask stays.

    Args:
        heat: float32[h, w] in 0…1 over the whole image.

    Raises:
        UserError: there is no heat anywhere, or the proposal is still arriving.
    """
    if heat.max() <= 0:
        raise UserError("nothing in the image speaks for this label", remedy="Choose another one.")
    if document.proposed_by is not None and not document.proposal_complete:
        raise UserError("the proposal is still arriving", remedy="Wait for it, then ask again.")
    height, width = document.mask.shape
    region = hottest_region(heat)
    rows, columns = (np.flatnonzero(region.any(axis)) for axis in (1, 0))
    scale_y, scale_x = height / heat.shape[0], width / heat.shape[1]
    where = Rect(
        int(rows[0] * scale_y),
        int(columns[0] * scale_x),
        int(np.ceil((rows[-1] + 1) * scale_y)),
        int(np.ceil((columns[-1] + 1) * scale_x)),
    ).clipped((height, width))
    y = np.minimum((np.arange(where.top, where.bottom) / scale_y).astype(int), heat.shape[0] - 1)
    x = np.minimum((np.arange(where.left, where.right) / scale_x).astype(int), heat.shape[1] - 1)
    inside = region[y[:, None], x]
    sure = np.round(heat[y[:, None], x] * 255).astype(np.uint8)
    classes = document.proposal.classes.read(where).copy()
    confidence = document.proposal.confidence.read(where).copy()
    classes[inside] = class_index
    confidence[inside] = sure[inside]
    document.show_proposal(where.top, where.left, classes, confidence)
