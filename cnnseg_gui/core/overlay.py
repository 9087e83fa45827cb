"""From mask and proposal to colours: one lookup per pixel, nothing that counts the image."""

from __future__ import annotations

from collections.abc import Sequence, Set
from enum import Enum

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.mask import UNLABELLED, Pixels

_PROPOSED, _EDGE = 256, 512
_BACKGROUND_SHARE = 0.4  # decided background is there to be seen, not to cover the picture
_PROPOSAL_SHARE = 0.5  # a proposal is lighter than a decision
Colours = npt.NDArray[np.uint32]


def colour_table(
    classes: Sequence[PixelClass],
    *,
    opacity: float,
    hidden: Set[int] = frozenset(),
    style: str = "filled",
) -> Colours:
    """uint32[1024], premultiplied 0xAARRGGBB: decided, proposed, and both again for edges.

    Args:
        classes: with their colours; class 0 is the background, whose proposal is not drawn.
        opacity: 0…1, of a decided object.
        hidden: classes that are not drawn.
        style: "filled", "outline" (edges alone) or "hidden" (nothing).
    """
    table = np.zeros(1024, np.uint32)
    inside = 1.0 if style == "filled" else 0.0
    for cls in classes:
        if style == "hidden" or cls.index in hidden:
            continue
        filled = opacity * (_BACKGROUND_SHARE if cls.index == 0 else 1.0)
        edge = min(1.0, 1.6 * opacity)
        proposed = 0.0 if cls.index == 0 else _PROPOSAL_SHARE * opacity
        proposed_edge = 0.0 if cls.index == 0 else min(1.0, 1.1 * opacity)
        table[cls.index] = _premultiplied(cls.colour, filled * inside)
        table[_EDGE + cls.index] = _premultiplied(cls.colour, edge)
        table[_PROPOSED + cls.index] = _premultiplied(cls.colour, proposed * inside)
        table[_PROPOSED + _EDGE + cls.index] = _premultiplied(cls.colour, proposed_edge)
    return table


class Shows(Enum):
    """What of an image is drawn over it."""

    COMPOSITE = "composite"
    MASK = "mask"
    PROPOSAL = "proposal"


def overlay(decided: Pixels, proposed: Pixels, table: Colours) -> Colours:
    """The colours of a rectangle: uint32[h, w].

    Args:
        decided: of the mask, uint8[h + 2, w + 2]: the rectangle with one pixel more on each side,
            by which edges are known.
        proposed: of the proposal, likewise.
    """
    index = decided.astype(np.uint16)
    shown = (decided == UNLABELLED) & (proposed != UNLABELLED)
    np.copyto(index, proposed.astype(np.uint16) + np.uint16(_PROPOSED), where=shown)
    below, right = index[1:] != index[:-1], index[:, 1:] != index[:, :-1]
    edge = below[1:, 1:-1] | below[:-1, 1:-1]
    edge |= right[1:-1, 1:]
    edge |= right[1:-1, :-1]
    colours: Colours = table.take(index[1:-1, 1:-1] + np.uint16(_EDGE) * edge)
    return colours


def _premultiplied(colour: tuple[int, int, int], alpha: float) -> int:
    red, green, blue = (round(channel * alpha) for channel in colour)
    return round(255 * alpha) << 24 | red << 16 | green << 8 | blue
