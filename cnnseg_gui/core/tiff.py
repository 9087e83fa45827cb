"""TIFF through tifffile: 16-bit, float, planar and many-channel files that Pillow cannot read."""

from __future__ import annotations

import contextlib
import io
import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.decoded import Decoded, checked_page, checked_size, truncated
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_file import Source

# It logs every odd tag of a broken file; that it is broken is said in one line by `image_io`.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)

_BYTES_PER_PIXEL = 8
"""What a page may take on average: four channels of 16 bits. Beyond, it is a bomb or no picture."""

_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NEW_SUBFILE_TYPE, _ORIENTATION = 254, 274
_LAYOUT_TAGS = frozenset({256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 320, 339}) | {
    *(322, 323, 324, 325)  # of tiles
}
_ORDERS: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}
_UNCOMPRESSED, _JPEG = 1, 7
_PIXELS_PER_JPEG_BYTE = 256
"""At most: a block of 8 × 8 pixels takes two codes, its mean and its end, of one bit or more."""

_LARGE = 64_000_000
_SPARSENESS = 4096
"""Bytes of an image for one of its file, at most: LZW comes to 2,730, a map that is mostly sea not
near it."""
_OF_FAXES = (2, 3, 4, 34661)  # a white row may take one bit

_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE = 0, 1, 2, 3


class TiffUnsupported(Exception):
    """tifffile alone cannot decode this one; Pillow may."""


def is_tiff(head: bytes) -> bool:
    """By the first four bytes, BigTIFF included."""
    return head[:4] in _MAGICS


def tiff_shape(source: Source, page: int = 0) -> tuple[int, int]:
    """Height and width of a page, after its orientation.

    Raises:
        UserError: there is no such page.
        TiffUnsupported: there is none at all.
    """
    with _opened(source) as tiff:
        found, _ = _page(tiff, page)
        return _shown_shape(found)


def tiff_page_count(source: Source) -> int:
    """The images of a TIFF file, one after the other; the planes of an ImageJ or OME stack.

    Raises:
        TiffUnsupported: there is none.
    """
    with _opened(source) as tiff:
        return _count(tiff)


def tiff_stack(source: Source) -> list[tuple[int, int, int]]:
    """(page, height, width) of the images of a stack, in one pass over the file.

    Pages that are smaller copies of another one, as slide scanners write them, are passed over.

    Raises:
        TiffUnsupported: there is none.
    """
    with _opened(source) as tiff:
        count = _count(tiff)
        if len(tiff.pages) == 1:
            first, _ = _page(tiff, 0)
            height, width = _shown_shape(first)
            return [(page, height, width) for page in range(count)]
        shapes = [(number, page) for number, page in enumerate(tiff.pages) if not _is_copy(page)]
        return [(number, *_shown_shape(page)) for number, page in shapes]


def _is_copy(page: Any) -> bool:  # noqa: ANN401
    tag = page.tags.get(_NEW_SUBFILE_TYPE)
    return tag is not None and bool(int(tag.value) & 1)


def _shown_shape(page: Any) -> tuple[int, int]:  # noqa: ANN401
    height, width = int(page.imagelength), int(page.imagewidth)
    return (width, height) if _turn(page) >= 5 else (height, width)


def read_tiff(
    source: Source, page: int = 0, *, max_pixels: int, compressed: bool = True
) -> Decoded:
    """A page's values, their type's name, and whether it was turned.

    Args:
        compressed: False where only what numpy can take as it is may be read.

    Raises:
        UserError: more than `max_pixels`, or than 8 bytes for each of them; or truncated.
        TiffUnsupported: a compression or colour space that is not read here.
    """
    with _opened(source) as tiff:
        found, plane = _page(tiff, page)
        checked_size(found.imagelength, found.imagewidth, max_pixels)
        if found.nbytes > _BYTES_PER_PIXEL * max_pixels:
            raise UserError(
                f"the image would take {found.nbytes / 1e9:,.0f} GB of memory",
                remedy="Keep three of its channels, or cut it into parts.",
            )
        if is_truncated(found, tiff.filehandle.size):
            raise truncated()
        if found.compression != _UNCOMPRESSED and not compressed:
            raise TiffUnsupported(f"compression {found.compression}")
        if found.photometric not in (_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE):
            raise TiffUnsupported(f"photometric {found.photometric}")
        try:
            values = _plane_of(tiff, found, plane) if plane else np.asarray(found.asarray())
        except (ValueError, NotImplementedError, ImportError, KeyError) as error:
            raise TiffUnsupported(str(error)) from error
        values = _as_colours(_channels_last(values, found.axes), found)
        return Decoded(_upright(values, _turn(found)), str(values.dtype), _turn(found) != 1)


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[Any]:
    import tifffile

    with tifffile.TiffFile(source if isinstance(source, Path) else io.BytesIO(source)) as tiff:
        yield tiff


def _count(tiff: Any) -> int:  # noqa: ANN401 - tifffile's pages are untyped unions
    count = len(tiff.pages)
    if count == 0:
        raise TiffUnsupported("no page")
    return count if count > 1 else _planes(tiff)


