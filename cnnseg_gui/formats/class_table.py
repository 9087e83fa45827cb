"""classes.json: what the values of a data set's masks are, beside any mask that cannot say it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from cnnseg_gui.core.classes import MAX_CLASSES, PixelClass, default_colour
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats.entries import decode_json, read_bytes

FILE_NAME = "classes.json"
BACKGROUND = "background"
Colour = tuple[int, int, int]
VOID_COLOUR: Colour = (224, 224, 192)
"""Pascal VOC's, of undecided pixels."""


class _Row(msgspec.Struct):
    index: int
    name: str
    colour: Colour | None = None


class _Table(msgspec.Struct):
    classes: list[_Row]
    unlabelled_colour: Colour = VOID_COLOUR


def write_classes(
    folder: Path, classes: Sequence[PixelClass], *, void: Colour | None = None
) -> None:
    """Writes the table; `void` is the colour of undecided pixels where masks are colours."""
    content = {
        "unlabelled": UNLABELLED,
        **({"unlabelled_colour": list(void)} if void else {}),
        "classes": [
            {"index": cls.index, "name": cls.name, "colour": list(cls.colour)} for cls in classes
        ],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / FILE_NAME).write_text(text + "\n", encoding="utf-8", newline="\n")


def read_classes(folder: Path) -> tuple[tuple[PixelClass, ...], Colour] | None:
    """The classes of a data set and the colour of undecided pixels; None without the table.

    Raises:
        UserError: the table is damaged.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    table = decode_json(read_bytes(folder, path, largest=1 << 24), _Table, path)
    classes = tuple(
        PixelClass(row.index, row.name, row.colour or default_colour(row.index))
        for row in sorted(table.classes, key=lambda row: row.index)
    )
    check_classes(classes, path)
    return classes, table.unlabelled_colour


def check_classes(classes: Sequence[PixelClass], path: Path) -> None:
    """Refuses what no mask can hold.

    Raises:
        UserError: too many classes, an index out of 0…254 or twice, no name, no colour.
    """
    indices = [cls.index for cls in classes]
    if len(set(indices)) != len(indices) or not all(0 <= i < MAX_CLASSES for i in indices):
        raise UserError("its class indices are not those of a mask: 0…254, none twice", path=path)
    for cls in classes:
        if not cls.name.strip() or not all(0 <= part <= 255 for part in cls.colour):
            raise UserError(f"class {cls.index} has no name or no colour", path=path)


def numbered(names: Sequence[str], path: Path) -> tuple[PixelClass, ...]:
    """Background and the named classes 1, 2, …, with the palette's colours.

    Raises:
        UserError: more than a mask can hold.
    """
    if len(names) >= MAX_CLASSES:
        raise UserError(f"{len(names)} classes are more than the 254 a mask can hold", path=path)
    both = (BACKGROUND, *(name.strip() or f"class {i}" for i, name in enumerate(names, 1)))
    return tuple(PixelClass(i, name, default_colour(i)) for i, name in enumerate(both))


def distinct_colours(classes: Sequence[PixelClass]) -> tuple[tuple[PixelClass, ...], Colour]:
    """The classes and the colour of undecided pixels, none of which share a colour."""
    taken: set[Colour] = set()
    found = []
    for cls in classes:
        colour = _free(cls.colour, taken)
        found.append(PixelClass(cls.index, cls.name, colour, cls.former))
    return tuple(found), _free(VOID_COLOUR, taken)


def values_of_colours(
    pixels: Pixels, classes: Sequence[PixelClass], void: Colour
) -> tuple[Pixels, int]:
    """Mask values uint8[H, W] of colours uint8[H, W, 3], and how many pixels no class explains."""
    table = {(*cls.colour,): cls.index for cls in reversed(classes)}
    table.setdefault(void, UNLABELLED)
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    known = np.array(sorted((r << 16) + (g << 8) + b for r, g, b in table), np.uint32)
    values = np.array([table[k >> 16, k >> 8 & 255, k & 255] for k in known.tolist()], np.uint8)
    place = np.minimum(np.searchsorted(known, packed), len(known) - 1)
    explained = known[place] == packed
    return np.where(explained, values[place], UNLABELLED), int((~explained).sum())


def _free(colour: Colour, taken: set[Colour]) -> Colour:
    red, green, blue = colour
    number = (red << 16) + (green << 8) + blue
    while (free := (number >> 16, number >> 8 & 255, number & 255)) in taken:
        number = (number + 1) % (1 << 24)
    taken.add(free)
    return free
