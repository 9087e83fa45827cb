"""Colours of 16 bits through Pillow, which keeps each sample's high byte and drops the low one.

Told that the samples have the other byte order, it keeps the low bytes instead: read twice, a file
gives all 16 bits. Source: `OPEN_INFO` in Pillow's TiffImagePlugin, `_MODES` in its PngImagePlugin,
and src/libImaging/Unpack.c.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps

from cnnseg_gui.core.image_file import Source, opened

_GREY_WITH_ALPHA = "LA;16B"
_OTHER_ORDER = {
    f"{colours};16{order}": f"{colours};16{other}"
    for colours in ("RGB", "RGBA", "RGBX")
    for order, other in (("B", "L"), ("L", "B"), ("N", "B" if sys.byteorder == "little" else "L"))
}


def deep_rawmode(image: Image.Image) -> str | None:
    """What `read_deep_colour` needs to know of an image that is opened and not loaded yet.

    Returns:
        None where Pillow drops nothing, or where what it drops cannot be had: CMYK and
        premultiplied alpha.
    """
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    found = {_first(tile.args) for tile in tiles}
    rawmode = found.pop() if len(found) == 1 else ""
    return rawmode if rawmode == _GREY_WITH_ALPHA or rawmode in _OTHER_ORDER else None


def read_deep_colour(source: Source, rawmode: str, page: int = 0) -> npt.NDArray[np.uint16]:
    """The values of a PNG or TIFF file, upright: uint16[H, W, C], C from 2 (grey, alpha) to 4.

    Args:
        page: of a TIFF file.

    Raises:
        OSError: the file is truncated or damaged.
    """
    if rawmode == _GREY_WITH_ALPHA:  # four bytes a pixel, high before low
        return _samples(source, "RGBA", page).view(">u2").astype(np.uint16)
    values = _samples(source, rawmode, page).astype(np.uint16)
    values <<= 8
    values |= _samples(source, _OTHER_ORDER[rawmode], page)
    return values


def _samples(source: Source, rawmode: str, page: int) -> npt.NDArray[np.uint8]:
    """uint8[H, W, C], of every sample the byte that Pillow takes for the high one."""
    with opened(source) as file, Image.open(file, formats=("PNG", "TIFF")) as image:
        if page:
            image.seek(page)
        if isinstance(image, ImageFile.ImageFile):
            image.tile = [
                tile._replace(
                    args=(rawmode, *tile.args[1:]) if isinstance(tile.args, tuple) else rawmode
                )
                for tile in image.tile
            ]
        image.load()
        return np.ascontiguousarray(ImageOps.exif_transpose(image))


def _first(arguments: object) -> str:
    if isinstance(arguments, tuple):
        return str(arguments[0]) if arguments else ""
    return str(arguments)
