"""Images from files: whatever the format, uint8[H, W, 3] as the eye should see it.

EXIF orientation is applied. 16-bit, 32-bit and float images are windowed between two percentiles
and never clipped at 255. Alpha is dropped: the colour is the data, also where it is transparent.
Of several pages or more than three channels the first are read. Truncated files are refused, not
padded.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, PngImagePlugin

from cnnseg_gui.core.deep_colour import deep_rawmode, read_deep_colour
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.tiff import TiffUnsupported, is_tiff, read_tiff, tiff_shape
from cnnseg_gui.core.windowing import to_rgb8

MAX_PIXELS = 1_000_000_000
"""Larger images are refused before they are decoded: 30,000² fits, a bomb does not."""

IMAGE_SUFFIXES = frozenset(
    {
        ".avif",
        ".bmp",
        ".gif",
        ".jfif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
    }
    | {".ppm", ".tga", ".tif", ".tiff", ".webp"}
)

_ORIENTATION = 0x0112  # the EXIF tag
_CUT = "Cut it into parts of at most {:,.0f} megapixels."

# Pillow raises above twice this number: honest scans of 30,000² pass. Not None, because it makes
# room for a GIF's first frame before the header can be looked at here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2

# A broken image is one line of ours: not also hundreds of theirs, one for each tag. Not in a
# `catch_warnings` round each image: that is no use where several threads read.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True)
class LoadedImage:
    """An image ready to be shown and to be learnt from."""

    pixels: Pixels
    """uint8[H, W, 3], C-contiguous."""
    kind: str
    """What the file holds, e.g. "RGB" or "uint16"."""
    window: tuple[float, float] | None
    """Values shown as black and as white, where the file holds more than 8 bits."""
    turned: bool
    """EXIF turned or mirrored the pixels as stored."""
    values: npt.NDArray[Any] | None = None
    """The file's own values, [H, W] or [H, W, C], upright, where they are more than 8 bits."""


def read_image(
    source: Path | bytes, *, name: str = "", max_pixels: int = MAX_PIXELS
) -> LoadedImage:
    """Reads an image from a file or from a file's bytes.

    Args:
        source: the file, or what it holds.
        name: the file's name for messages, where `source` is bytes.
        max_pixels: larger images are refused before they are decoded.

    Raises:
        UserError: it cannot be read; says which file and why.
    """
    shown = name or (str(source) if isinstance(source, Path) else "the image")
    data = source if isinstance(source, bytes) else _read(source)
    try:
        return _decode(data, max_pixels)
    except UserError as error:
        raise UserError(error.what, path=shown, remedy=error.remedy) from error
    except Exception as error:
        raise _unreadable(shown, error) from error


