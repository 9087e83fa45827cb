"""Classes: what a pixel can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.errors import UserError

MAX_CLASSES = 255

# Okabe and Ito, "Color Universal Design" (2008): told apart by nearly all readers. Background is
# a quiet grey-blue so that the objects carry the picture.
PALETTE: tuple[tuple[int, int, int], ...] = (
    (120, 134, 156),
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)


@dataclass(frozen=True)
class PixelClass:
    """A class: its index in the mask (0…254), its name, and its colour as RGB in 0…255."""

    index: int
    name: str
    colour: tuple[int, int, int]
    former: tuple[str, ...] = ()
    """Names that it had before: what a model learnt under them is still about it."""


def default_colour(index: int) -> tuple[int, int, int]:
    """The palette's colour for a class; after the palette's end, spaced round the hue circle."""
    if index < len(PALETTE):
        return PALETTE[index]
    import colorsys

    hue = (index * 0.61803398875) % 1.0  # golden ratio: neighbours in index are far in hue
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.65, 0.9)
    return round(red * 255), round(green * 255), round(blue * 255)


def make_classes(names: Sequence[str]) -> tuple[PixelClass, ...]:
    """Classes 0, 1, … with the palette's colours.

    Raises:
        UserError: no name, an empty or repeated name, or more than 255 names.
    """
    cleaned = [name.strip() for name in names]
    if not cleaned or not all(cleaned):
        raise UserError("a class has no name", remedy="Name every class, e.g. background,nucleus.")
    if len(set(cleaned)) != len(cleaned):
        twice = next(name for name in cleaned if cleaned.count(name) > 1)
        raise UserError(
            f"the class “{twice}” is there twice", remedy="Give each class its own name."
        )
    if len(cleaned) > MAX_CLASSES:
        raise UserError(f"{len(cleaned)} classes are too many", remedy="Use at most 255.")
    return tuple(PixelClass(i, name, default_colour(i)) for i, name in enumerate(cleaned))


def palette_table(classes: Sequence[PixelClass]) -> npt.NDArray[np.uint8]:
    """Colours by mask value: uint8[256, 3]. 255 (unlabelled) is VOC's cream, 224/224/192."""
    table = np.zeros((256, 3), np.uint8)
    for cls in classes:
        table[cls.index] = cls.colour
    table[255] = (224, 224, 192)
    return table
