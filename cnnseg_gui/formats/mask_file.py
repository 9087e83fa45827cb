"""Masks that lie in a data set as files of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_header, read_image
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.ordinary_file import check_ordinary
from cnnseg_gui.core.pillow_image import FORMATS
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.formats.class_table import Colour, values_of_colours
from cnnseg_gui.formats.entries import check_inside

Bitmap = npt.NDArray[np.bool_] | Pixels
ReadMask = Callable[[tuple[int, int]], Pixels]


def checked_mask(folder: Path, path: Path, shape: tuple[int, int]) -> Pixels:
    """A mask file's values, uint8[H, W], of an image of that shape; decoded only if it has it.

    Raises:
        UserError: it is missing, hostile, of another size or no mask of 8 bits.
    """
    check_mask_file(folder, path, shape)
    return read_mask(path)


def check_mask_file(folder: Path, path: Path, shape: tuple[int, int]) -> None:
    """Looks at a mask file's header alone.

    Raises:
        UserError: it is missing, hostile, or of another size.
    """
    try:
        check_inside(folder, path)
    except OSError as error:
        raise UserError("the mask is missing", path=path) from error
    found = read_header(path)
    if found != shape:
        raise other_size(found, shape, path)


def is_coloured(path: Path) -> bool | None:
    """Whether a mask file is RGB and no values, by its header; None where it cannot be opened."""
    mode = mode_of(path)
    return None if mode is None else mode in ("RGB", "RGBA")


def mode_of(path: Path) -> str | None:
    """Pillow's mode of a mask file, by its header; None where it cannot be opened."""
    try:
        check_ordinary(path)
        with Image.open(path, formats=FORMATS) as image:
            return str(image.mode)
    except Exception:  # noqa: BLE001 - whoever reads it says what is wrong
        return None


def other_size(found: tuple[int, int], shape: tuple[int, int], path: Path | str) -> UserError:
    """That a mask is not of its image's size."""
    return UserError(
        f"the mask is of {found[1]} × {found[0]} pixels, its image of {shape[1]} × {shape[0]}",
        path=path,
        remedy="Put the image there that the mask was made for.",
    )


def indexed(folder: Path, path: Path, classes: Sequence[PixelClass]) -> ReadMask:
    """Reads a mask whose values are class indices."""
    listed = {cls.index for cls in classes}

    def read(shape: tuple[int, int]) -> Pixels:
        return only_listed(checked_mask(folder, path, shape), listed, path)

    return read


def coloured(folder: Path, path: Path, classes: Sequence[PixelClass], void: Colour) -> ReadMask:
    """Reads a mask whose colours are classes."""

    def read(shape: tuple[int, int]) -> Pixels:
        check_mask_file(folder, path, shape)
        values, unexplained = values_of_colours(read_image(path).pixels, classes, void)
        if unexplained:
            raise UserError(f"{unexplained:,} pixels have a colour of no class", path=path)
        return values

    return read


def only_listed(mask: Pixels, listed: Collection[int], path: Path | str) -> Pixels:
    """The mask itself.

    Raises:
        UserError: it has a value of no class.
    """
    present = np.flatnonzero(np.bincount(mask.ravel(), minlength=256)).tolist()
    unknown = [value for value in present if value not in listed and value != UNLABELLED]
    if unknown:
        raise UserError(
            f"the mask holds the value {unknown[0]}, which is no class of the data set", path=path
        )
    return mask


def paint(mask: Pixels, area: Rect, covered: Bitmap, value: int) -> None:
    """Sets `value` where bool[h, w] `covered` of `area`, which may reach over the edge, is set."""
    clipped = area.clipped((mask.shape[0], mask.shape[1]))
    if not clipped.empty:
        part = covered[
            clipped.top - area.top : clipped.bottom - area.top,
            clipped.left - area.left : clipped.right - area.left,
        ]
        mask[clipped.slices][part.astype(np.bool_)] = value
