"""The image at halved sizes, so that what is drawn never depends on what the image measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.rect import cell_rect


class ImagePyramid:
    """Level 0 is the image, uint8[H, W, 3]; each level halves the one below (2 × 2 means)."""

    def __init__(self, levels: Sequence[Pixels]) -> None:
        self._levels = tuple(levels)

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self._levels[0].shape[:2]
        return height, width

    @property
    def levels(self) -> int:
        return len(self._levels)

    @property
    def pixels(self) -> Pixels:
        """The image itself, uint8[H, W, 3]."""
        return self._levels[0]

    def tile(self, level: int, row: int, column: int) -> Pixels:
        """uint8[h, w, 3], h and w ≤ TILE: a view, smaller at the right and bottom edge."""
        image = self._levels[level]
        return image[cell_rect(row, column, TILE).clipped(image.shape[:2]).slices]


def build_pyramid(pixels: Pixels) -> ImagePyramid:
    """Halves uint8[H, W, 3] until it fits one tile. A worker's job: about 25 ms for 4096²."""
    levels = [np.ascontiguousarray(pixels)]
    while max(levels[-1].shape[:2]) > TILE:
        levels.append(np.asarray(Image.fromarray(levels[-1]).reduce(2)))
    return ImagePyramid(levels)