def _planes(tiff: Any) -> int:  # noqa: ANN401
    """How many images lie one behind the other where only the first is described.

    ImageJ writes stacks so, and tifffile with `truncate`.
    """
    page = tiff.pages.first
    if not (tiff.is_imagej or tiff.is_shaped) or not page.is_contiguous or page.nbytes == 0:
        return 1
    try:
        stack = tiff.series[0]
    except Exception:  # noqa: BLE001 - what describes the stack is broken: the first is there
        return 1
    whole = len(tiff.series) == 1 and stack.dataoffset is not None
    return max(1, stack.size // page.size) if whole and stack.size % page.size == 0 else 1


def _page(tiff: Any, page: int) -> tuple[Any, int]:  # noqa: ANN401
    """What describes a page, and how many images further it lies."""
    if page == 0 and len(tiff.pages) > 0:
        return tiff.pages.first, 0
    count = _count(tiff)
    checked_page(page, count)
    return (tiff.pages[page], 0) if len(tiff.pages) > 1 else (tiff.pages.first, page)


def _plane_of(tiff: Any, page: Any, plane: int) -> npt.NDArray[Any]:  # noqa: ANN401
    offset = int(tiff.series[0].dataoffset) + plane * int(page.nbytes)
    if offset + page.nbytes > tiff.filehandle.size:
        raise truncated()
    tiff.filehandle.seek(offset)
    stored = page.dtype.newbyteorder(tiff.byteorder)
    values = np.frombuffer(tiff.filehandle.read(page.nbytes), stored)
    return values.astype(page.dtype).reshape(page.shape)


def is_truncated(page: Any, size: int) -> bool:  # noqa: ANN401
    """Strips or tiles beyond the end of the file, or fewer than the image has.

    tifffile would fill in what is missing. A segment of no bytes is whole: in sparse files it says
    that nothing but the fill value is there.
    """
    if _lost_tags(page):
        return True
    offsets, counts = page.dataoffsets, page.databytecounts
    if len(offsets) != len(counts):
        return True
    if any(offset + count > size for offset, count in zip(offsets, counts, strict=True)):
        return True
    if page.compression not in _OF_FAXES and page.nbytes > max(_LARGE, _SPARSENESS * size):
        return True
    if page.compression == _JPEG and all(counts):  # libtiff fills in what a stream lacks
        return bool(page.imagelength * page.imagewidth > _PIXELS_PER_JPEG_BYTE * sum(counts))
    if len(offsets) >= math.prod(page.chunked):
        return False
    in_one_piece = page.compression == _UNCOMPRESSED and page.is_contiguous
    return not (in_one_piece and sum(counts) >= page.nbytes)


def _lost_tags(page: Any) -> bool:  # noqa: ANN401
    """Tags are listed that say how the pixels lie, and their values are not in the file.

    tifffile passes over them, and takes colours for bits where it does not know how many.
    """
    file, layout = page.parent.filehandle, page.parent.tiff
    file.seek(page.offset)
    count = int.from_bytes(file.read(layout.tagnosize), _ORDERS[layout.byteorder])
    entries = file.read(count * layout.tagsize)
    codes = {
        int.from_bytes(entries[place : place + 2], _ORDERS[layout.byteorder])
        for place in range(0, len(entries), layout.tagsize)
    }
    return any(code not in page.tags for code in codes & _LAYOUT_TAGS)


def _channels_last(values: npt.NDArray[Any], axes: str) -> npt.NDArray[Any]:
    """[H, W] or [H, W, C] from a page's axes, the first plane of any other axis."""
    while values.ndim > 2 and len(axes) == values.ndim:
        extra = next((k for k, axis in enumerate(axes) if axis not in "YXS"), None)
        if extra is None:
            break
        values, axes = values.take(0, axis=extra), axes[:extra] + axes[extra + 1 :]
    if len(axes) == values.ndim == 3 and "S" in axes:
        values = np.moveaxis(values, axes.index("S"), 2)
    if values.ndim not in (2, 3):
        raise TiffUnsupported(f"axes {axes}")
    return values


def _as_colours(values: npt.NDArray[Any], page: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    if page.photometric == _PALETTE and page.colormap is not None:
        colours = np.asarray(page.colormap).T  # uint16[n, 3]
        shown: npt.NDArray[Any] = colours[np.minimum(values, len(colours) - 1)] >> 8
        return shown.astype(np.uint8)
    if page.photometric == _MIN_IS_WHITE:
        if values.dtype == np.bool_:
            return ~values
        top = np.iinfo(values.dtype).max if values.dtype.kind in "ui" else values.max(initial=0)
        return np.asarray(top - values, values.dtype)
    return values


def _turn(page: Any) -> int:  # noqa: ANN401
    tag = page.tags.get(_ORIENTATION)
    value = int(tag.value) if tag is not None else 1
    return value if 1 <= value <= 8 else 1


def _upright(values: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Undoes the eight TIFF orientations (TIFF 6.0, tag 274)."""
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values
