"""Masks that formats get wrong: holes, parts, details of one pixel, undecided areas."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.mask import UNLABELLED

CLASSES = make_classes(("background", "cell", "nucleus", "Zellwand – außen"))

_SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))
_VALUES = st.sampled_from([0, 1, 2, 3, UNLABELLED])


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    """uint8[H, W]: rectangles over a ground of noise or of one value."""
    shape = draw(_SHAPES)
    mask = draw(hnp.arrays(np.uint8, shape, elements=_VALUES, fill=_VALUES)).copy()
    for _ in range(draw(st.integers(0, 6))):
        top, left = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
        height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
        mask[top : top + height, left : left + width] = draw(_VALUES)
    return mask


def rings(height: int = 60, width: int = 50) -> np.ndarray:
    """Two rings of class 1, one around a nucleus of class 2, a diagonal line, undecided rest."""
    y, x = np.mgrid[:height, :width]
    mask = np.full((height, width), UNLABELLED, np.uint8)
    mask[:, : width // 2] = 0
    for row, column in ((15, 15), (40, 30)):
        distance = np.hypot(y - row, x - column)
        mask[(distance < 12) & (distance > 6)] = 1
    mask[np.hypot(y - 15, x - 15) < 3] = 2
    mask[y == x + 5] = 3
    return mask
