"""What the readers of all formats give, and what they all refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.windowing import Window

SAVE_OTHERWISE = (
    "Open it in another program and save it as PNG or TIFF, or leave it out."  # always possible
)
COPY_AGAIN = "Copy the file again from its source."


@dataclass(frozen=True)
class Decoded:
    """One page of an image file, upright."""

    values: npt.NDArray[Any]
    """[H, W] or [H, W, C]: numbers, or booleans."""
    kind: str
    """What the file holds, e.g. "RGB" or "uint16"."""
    turned: bool = False
    """EXIF or TIFF turned or mirrored the pixels as stored."""
    window: Window | None = None
    """The values to be shown as black and as white, where the file says so."""
    pixel_size: float | None = None
    """Micrometres, across, where the format says it in a way of its own (not TIFF)."""


def checked_size(height: int, width: int, max_pixels: int) -> tuple[int, int]:
    """Height and width, where that many pixels are to be decoded.

    Raises:
        UserError: there are none, or too many.
    """
    if height < 1 or width < 1:
        raise UserError("the image has no pixels", remedy="Leave it out.")
    if height * width > max_pixels:
        raise UserError(
            f"the image says it has {width} × {height} pixels, more than can be opened",
            remedy=cut(max_pixels),
        )
    return height, width


def cut(max_pixels: int) -> str:
    """What to do with an image that is too large."""
    return f"Cut it into parts of at most {max_pixels / 1e6:,.0f} megapixels."


def checked_page(page: int, count: int) -> int:
    """The page, from 0, where there is such a one.

    Raises:
        UserError: there is none.
    """
    if not 0 <= page < count:
        pages = "one page" if count == 1 else f"{count} pages"
        raise UserError(
            f"there is no page {page + 1}: the file has {pages}",
            remedy="Put the former file back, or leave this page out.",
        )
    return page


def truncated() -> UserError:
    """Less is there than the file says: it is not padded."""
    return UserError("the image is truncated", remedy=COPY_AGAIN)


def damaged(what: str) -> UserError:
    """The file contradicts itself.

    Args:
        what: e.g. "the PNG file's checksums are wrong".
    """
    return UserError(f"the image is damaged ({what})", remedy=COPY_AGAIN)
