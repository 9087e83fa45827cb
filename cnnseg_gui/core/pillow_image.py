"""Images through Pillow: every format but those of microscopes and clinics."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from cnnseg_gui.core.decoded import Decoded, checked_page, checked_size, damaged, truncated
from cnnseg_gui.core.deep_colour import deep_rawmode, read_deep_colour
from cnnseg_gui.core.image_file import Source, opened, size_of
from cnnseg_gui.core.jpeg import JpegLayout, check_jpeg, check_jpeg_end, jpeg_layout
from cnnseg_gui.core.png import check_png

FORMATS = (
    *("PNG", "JPEG", "GIF", "BMP", "PPM", "TIFF", "WEBP", "AVIF", "JPEG2000", "DIB", "DDS"),
    *("FITS", "ICO", "PCX", "PSD", "QOI", "SGI", "SUN", "XBM", "XPM", "TGA"),
)
"""What is opened at all. Not EPS: it would be handed to Ghostscript, a program that runs it."""

_WITH_FRAMES = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")
"""Where the frames are images alike. Not MPO: a phone's further images are previews, depths and
brightness gains; nor PSD, whose frames are the layers of one image."""

_ORIENTATION = 0x0112  # the EXIF tag
_LARGE = 16_000_000
_PIXELS_PER_BYTE = {"GIF": 4096 * 8 // 12, "BMP": 128} | dict.fromkeys(
    ("JPEG2000", "WEBP", "AVIF"), 4096
)
"""At most: in GIF a code of 12 bits stands for a string of up to 4,096 pixels, in BMP two bytes for
a run of up to 255; in the others nothing but an empty image comes near it."""
_BAND = 1 << 20  # pixels converted at a time: two copies of a large image would be too many

# A broken image is one line of ours: not also hundreds of theirs, one for each tag. Not in a
# `catch_warnings` round each image: that is no use where several threads read.
warnings.filterwarnings("ignore", module=r"PIL\.")


def limit_pixels(max_pixels: int) -> None:
    """Pillow refuses what has more when it opens a file.

    It raises above twice the number it is given. Not None, because it makes room for a GIF's
    first frame before the header can be looked at here.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels // 2 + 1


def pillow_page_count(source: Source, formats: tuple[str, ...] = FORMATS) -> int:
    """Frames of animated formats, pages of TIFF; 1 for others.

    Raises:
        Exception: of any kind, where the file is broken.
    """
    with _image(source, formats) as (image, _):
        return _count(image)


def pillow_shape(
    source: Source, page: int = 0, formats: tuple[str, ...] = FORMATS
) -> tuple[int, int]:
    """Height and width, upright, without decoding more than the pages before.

    Raises:
        UserError: there is no such page.
        Exception: of any kind, where the file is broken.
    """
    with _image(source, formats) as (image, file):
        if page:
            image.seek(checked_page(page, _count(image)))
        width, height = image.size
        _check_bytes(image, source)
        swapped = _header_orientation(image, file) >= 5  # the four that swap the sides
        return (width, height) if swapped else (height, width)


def read_pillow(
    source: Source, page: int = 0, *, max_pixels: int, formats: tuple[str, ...] = FORMATS
) -> Decoded:
    """A page's colours, uint8[H, W] or [H, W, 3], or its numbers of more than 8 bits.

    Raises:
        UserError: too many pixels, no such page, or fewer bytes than they need.
        Exception: of any kind, where the file is broken or truncated.
    """
    with _image(source, formats) as (image, file):
        layout = _checked_layout(image, file)
        if page:
            image.seek(checked_page(page, _count(image)))
        checked_size(image.height, image.width, max_pixels)
        _check_bytes(image, source)
        kind = image.mode
        # Of an animated PNG the samples can be had of the first frame only: the next ones are
        # blended with it.
        rawmode = deep_rawmode(image) if page == 0 or image.format == "TIFF" else None
        # `load` turns a TIFF, which then does not say any more that it was turned.
        turned = image.format == "TIFF" and _orientation(image) != 1
        image.load()
        turned = turned or _orientation(image) != 1
        if layout is not None and page == 0:
            check_jpeg_end(image, _whole(file), layout)
        image.info.pop("transparency", None)
        if rawmode is not None:
            return Decoded(read_deep_colour(source, rawmode, page), "uint16", turned)
        upright = ImageOps.exif_transpose(image) if turned else image
        if kind in ("I", "F") or kind.startswith("I;16"):
            return Decoded(np.asarray(upright), kind, turned)
        return Decoded(_colours(upright), kind, turned)


# ---------------------------------------------------------------------- inside


@contextlib.contextmanager
def _image(source: Source, formats: tuple[str, ...]) -> Iterator[tuple[Image.Image, BinaryIO]]:
    with opened(source) as file:
        try:
            image = Image.open(file, formats=formats)
        except UnidentifiedImageError as error:
            if len(formats) > 1:
                raise
            raise damaged(f"the {formats[0]} file's header is wrong") from error
        with image:
            yield image, file


def _count(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1)) if image.format in _WITH_FRAMES else 1


def _colours(image: Image.Image) -> npt.NDArray[Any]:
    """uint8[H, W] of grey images, [H, W, 3] of others."""
    mode, channels = ("L", ()) if image.mode in ("1", "L") else ("RGB", (3,))
    out = np.empty((image.height, image.width, *channels), np.uint8)
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        bottom = min(image.height, top + rows)
        band = image if rows >= image.height else image.crop((0, top, image.width, bottom))
        out[top:bottom] = np.asarray(band if band.mode == mode else band.convert(mode))
    return out


def _check_bytes(image: Image.Image, source: Source) -> None:
    """A few bytes can say that they are as large as any image, which would be filled with nothing.

    Other formats are done with at once where their bytes end.
    """
    per_byte = _PIXELS_PER_BYTE.get(image.format or "")
    pixels = image.width * image.height
    if per_byte is not None and pixels > max(_LARGE, per_byte * size_of(source)):
        raise truncated()


def _checked_layout(image: Image.Image, file: BinaryIO) -> JpegLayout | None:
    """Of a JPEG file; PNG files are walked through as well."""
    place, layout = file.tell(), None
    if image.format == "PNG":
        file.seek(0)
        check_png(file)
    elif image.format in ("JPEG", "MPO"):
        layout = jpeg_layout(_whole(file))
        check_jpeg(layout)
    file.seek(place)
    return layout


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a broken EXIF block does not spoil the pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _header_orientation(image: Image.Image, file: BinaryIO) -> int:
    """As `_orientation`, but never decodes: Pillow loads a whole PNG to look for late EXIF."""
    if not isinstance(image, PngImagePlugin.PngImageFile):
        return _orientation(image)
    try:
        exif = Image.Image.getexif(image)  # EXIF before the pixels, or XMP
        if _ORIENTATION not in exif:
            exif.load(_late_exif(file))
        value = exif.get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as above
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _late_exif(file: BinaryIO) -> bytes:
    """What a PNG's eXIf chunk holds, wherever it is; empty where there is none."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"eXIf":
            return file.read(length)
        file.seek(length + 4, 1)
    return b""
