"""TIFF through tifffile: 16-bit, float, planar and many-channel files that Pillow cannot read."""

from __future__ import annotations

import io
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.errors import UserError

# It logs every odd tag of a broken file; that it is broken is said in one line by `image_io`.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)

_BYTES_PER_PIXEL = 8
"""What a page may take on average: four channels of 16 bits. Beyond, it is a bomb or no picture."""

_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ORIENTATION = 274
_UNCOMPRESSED, _JPEG = 1, 7
_PIXELS_PER_JPEG_BYTE = 256
"""At most: a block of 8 × 8 pixels takes two codes, its mean and its end, of one bit or more."""

_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE = 0, 1, 2, 3


class TiffUnsupported(Exception):
    """tifffile alone cannot decode this one; Pillow may."""


def is_tiff(head: bytes) -> bool:
    """By the first four bytes, BigTIFF included."""
    return head[:4] in _MAGICS


def tiff_shape(path: Path) -> tuple[int, int]:
    """Height and width of the first page, after its orientation."""
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        page = _first(tiff)
        height, width = page.imagelength, page.imagewidth
        return (width, height) if _turn(page) >= 5 else (height, width)


def read_tiff(data: bytes, *, max_pixels: int) -> tuple[npt.NDArray[Any], str, bool]:
    """The first page's values, [H, W] or [H, W, C], their type's name, and whether it was turned.

    Raises:
        UserError: more than `max_pixels`, or than 8 bytes for each of them; or truncated.
        TiffUnsupported: a compression or colour space that is not read here.
    """
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = _first(tiff)
        if page.imagelength * page.imagewidth > max_pixels:
            raise UserError(
                f"the image says it has {page.imagewidth} × {page.imagelength} pixels, "
                "more than can be opened",
                remedy=f"Cut it into parts of at most {max_pixels / 1e6:,.0f} megapixels.",
            )
        if page.nbytes > _BYTES_PER_PIXEL * max_pixels:
            raise UserError(
                f"the image would take {page.nbytes / 1e9:,.0f} GB of memory",
                remedy="Keep three of its channels, or cut it into parts.",
            )
        if is_truncated(page, len(data)):
            raise UserError("the image is truncated", remedy="Copy the file again from its source.")
        if page.photometric not in (_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE):
            raise TiffUnsupported(f"photometric {page.photometric}")
        try:
            values = np.asarray(page.asarray())
        except (ValueError, NotImplementedError, ImportError, KeyError) as error:
            raise TiffUnsupported(str(error)) from error
        return (
            _upright(_as_colours(_channels_last(values, page.axes), page), _turn(page)),
            str(values.dtype),
            _turn(page) != 1,
        )


def _first(tiff: Any) -> Any:  # noqa: ANN401 - tifffile's pages are untyped unions
    if len(tiff.pages) == 0:
        raise TiffUnsupported("no page")
    return tiff.pages.first


def is_truncated(page: Any, size: int) -> bool:  # noqa: ANN401
    """Strips or tiles beyond the end of the file, or fewer than the image has.

    tifffile would fill in what is missing. A segment of no bytes is whole: in sparse files it says
    that nothing but the fill value is there.
    """
    offsets, counts = page.dataoffsets, page.databytecounts
    if len(offsets) != len(counts):
        return True
    if any(offset + count > size for offset, count in zip(offsets, counts, strict=True)):
        return True
    if page.compression == _JPEG and all(counts):  # libtiff fills in what a stream lacks
        return bool(page.imagelength * page.imagewidth > _PIXELS_PER_JPEG_BYTE * sum(counts))
    if len(offsets) >= math.prod(page.chunked):
        return False
    in_one_piece = page.compression == _UNCOMPRESSED and page.is_contiguous
    return not (in_one_piece and sum(counts) >= page.nbytes)


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
