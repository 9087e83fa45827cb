"""A rectangle of an image, at the size of any level of its pyramid."""

from __future__ import annotations

import numpy as np

from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.rect import Rect, cell_rect


def image_part(image: ImageSource, rect: Rect, level: int = 0) -> Pixels:
    """A copy of a rectangle, uint8[h, w, 3], clipped to the image; in pixels of that level."""
    area = rect.intersection(Rect(0, 0, *image.shape).reduced(level))
    out = np.empty((area.height, area.width, 3), np.uint8)
    for row, column in area.cells(TILE):
        part = cell_rect(row, column, TILE).intersection(area)
        tile = image.tile(level, row, column)
        y, x = row * TILE, column * TILE
        out[part.top - area.top : part.bottom - area.top, part.left - area.left :][
            :, : part.width
        ] = tile[part.top - y : part.bottom - y, part.left - x : part.right - x]
    return out
