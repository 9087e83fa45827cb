"""A small square picture of an image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from cnnseg_gui.core.attached import read_attached
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.mask import Pixels


def thumbnail(path: Path, sha256: str, page: int, side: int) -> Pixels:
    """The middle of a page of an image file, uint8[side, side, 3].

    Args:
        sha256: of the file, in hex: another one is not shown in its place.

    Raises:
        MissingImage, ChangedImage, UserError: as `attached.read_attached` and `read_image`.
    """
    data = read_attached(path, sha256)
    return middle(read_image(data, page, name=str(path)).pixels, side)


def middle(pixels: Pixels, side: int) -> Pixels:
    """The middle square of uint8[H, W, 3], made uint8[side, side, 3] by averages."""
    image = Image.fromarray(pixels)
    whole = min(image.size)
    left, top = (image.width - whole) // 2, (image.height - whole) // 2
    box = (left, top, left + whole, top + whole)
    return np.ascontiguousarray(image.resize((side, side), Image.Resampling.BOX, box=box))
