"""Masks as indexed PNG: pixel values are class indices, 255 is unlabelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from cnnseg_gui.core.classes import PixelClass, palette_table
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_io import MAX_PIXELS
from cnnseg_gui.core.indexed_png import indexed_png
from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels
from cnnseg_gui.core.pillow_image import FORMATS


def encode_mask(pixels: Pixels, classes: Sequence[PixelClass]) -> bytes:
    """uint8[H, W] as an 8-bit indexed PNG whose palette shows the class colours."""
    bands = (pixels[top : top + TILE] for top in range(0, len(pixels), TILE))
    height, width = pixels.shape
    return indexed_png((height, width), bands, palette_table(classes))


def read_mask(path: Path) -> Pixels:
    """The values of a mask file, uint8[H, W]: indices of a palette, grey values, or 0 and 255.

    Raises:
        UserError: it cannot be read, or is no mask of 8 bits.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UserError("the mask is too large", path=path, remedy="Leave it out.")
            if image.mode == "1":
                return np.asarray(image.convert("L"), np.uint8)
            if image.mode not in ("P", "L"):
                raise UserError(
                    f"this is no mask: its pixels are {image.mode}, not 8-bit indices",
                    path=path,
                    remedy="Save it as indexed or 8-bit grey PNG.",
                )
            return np.array(image, np.uint8)
    except UserError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise from_os_error(error, doing="opening the mask", path=path) from error
        raise _unreadable(path, error) from error
    except Exception as error:
        raise _unreadable(path, error) from error


def apply_value_map(
    values: Pixels, classes_by_value: Mapping[int, int]
) -> tuple[Pixels, dict[int, int]]:
    """Turns a foreign mask's values into class indices.

    Args:
        values: uint8[H, W].
        classes_by_value: class index by value; a value that is not named becomes unlabelled.

    Returns:
        uint8[H, W], and how many pixels had each value that was not named (255 is not counted).
    """
    table = np.full(256, UNLABELLED, np.uint8)
    for value, index in classes_by_value.items():
        table[value] = index
    counts = np.bincount(values.ravel(), minlength=256)
    unnamed = {
        int(value): int(counts[value])
        for value in np.flatnonzero(counts)
        if int(value) not in classes_by_value and value != UNLABELLED
    }
    return table[values], unnamed


def _unreadable(path: Path, error: Exception) -> UserError:
    reason = str(error).split("\n")[0][:200] or type(error).__name__
    return UserError(
        f"the mask cannot be read ({reason})", path=path, remedy="Save it again as PNG."
    )
