"""The images of a data set: those that were painted on, upright."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from cnnseg_gui.core.attached import not_opened, read_attached
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import LoadedImage, read_image
from cnnseg_gui.core.ordinary_file import read_ordinary
from cnnseg_gui.core.rect import Rect


def read_fitting(
    path: Path, sha256: str, shape: tuple[int, ...], *, page: int | None = None
) -> tuple[bytes, LoadedImage]:
    """An image's file and what it shows; of a page a TIFF file of its own, with its values.

    Args:
        page: from 0; None takes the whole file.
        sha256: of the file that its mask was painted on, in hex; empty: not checked.
        shape: height and width of its mask.

    Raises:
        UserError: it is missing, is not the one that was painted on, or cannot be read.
    """
    try:
        data = read_attached(path, sha256) if sha256 else read_ordinary(path)
    except OSError as error:
        raise not_opened(error, path) from error
    image = read_image(data, page or 0, name=str(path))
    if image.pixels.shape[:2] != shape:
        raise UserError(
            "the image does not have the size of its mask",
            path=path,
            remedy="Put the image back that was painted on.",
        )
    if page is None:
        return data, image
    return _alone(image), replace(image, turned=False)


def _alone(image: LoadedImage) -> bytes:
    import tifffile

    values = image.pixels if image.values is None else image.values
    buffer = io.BytesIO()
    colours = values.ndim == 3 and values.shape[2] in (3, 4)
    tifffile.imwrite(
        buffer,
        values,
        photometric="rgb" if colours else "minisblack",
        planarconfig="contig" if values.ndim == 3 else None,
        compression="zlib",
    )
    return buffer.getvalue()


def write_upright(folder: Path, name: str, data: bytes, image: LoadedImage) -> str:
    """Writes an image byte for byte, or anew where EXIF turns it; gives the name it has there.

    Anew it is PNG, or TIFF with all its values where they are over 8 bits.

    Raises:
        OSError: it cannot be written.
    """
    if image.turned and image.values is not None:
        name, data = f"{Path(name).stem}.tif", _alone(image)
    elif image.turned:
        name = f"{Path(name).stem}.png"
        buffer = io.BytesIO()
        Image.fromarray(image.pixels).save(buffer, "PNG")
        data = buffer.getvalue()
    (folder / name).write_bytes(data)
    return name


def link_image(source: Path, target: Path) -> bool:
    """Makes a hard link; False where the disk, or the system, does not let it."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        return False
    return True


def cut(image: LoadedImage, rect: Rect) -> tuple[str, bytes, LoadedImage]:
    """A tile: its ending, its file and what it shows. PNG, or TIFF where values are over 8 bits."""
    values = None if image.values is None else np.ascontiguousarray(image.values[rect.slices])
    pixels = np.ascontiguousarray(image.pixels[rect.slices])
    tile = replace(image, pixels=pixels, values=values, turned=False)
    if values is not None:
        return ".tif", _alone(tile), tile
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return ".png", buffer.getvalue(), tile


def not_there(path: Path) -> bool:
    """Whether an image's file is missing."""
    try:
        return not path.is_file()
    except OSError:
        return True
