"""Images from files: whatever the format, uint8[H, W, 3] as the eye should see it.

EXIF orientation is applied. 16-bit, 32-bit and float images are windowed between two percentiles
and never clipped at 255. Alpha is dropped: the colour is the data, also where it is transparent.
Of more than three channels the first are shown. Truncated files are refused, not padded. Formats
whose decoders a hostile file may crash are decoded in another process (`decoding`).
"""

from __future__ import annotations

import hashlib
import heapq
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from cnnseg_gui.core import decoder_process, decoding
from cnnseg_gui.core.czi import is_czi
from cnnseg_gui.core.decoded import checked_size
from cnnseg_gui.core.dicom import is_dicom
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_file import head_of
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.ordinary_file import check_ordinary
from cnnseg_gui.core.pillow_image import limit_pixels
from cnnseg_gui.core.tiff import TiffUnsupported, is_tiff, tiff_stack
from cnnseg_gui.core.unreadable import unreadable
from cnnseg_gui.core.windowing import to_rgb8

MAX_PIXELS = 1_000_000_000
"""Larger images are refused before they are decoded: 30,000² fits, a bomb does not. See
`set_largest`."""

IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".czi", ".dcm", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm"}
    | {".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"}
)

_HEAD = 256  # bytes that tell the format
_SORTED_AT_ONCE = 5000
_NUMBER = re.compile("[0-9]+")
_largest = MAX_PIXELS
limit_pixels(MAX_PIXELS)


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
    pixel_size: float | None = None
    """Micrometres, across, where DICOM or CZI says it; for TIFF see `pixel_size`."""


def read_image(
    source: Path | bytes, page: int = 0, *, name: str = "", max_pixels: int | None = None
) -> LoadedImage:
    """Reads an image from a file or from a file's bytes.

    Args:
        source: the file, or what it holds.
        page: of a file that holds several images, from 0.
        name: the file's name for messages, where `source` is bytes.
        max_pixels: larger images are refused before they are decoded; where not given, those
            larger than `set_largest` says.

    Raises:
        UserError: it cannot be read; says which file and why.
    """
    limit = _largest if max_pixels is None else max_pixels
    try:
        try:
            decoded = decoding.read(source, page, max_pixels=limit, isolated=False)
        except decoding.NotHere:
            decoded = decoder_process.SHARED.read(source, page, max_pixels=limit)
        pixels, window = to_rgb8(decoded.values, decoded.window)
    except Exception as error:
        raise unreadable(error, _shown(source, name)) from error
    return LoadedImage(
        pixels,
        decoded.kind,
        window,
        decoded.turned,
        decoded.values if window else None,
        decoded.pixel_size,
    )


def read_header(path: Path, page: int = 0, *, max_pixels: int | None = None) -> tuple[int, int]:
    """Height and width as `read_image` would give them, without decoding.

    Raises:
        UserError: it cannot be read, is no image, or has no such page.
    """
    limit = _largest if max_pixels is None else max_pixels
    try:
        try:
            return decoding.shape(path, page, max_pixels=limit, isolated=False)
        except decoding.NotHere:
            return decoder_process.SHARED.shape(path, page, max_pixels=limit)
    except Exception as error:
        raise unreadable(error, path) from error


def page_count(path: Path) -> int:
    """How many images a file holds: pages of TIFF (the planes of an ImageJ or OME stack among
    them), frames of GIF, PNG, WebP and DICOM, scenes × times × depths of CZI.

    Raises:
        UserError: it cannot be read, or is no image.
    """
    try:
        try:
            return decoding.page_count(path, isolated=False)
        except decoding.NotHere:
            return decoder_process.SHARED.page_count(path, max_pixels=_largest)
    except Exception as error:
        raise unreadable(error, path) from error


