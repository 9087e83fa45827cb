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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, PngImagePlugin

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.tiff import TiffUnsupported, is_tiff, read_tiff, tiff_shape

MAX_PIXELS = 1_000_000_000
"""Larger images are refused before they are decoded: 30,000² fits, a bomb does not."""

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm"}
    | {".ppm", ".tga", ".tif", ".tiff", ".webp"}
)

_WINDOW_PERCENT = 0.35, 99.65  # as ImageJ's and napari's auto-contrast: a few outliers may saturate
_ORIENTATION = 0x0112  # the EXIF tag
_WINDOW_SAMPLE = 4_000_000  # values looked at for the percentiles

# Our own limit is checked on the header; Pillow's own would refuse honest 30,000² scans.
Image.MAX_IMAGE_PIXELS = None


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


def read_image(source: Path | bytes, *, name: str = "") -> LoadedImage:
    """Reads an image from a file or from a file's bytes.

    Args:
        source: the file, or what it holds.
        name: the file's name for messages, where `source` is bytes.

    Raises:
        UserError: it cannot be read; says which file and why.
    """
    shown = name or (str(source) if isinstance(source, Path) else "the image")
    data = source if isinstance(source, bytes) else _read(source)
    try:
        return _decode(data)
    except UserError as error:
        raise UserError(error.what, path=shown, remedy=error.remedy) from error
    except MemoryError as error:
        raise UserError(
            "there is not enough memory for this image", path=shown, remedy="Close other programs."
        ) from error
    except Exception as error:
        raise _unreadable(shown, error) from error


def read_header(path: Path) -> tuple[int, int]:
    """Height and width as `read_image` would give them, without decoding.

    Raises:
        UserError: it cannot be read, or is no image.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if is_tiff(head):
            try:
                return _checked(tiff_shape(path), path)
            except TiffUnsupported:
                pass
        with Image.open(path) as image:
            width, height = image.size
            if _header_orientation(image, path) >= 5:  # the four that swap the sides
                height, width = width, height
        return _checked((height, width), path)
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


def to_rgb8(values: npt.NDArray[Any]) -> tuple[Pixels, tuple[float, float] | None]:
    """Numbers of any type, [H, W] or [H, W, C], as uint8[H, W, 3], and the window used."""
    window = None
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    elif values.dtype != np.uint8:
        values, window = _windowed(values)
    if values.ndim == 2:
        values = values[..., None]
    if values.shape[2] < 3:  # grey, or grey with alpha
        values = np.broadcast_to(values[..., :1], (*values.shape[:2], 3))
    return np.ascontiguousarray(values[..., :3]), window


# ---------------------------------------------------------------------- inside


def _decode(data: bytes) -> LoadedImage:
    if is_tiff(data):
        try:
            values, kind, turned = read_tiff(data, max_pixels=MAX_PIXELS)
            pixels, window = to_rgb8(values)
            return LoadedImage(pixels, kind, window, turned)
        except TiffUnsupported:
            pass  # a compression or colour space that Pillow knows
    with Image.open(io.BytesIO(data)) as image:
        _checked((image.height, image.width), None)
        image.load()
        kind = image.mode
        turned = _orientation(image) != 1
        upright = ImageOps.exif_transpose(image) if turned else image
        if kind in ("I", "F") or kind.startswith("I;16"):
            pixels, window = to_rgb8(np.asarray(upright))
        else:
            pixels, window = np.array(upright.convert("RGB")), None
    return LoadedImage(np.ascontiguousarray(pixels), kind, window, turned)


def _windowed(values: npt.NDArray[Any]) -> tuple[Pixels, tuple[float, float]]:
    if np.iscomplexobj(values):
        values = np.abs(values)
    step = max(1, int(np.sqrt(values.size / _WINDOW_SAMPLE)))
    sample = values[::step, ::step].astype(np.float64).ravel()
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return np.zeros(values.shape, np.uint8), (0.0, 1.0)
    low, high = (float(edge) for edge in np.percentile(sample, _WINDOW_PERCENT))
    if high <= low:
        low, high = float(sample.min()), float(sample.max())
    if high <= low:
        high = low + 1.0
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(255.0 / (high - low))
    scaled = np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8), (low, high)


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
    exif = Image.Exif()
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind == b"eXIf":
                exif.load(file.read(length))
                break
            file.seek(length + 4, 1)
    value = exif.get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _checked(shape: tuple[int, int], path: Path | None) -> tuple[int, int]:
    height, width = shape
    if height < 1 or width < 1:
        raise UserError("the image has no pixels", path=path, remedy="Leave it out.")
    if height * width > MAX_PIXELS:
        raise UserError(
            f"the image says it has {width} × {height} pixels, more than can be opened",
            path=path,
            remedy="Cut it into parts of at most 1,000 megapixels.",
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
    reason = str(error).split("\n")[0][:200] or type(error).__name__
    if "cannot identify image file" in reason:
        reason = "no image format that is known here"
    return UserError(
        f"the image cannot be read ({reason})",
        path=name,
        remedy="Open it in another program and save it as PNG or TIFF, or leave it out.",
    )
