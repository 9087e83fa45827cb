"""The hottest region of an explanation becomes a proposal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QTimer
from scipy import ndimage

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.editor.document import Document

AT_ONCE = 4
"""Tiles that are proposed without a break: 5 ms."""

_HOT = 0.6  # of the greatest heat: where a region ends

_Seed = tuple[Rect, npt.NDArray[np.bool_], Pixels]


def hottest_region(heat: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """bool[h, w]: what is connected to the hottest cell and has most of its heat."""
    hot = heat >= _HOT * heat.max()
    numbers, _ = ndimage.label(hot)
    return np.asarray(numbers == numbers[np.unravel_index(int(heat.argmax()), heat.shape)])


def seed_proposal(document: Document, heat: npt.NDArray[np.float32], class_index: int) -> None:
    """Proposes the region under the hottest part of a heat as a class; the mask stays.

    It appears tile by tile, between which the hand has its turn. The rest is left out where the
    image is left, another proposal comes, or the class goes before it is there.

    Args:
        heat: float32[h, w] in 0…1 over the whole image.

    Raises:
        UserError: there is no heat anywhere, or the proposal is still arriving.
    """
    if heat.max() <= 0:
        raise UserError("nothing in the image speaks for this label", remedy="Choose another one.")
    if _arrives(document):
        raise UserError("the proposal is still arriving", remedy="Wait for it, then ask again.")
    proposed_by, seeds = document.proposed_by, _seeds(document.mask.shape, heat)
    timer = QTimer(document)  # and gone with it

    def go_on() -> None:
        wanted = document.proposed_by == proposed_by and not _arrives(document)
        part = list(islice(seeds, AT_ONCE))
        if not part or not wanted or document.mask.meaning[class_index] != class_index:
            timer.stop()
            timer.deleteLater()
            return
        for rect, inside, sure in part:
            classes = document.proposal.classes.read(rect).copy()
            confidence = document.proposal.confidence.read(rect).copy()
            classes[inside] = class_index
            confidence[inside] = sure[inside]
            document.show_proposal(rect.top, rect.left, classes, confidence)

    timer.timeout.connect(go_on)
    timer.start(0)


def _arrives(document: Document) -> bool:
    return document.proposed_by is not None and not document.proposal_complete


def _seeds(shape: tuple[int, int], heat: npt.NDArray[np.float32]) -> Iterator[_Seed]:
    """Of each tile under the hottest region: where, its pixels bool[h, w], how sure uint8[h, w]."""
    height, width = shape
    region = hottest_region(heat)
    rows, columns = (np.flatnonzero(region.any(axis)) for axis in (1, 0))
    scale_y, scale_x = height / heat.shape[0], width / heat.shape[1]
    where = Rect(
        int(rows[0] * scale_y),
        int(columns[0] * scale_x),
        int(np.ceil((rows[-1] + 1) * scale_y)),
        int(np.ceil((columns[-1] + 1) * scale_x)),
    ).clipped(shape)
    for cell in where.cells(TILE):
        rect = cell_rect(*cell, TILE).intersection(where)
        rows, columns = np.arange(rect.top, rect.bottom), np.arange(rect.left, rect.right)
        y = np.minimum((rows / scale_y).astype(int), heat.shape[0] - 1)[:, None]
        x = np.minimum((columns / scale_x).astype(int), heat.shape[1] - 1)
        if region[y, x].any():
            yield rect, region[y, x], np.round(heat[y, x] * 255).astype(np.uint8)
