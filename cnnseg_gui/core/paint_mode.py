"""Modes: which decided pixels a gesture may change."""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum

import numpy as np

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.patch import EVERYTHING, Writable


class PaintMode(StrEnum):
    """What painting goes over."""

    EVERYTHING = "everything"
    UNLABELLED = "unlabelled"
    CHOSEN = "chosen"


def writable(
    mode: PaintMode, *, chosen: Set[int] = frozenset(), locked: Set[int] = frozenset()
) -> Writable:
    """bool[256]: the mask values that may be overwritten.

    Args:
        chosen: the classes that `PaintMode.CHOSEN` goes over, and nothing else.
        locked: classes whose pixels stay as they are in every mode.
    """
    if mode == PaintMode.EVERYTHING and not locked:
        return EVERYTHING
    table = np.full(256, mode == PaintMode.EVERYTHING)
    if mode == PaintMode.UNLABELLED:
        table[UNLABELLED] = True
    elif mode == PaintMode.CHOSEN:
        table[list(chosen)] = True
    table[list(locked)] = False
    return table
