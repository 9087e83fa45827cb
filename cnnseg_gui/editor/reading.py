"""What the workspace has done in worker threads: looking at image files and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnnseg_gui.core.attached import ChangedImage, not_opened, read_attached
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import content_hash, read_image
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import ImageFacts, ImageRecord, probe_pages
from cnnseg_gui.core.lazy_tiff import LazyTiff
from cnnseg_gui.core.ordinary_file import check_ordinary
from cnnseg_gui.core.pixel_size import tiff_pixel_size
from cnnseg_gui.core.pyramid import build_pyramid
from cnnseg_gui.core.tiff import TiffUnsupported, is_tiff

LAZY_PIXELS = 150_000_000
"""A TIFF file of more pixels is read by its parts, where it has any."""


def probe_some(paths: Sequence[Path]) -> list[ImageFacts | UserError]:
    """Looks at some image files; what is wrong with one is its answer."""
    found: list[ImageFacts | UserError] = []
    for path in paths:
        try:
            found += probe_pages(path)
        except UserError as error:
            found.append(error)
    return found


def load_image(record: ImageRecord, *, lazy_pixels: int = LAZY_PIXELS) -> ImageSource:
    """Reads an image and checks that it is still the one whose mask the project holds.

    Raises:
        MissingImage: there is no such file.
        ChangedImage: it is another one now.
        UserError: it cannot be read.
    """
    if record.height * record.width > lazy_pixels and record.page == 0:
        source = _by_parts(record)
        if source is not None:
            return source
    data = read_attached(record.path, record.sha256)
    image = read_image(data, record.page, name=str(record.path))
    pixel_size = tiff_pixel_size(data) if is_tiff(data) else image.pixel_size
    del data
    _check_size(record, image.pixels.shape[:2])
    return build_pyramid(
        image.pixels, pixel_size=pixel_size, values=image.values, window=image.window
    )


def _by_parts(record: ImageRecord) -> ImageSource | None:
    """A TIFF file that need not be read whole; None for others."""
    try:
        check_ordinary(record.path)
        with record.path.open("rb") as file:
            if not is_tiff(file.read(4)):
                return None
        if content_hash(record.path) != record.sha256:
            raise ChangedImage(record.path)
        source = LazyTiff(record.path, pixel_size=tiff_pixel_size(record.path))
    except TiffUnsupported:
        return None
    except OSError as error:
        raise not_opened(error, record.path) from error
    try:
        _check_size(record, source.shape)
    except UserError:
        source.close()
        raise
    return source


def _check_size(record: ImageRecord, shape: tuple[int, ...]) -> None:
    if shape != (record.height, record.width):
        raise UserError(
            f"the image measures {shape[1]} × {shape[0]} pixels and "
            f"its mask {record.width} × {record.height}",
            path=record.path,
            remedy="Put the former file back; the mask is kept.",
        )
