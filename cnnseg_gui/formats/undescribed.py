"""Classes of masks that nothing describes: every mask is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_header, read_image
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.formats.class_table import BACKGROUND, VOID_COLOUR, Colour, numbered, read_classes
from cnnseg_gui.formats.mask_file import (
    ReadMask,
    check_mask_file,
    coloured,
    indexed,
    is_coloured,
    mode_of,
)

_BLACK_AND_WHITE = (
    PixelClass(0, BACKGROUND, (0, 0, 0)),
    PixelClass(1, "foreground", (255, 255, 255)),
)
_PACK = np.array([1 << 16, 1 << 8, 1], np.uint32)


def mask_reader(
    folder: Path, masks: Sequence[Path], refused: list[UserError]
) -> tuple[tuple[PixelClass, ...], Callable[[Path], ReadMask]]:
    """The classes of a folder's masks, by its table or else by what they hold, and what reads them.

    Args:
        refused: what is wrong with a mask that cannot be read is added here.

    Raises:
        UserError: the table cannot be read, or there are more classes than a mask can hold.
    """
    colours = are_coloured(masks)
    table = read_classes(folder)
    if table is None:
        classes, colours = classes_of(folder, masks, refused, coloured=colours)
        void = VOID_COLOUR
    else:
        classes, void = table

    def reader(path: Path) -> ReadMask:
        if colours:
            return coloured(folder, path, classes, void)
        return indexed(folder, path, classes)

    return classes, reader


def are_coloured(masks: Iterable[Path]) -> bool:
    """Whether masks are colours and no values, by the first that can be opened."""
    known = (found for path in masks if (found := is_coloured(path)) is not None)
    return next(known, False)


def classes_of(
    folder: Path, masks: Iterable[Path], refused: list[UserError], *, coloured: bool
) -> tuple[tuple[PixelClass, ...], bool]:
    """A class for each value or colour that is there; black and 0 are background.

    Where all masks are grey and hold nothing but 0 and 255, white is a class and not undecided.

    Returns:
        The classes, and whether the masks are read by their colours.

    Args:
        refused: what is wrong with a mask that cannot be read is added here.

    Raises:
        UserError: there are more than a mask can hold.
    """
    values: set[int] = set()
    modes: set[str | None] = set()
    for path in masks:
        try:
            modes.add(mode_of(path))
            check_mask_file(folder, path, read_header(path))
            values.update(_colours_of(path) if coloured else _values_of(path))
        except UserError as error:
            refused.append(error)
    if not coloured:
        if values == {0, UNLABELLED} and modes <= {"1", "L"}:
            return _BLACK_AND_WHITE, True
        most = max(values - {UNLABELLED}, default=0)
        return numbered([f"class {value}" for value in range(1, most + 1)], folder), False
    red, green, blue = VOID_COLOUR
    rgb: list[Colour] = [
        (value >> 16, value >> 8 & 255, value & 255)
        for value in sorted(values - {0, (red << 16) + (green << 8) + blue})
    ]
    if len(rgb) >= UNLABELLED:
        raise UserError(
            f"the masks have {len(rgb)} colours, and nothing says what they are",
            path=folder,
            remedy="Put a classes.json there, or save the masks as indices.",
        )
    named = [PixelClass(i, "#{:02x}{:02x}{:02x}".format(*own), own) for i, own in enumerate(rgb, 1)]
    return (PixelClass(0, BACKGROUND, (0, 0, 0)), *named), True


# ---------------------------------------------------------------------- inside


def _values_of(path: Path) -> list[int]:
    return np.flatnonzero(np.bincount(read_mask(path).ravel())).tolist()


def _colours_of(path: Path) -> list[int]:
    packed = read_image(path).pixels.astype(np.uint32) @ _PACK
    return [int(value) for value in np.unique(packed)]
