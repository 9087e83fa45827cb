"""What a file is that is not the one its image was painted on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cnnseg_gui.core.attached import not_opened
from cnnseg_gui.core.classes import PixelClass, palette_table
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import content_hash, read_header, read_image
from cnnseg_gui.core.image_table import ImageFacts, ImageRecord
from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels, unpack_tile
from cnnseg_gui.core.ordinary_file import read_ordinary

SIDE = 320
"""Pixels of the longer side of what is shown of it."""

_SHARE = 0.5  # of the colour of what is painted

_LARGEST = 150_000_000  # pixels: larger ones are not decoded for a look at them


@dataclass(frozen=True)
class Painted:
    """A mask as it is stored, with what its values mean (uint8[256]) and the classes' colours."""

    tiles: Sequence[tuple[int, int, bytes]]
    meaning: Pixels
    classes: Sequence[PixelClass]


@dataclass(frozen=True)
class Inspected:
    """A file as it is.

    Args:
        facts: as of any image file.
        small: uint8[h, w, 3] of at most SIDE pixels, with what was painted over it where the size
            is that of the mask; None where the file is too large for a look at it.
    """

    facts: ImageFacts
    small: Pixels | None


def inspect(record: ImageRecord, painted: Painted) -> Inspected:
    """Reads what is where an image's file should be: a worker's job.

    Raises:
        UserError: it is gone or no whole image, or the mask is damaged.
    """
    height, width = read_header(record.path, record.page)
    if height * width > _LARGEST:
        sha256 = content_hash(record.path)
        return Inspected(ImageFacts(record.path, sha256, height, width, record.page), None)
    try:
        data = read_ordinary(record.path)
    except OSError as error:
        raise not_opened(error, record.path) from error
    pixels = read_image(data, record.page, name=str(record.path)).pixels
    height, width = pixels.shape[:2]
    facts = ImageFacts(record.path, hashlib.sha256(data).hexdigest(), height, width, record.page)
    small = _small(pixels)
    if (height, width) == (record.height, record.width):
        small = _with_mask(small, _small_mask(painted, height, width), painted.classes)
    return Inspected(facts, small)


def _small(pixels: Pixels) -> Pixels:
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return np.array(image, np.uint8)


def _small_mask(painted: Painted, height: int, width: int) -> Pixels:
    """uint8[h, w]: every n-th value of a mask, unpacked one tile after the other."""
    step = max(1, -(-max(height, width) // SIDE))
    out = np.full((-(-height // step), -(-width // step)), UNLABELLED, np.uint8)
    for tile_row, tile_column, data in painted.tiles:
        try:
            tile = unpack_tile(data)
        except (TypeError, ValueError) as error:
            raise UserError(f"the mask is damaged ({error})") from error
        top, left = -(-tile_row * TILE // step), -(-tile_column * TILE // step)
        row, column = top * step - tile_row * TILE, left * step - tile_column * TILE
        values = tile[row::step, column::step]
        room = out[top : top + values.shape[0], left : left + values.shape[1]]
        room[:] = values[: room.shape[0], : room.shape[1]]
    return painted.meaning[out]


def _with_mask(small: Pixels, mask: Pixels, classes: Sequence[PixelClass]) -> Pixels:
    """The classes' colours over a picture, the first class's the fainter."""
    rows = np.arange(small.shape[0]) * mask.shape[0] // small.shape[0]
    columns = np.arange(small.shape[1]) * mask.shape[1] // small.shape[1]
    values = mask[np.ix_(rows, columns)]
    shares = np.full(256, _SHARE, np.float32)
    shares[0], shares[UNLABELLED] = _SHARE / 3, 0.0
    share = shares[values][..., None]
    colours = palette_table(classes)[values]
    return (small * (1 - share) + colours * share + 0.5).astype(np.uint8)