def stack(path: Path) -> list[tuple[int, int, int]]:
    """(page, height, width) of each image of a file that holds a stack: TIFF, DICOM, CZI.

    Of other formats the first image alone: the frames of an animation are not images to label.

    Raises:
        UserError: it cannot be read, is no image, or one of them is too large.
    """
    try:
        check_ordinary(path)
        head = head_of(path, _HEAD)
        if is_tiff(head):
            try:
                found = tiff_stack(path)
            except TiffUnsupported:
                found = []
            for _, height, width in found:
                checked_size(height, width, _largest)
            if len(found) > 1:
                return found
        elif is_dicom(head) or is_czi(head):
            return [(page, *read_header(path, page)) for page in range(page_count(path))]
    except Exception as error:
        raise unreadable(error, path) from error
    return [(0, *read_header(path))]


def largest() -> int:
    """Pixels of an image: larger ones are refused, where a reader is not told otherwise."""
    return _largest


def set_largest(megapixels: float) -> None:
    """From now on larger images are refused, where a reader is not told otherwise.

    Raises:
        ValueError: that is no size.
    """
    global _largest
    if not 0 < megapixels < float("inf"):
        raise ValueError(f"{megapixels} megapixels")
    _largest = max(1, round(megapixels * 1e6))
    limit_pixels(_largest)


def content_hash(path: Path) -> str:
    """sha256 of a file's bytes, in hex.

    Raises:
        UserError: it cannot be read.
    """
    try:
        check_ordinary(path)
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
    return [Path(name) for name in find_image_names(paths)]


def find_image_names(paths: Iterable[Path]) -> list[str]:
    """As `find_images`, in a fifth of the time and the memory: for 100,000 files.

    Raises:
        UserError: a path does not exist, or nothing is left.
    """
    given = list(paths)
    found = [name for part in _found(given) for name in _in_order(list(part))]
    if not found:
        raise _nothing(given)
    return found


def expect_images(paths: Iterable[Path]) -> None:
    """Makes sure of one image, however many there are.

    Raises:
        UserError: as `find_images`.
    """
    given = list(paths)
    if not any(next(part, None) for part in _found(given)):
        raise _nothing(given)


def natural_key(name: str) -> str:
    """Sorts `img2` before `img10`: numbers by their length first, and before letters."""
    return _NUMBER.sub(_sortable, name.casefold())


# ---------------------------------------------------------------------- inside


def _sortable(number: re.Match[str]) -> str:
    digits = number[0].lstrip("0")
    return f"\0{len(digits):03}{digits}"


def _found(paths: Sequence[Path]) -> Iterator[Iterator[str]]:
    """Of each path its image files, in no order."""
    for path in paths:
        if path.is_dir():
            yield _images_in(path)
        elif path.exists():
            yield iter((str(path),))
        else:
            raise UserError("there is no such file", path=path, remedy="Check the name.")


def _images_in(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                known = name[max(0, name.rfind(".")) :].lower() in IMAGE_SUFFIXES
                if known and not name.startswith(".") and entry.is_file():
                    yield entry.path
    except OSError as error:
        raise from_os_error(error, doing="opening the folder", path=folder) from error


def _nothing(paths: Sequence[Path]) -> UserError:
    return UserError(
        "there are no images here",
        path=paths[0] if paths else None,
        remedy="Choose a folder that holds PNG, JPEG, TIFF or other image files.",
    )


def _in_order(paths: Sequence[str]) -> list[str]:
    """By `natural_key` of the name, then by the path.

    In parts, since sorting keeps Python's lock, and with it the window, as long as it takes; as
    text and not as tuples, since these set off the garbage collection, which takes longer still.
    """
    keyed = [f"{natural_key(path.rpartition(os.sep)[2])}\0\0{path}" for path in paths]
    parts = [
        sorted(keyed[first : first + _SORTED_AT_ONCE])
        for first in range(0, len(keyed), _SORTED_AT_ONCE)
    ]
    return [line.rpartition("\0")[2] for line in heapq.merge(*parts)]


def _shown(source: Path | bytes, name: str) -> str:
    return name or (str(source) if isinstance(source, Path) else "the image")
