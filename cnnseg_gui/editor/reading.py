"""What the workspace has done in worker threads: looking at image files and reading them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_io import content_hash, find_images, read_image
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import ImageFacts, ImageRecord, probe
from cnnseg_gui.core.lazy_tiff import LazyTiff
from cnnseg_gui.core.pixel_size import tiff_pixel_size
from cnnseg_gui.core.pyramid import build_pyramid
from cnnseg_gui.core.tiff import TiffUnsupported, is_tiff

LAZY_PIXELS = 150_000_000
"""A TIFF file of more pixels is read by its parts, where it has any."""


def probe_all(paths: Sequence[Path]) -> tuple[list[ImageFacts], list[UserError]]:
    """The facts of all images among files and folders, and what is wrong with the others.

    Raises:
        UserError: there are none.
    """
    facts, errors = [], []
    for path in find_images(paths):
        try:
            facts.append(probe(path))
        except UserError as error:
            errors.append(error)
    return facts, errors


def load_image(record: ImageRecord, *, lazy_pixels: int = LAZY_PIXELS) -> ImageSource:
    """Reads an image and checks that it is still the one whose mask the project holds.

    Raises:
        UserError: it cannot be read, or is another one now.
    """
    if record.height * record.width > lazy_pixels:
        source = _by_parts(record)
        if source is not None:
            return source
    try:
        data = record.path.read_bytes()
    except OSError as error:
        raise from_os_error(error, doing="opening the image", path=record.path) from error
    if hashlib.sha256(data).hexdigest() != record.sha256:
        raise _changed(record)
    image = read_image(data, name=str(record.path))
    pixel_size = tiff_pixel_size(data) if is_tiff(data) else None
    del data
    _check_size(record, image.pixels.shape[:2])
    return build_pyramid(
        image.pixels, pixel_size=pixel_size, values=image.values, window=image.window
    )


def _by_parts(record: ImageRecord) -> ImageSource | None:
    """A TIFF file that need not be read whole; None for others."""
    try:
        with record.path.open("rb") as file:
            if not is_tiff(file.read(4)):
                return None
        if content_hash(record.path) != record.sha256:
            raise _changed(record)
        source = LazyTiff(record.path, pixel_size=tiff_pixel_size(record.path))
    except TiffUnsupported:
        return None
    except OSError as error:
        raise from_os_error(error, doing="opening the image", path=record.path) from error
    try:
        _check_size(record, source.shape)
    except UserError:
        source.close()
        raise
    return source


def _changed(record: ImageRecord) -> UserError:
    return UserError(
        "this file has changed since it was added, so its mask may not fit",
        path=record.path,
        remedy="Put the former file back; the mask is kept.",
    )


def _check_size(record: ImageRecord, shape: tuple[int, ...]) -> None:
    if shape != (record.height, record.width):
        raise UserError(
            f"the image measures {shape[1]} × {shape[0]} pixels and "
            f"its mask {record.width} × {record.height}",
            path=record.path,
            remedy="Put the former file back; the mask is kept.",
        )
