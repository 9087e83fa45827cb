"""What is said of an image that cannot be read, whatever its reader raised."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from cnnseg_gui.core.decoded import SAVE_OTHERWISE, cut, truncated
from cnnseg_gui.core.errors import UserError, from_os_error

_MAX_REASON = 200


def unreadable(error: Exception, path: Path | str | None = None) -> UserError:
    """One line with a remedy; a UserError keeps its own words, and gets the path."""
    told = _told(error)
    return UserError(told.what, path=path, remedy=told.remedy)


def _told(error: Exception) -> UserError:
    if isinstance(error, UserError):
        return error
    if isinstance(error, MemoryError):
        return UserError(
            "there is not enough memory for this image", remedy="Close other programs."
        )
    if isinstance(error, Image.DecompressionBombError):
        number = re.search(r"\d+", str(error))
        pixels = f"{int(number[0]):,}" if number else "more"
        return UserError(
            f"the image says it has {pixels} pixels, more than can be opened",
            remedy=cut(2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000 * 1_000_000),
        )
    if isinstance(error, UnidentifiedImageError):
        return UserError(
            "the image cannot be read (no image format that is known here)", remedy=SAVE_OTHERWISE
        )
    if isinstance(error, OSError) and error.errno is not None:
        return from_os_error(error, doing="opening the image")
    first = str(error).split("\n")[0]
    if "truncated" in first.lower():
        return truncated()
    printable = "".join(letter for letter in first if letter.isprintable())
    reason = printable[:_MAX_REASON] or type(error).__name__
    return UserError(f"the image cannot be read ({reason})", remedy=SAVE_OTHERWISE)
