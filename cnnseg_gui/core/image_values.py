"""An image's own values, as they are measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect, cell_rect


def values_in(image: ImageSource, rect: Rect) -> npt.NDArray[Any]:
    """A rectangle inside the image: the file's values, [h, w, C], C 1 or 3; of 8 bits uint8.

    Raises:
        UserError: the file could not be read.
    """
    if image.deep_tile(0, rect.top // TILE, rect.left // TILE) is None:
        return image_part(image, rect)
    parts = []
    for row in range(rect.top // TILE, -(-rect.bottom // TILE)):
        line = []
        for column in range(rect.left // TILE, -(-rect.right // TILE)):
            tile = image.deep_tile(0, row, column)
            assert tile is not None
            inside = cell_rect(row, column, TILE).intersection(rect)
            top, left = inside.top - row * TILE, inside.left - column * TILE
            line.append(tile[top : top + inside.height, left : left + inside.width])
        parts.append(np.concatenate(line, axis=1))
    return np.concatenate(parts)