def read_header(path: Path, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Height and width as `read_image` would give them, without decoding.

    Raises:
        UserError: it cannot be read, or is no image.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if is_tiff(head):
            try:
                return _checked(tiff_shape(path), path, max_pixels)
            except TiffUnsupported:
                pass
        with Image.open(path) as image:
            width, height = image.size
            if _header_orientation(image, path) >= 5:  # the four that swap the sides
                height, width = width, height
        return _checked((height, width), path, max_pixels)
    except UserError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise from_os_error(error, doing="opening the image", path=path) from error
        raise _unreadable(str(path), error) from error
    except Exception as error:
        raise _unreadable(str(path), error) from error


def content_hash(path: Path) -> str:
    """sha256 of a file's bytes, in hex.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise from_os_error(error, doing="reading the image", path=path) from error


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Image files among files and (not below) folders, in the order a person would count them.

    Hidden files are passed over; files named one by one are taken whatever their ending.

    Raises:
        UserError: a path does not exist, or nothing is left.
    """
    found: list[Path] = []
    given = list(paths)
    for path in given:
        if path.is_dir():
            try:
                entries = [entry for entry in path.iterdir() if _looks_like_image(entry)]
            except OSError as error:
                raise from_os_error(error, doing="opening the folder", path=path) from error
            found += sorted(entries, key=natural_key)
        elif path.exists():
            found.append(path)
        else:
            raise UserError("there is no such file", path=path, remedy="Check the name.")
    if not found:
        raise UserError(
            "there are no images here",
            path=given[0] if given else None,
            remedy="Choose a folder that holds PNG, JPEG, TIFF or other image files.",
        )
    return found


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sorts `img2` before `img10`."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


# ---------------------------------------------------------------------- inside


def _decode(data: bytes, max_pixels: int) -> LoadedImage:
    if is_tiff(data):
        try:
            values, kind, turned = read_tiff(data, max_pixels=max_pixels)
            pixels, window = to_rgb8(values)
            return LoadedImage(pixels, kind, window, turned, values if window else None)
        except TiffUnsupported:
            pass  # a compression or colour space that Pillow knows
    with Image.open(io.BytesIO(data)) as image:
        _checked((image.height, image.width), None, max_pixels)
        kind = image.mode
        rawmode = deep_rawmode(image)
        # `load` turns a TIFF, which then does not say any more that it was turned.
        turned = image.format == "TIFF" and _orientation(image) != 1
        image.load()
        turned = turned or _orientation(image) != 1
        image.info.pop("transparency", None)
        upright = ImageOps.exif_transpose(image) if turned else image
        deep: npt.NDArray[Any] | None = None
        if rawmode is not None:
            kind, deep = "uint16", read_deep_colour(data, rawmode)
            pixels, window = to_rgb8(deep)
        elif kind in ("I", "F") or kind.startswith("I;16"):
            deep = np.asarray(upright)
            pixels, window = to_rgb8(deep)
        else:
            plain = upright if upright.mode == "RGB" else upright.convert("RGB")
            pixels, window = np.array(plain), None
    return LoadedImage(pixels, kind, window, turned, deep)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a broken EXIF block does not spoil the pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _header_orientation(image: Image.Image, path: Path) -> int:
    """As `_orientation`, but never decodes: Pillow loads a whole PNG to look for late EXIF."""
    if not isinstance(image, PngImagePlugin.PngImageFile):
        return _orientation(image)
    try:
        exif = Image.Image.getexif(image)  # EXIF before the pixels, or XMP
        if _ORIENTATION not in exif:
            exif.load(_late_exif(path))
        value = exif.get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as above
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _late_exif(path: Path) -> bytes:
    """What a PNG's eXIf chunk holds, wherever it is; empty where there is none."""
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind == b"eXIf":
                return file.read(length)
            file.seek(length + 4, 1)
    return b""


def _checked(shape: tuple[int, int], path: Path | None, max_pixels: int) -> tuple[int, int]:
    height, width = shape
    if height < 1 or width < 1:
        raise UserError("the image has no pixels", path=path, remedy="Leave it out.")
    if height * width > max_pixels:
        raise UserError(
            f"the image says it has {width} × {height} pixels, more than can be opened",
            path=path,
            remedy=_CUT.format(max_pixels / 1e6),
        )
    return height, width


def _looks_like_image(entry: Path) -> bool:
    return (
        entry.suffix.lower() in IMAGE_SUFFIXES
        and not entry.name.startswith(".")
        and entry.is_file()
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise from_os_error(error, doing="opening the image", path=path) from error


def _unreadable(name: str, error: Exception) -> UserError:
    if isinstance(error, MemoryError):
        what, remedy = "there is not enough memory for this image", "Close other programs."
        return UserError(what, path=name, remedy=remedy)
    reason = str(error).split("\n")[0][:200] or type(error).__name__
    if isinstance(error, Image.DecompressionBombError):
        number = re.search(r"\d+", reason)
        return UserError(
            f"the image says it has {int(number[0]) if number else MAX_PIXELS:,} pixels, "
            "more than can be opened",
            path=name,
            remedy=_CUT.format(MAX_PIXELS / 1e6),
        )
    if "cannot identify image file" in reason:
        reason = "no image format that is known here"
    return UserError(
        f"the image cannot be read ({reason})",
        path=name,
        remedy="Open it in another program and save it as PNG or TIFF, or leave it out.",
    )
