"""Which class a data set has for each class of the project: merged, dropped, in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels

UNDECIDED = "undecided"
"""What a class is mapped to whose pixels count as unlabelled."""


@dataclass(frozen=True)
class ClassMapping:
    """What the pixels of a data set are.

    Args:
        classes: of the data set; index 0 is the background.
        table: uint8[256]: the data set's value of each of the project's.
    """

    classes: tuple[PixelClass, ...]
    table: Pixels

    def count(self, decided: dict[int, int]) -> dict[int, int]:
        """Pixels by class of the data set, of pixels by class of the project."""
        found: dict[int, int] = {}
        for index, pixels in decided.items():
            value = int(self.table[index])
            if value != UNLABELLED:
                found[value] = found.get(value, 0) + pixels
        return found


def map_classes(
    classes: Sequence[PixelClass], pairs: Sequence[str] = (), order: Sequence[str] = ()
) -> ClassMapping:
    """Reads pairs such as "old=new": the class old is called new, or is merged into it.

    "old=" or "old=undecided" leaves its pixels undecided; "old=background", whatever the name of
    the background is, drops it to the background. Of merged classes the first keeps its place and
    its colour.

    Args:
        classes: of the project, background first; index = value in the mask.
        order: names of the data set but the background, in their new order; those that are left
            out follow.

    Raises:
        UserError: a pair that is none, a class that is not there, or is mapped twice.
    """
    names = {cls.name: cls for cls in classes}
    targets: dict[str, str] = {}
    for pair in pairs:
        old, separator, new = (part.strip() for part in pair.partition("="))
        if not separator or old not in names:
            what = f"there is no class “{old}”" if separator else f"“{pair}” is not OLD=NEW"
            raise UserError(what, remedy=f"The classes are: {', '.join(names)}.")
        if old in targets:
            raise UserError(f"the class “{old}” is mapped twice", remedy="Name it once.")
        targets[old] = new
    ground = classes[0].name
    if targets.get(ground) in set(names) - {ground}:
        raise UserError(
            "the background cannot be merged into a class",
            remedy=f"Merge the other way round: {targets[ground]}={ground}.",
        )
    wanted = [_target(cls.name, targets, names, ground) for cls in classes]
    place_0 = wanted[0] or ground  # formats know the background by its index
    made = {place_0: replace(classes[0], name=place_0)}
    for cls, name in zip(classes, wanted, strict=True):
        if name is not None:
            made.setdefault(name, replace(cls, name=name))
    for name in made:
        if name in names and wanted[classes.index(names[name])] == name:
            made[name] = names[name]  # the class of that name gives the colour
    listed = [place_0, *_ordered([name for name in made if name != place_0], order)]
    numbered = tuple(replace(made[name], index=n) for n, name in enumerate(listed))
    table = np.full(256, UNLABELLED, np.uint8)
    for cls, name in zip(classes, wanted, strict=True):
        if name is not None:
            table[cls.index] = listed.index(name)
    return ClassMapping(numbered, table)


def _target(
    old: str, targets: dict[str, str], names: dict[str, PixelClass], ground: str
) -> str | None:
    """The name that a class has in the data set; None: its pixels are undecided."""
    new = targets.get(old, old)
    if new == "background" and new not in names:
        return ground
    if old in targets and (not new or (new == UNDECIDED and new not in names)):
        return None
    return new


def _ordered(names: list[str], order: Sequence[str]) -> list[str]:
    unknown = [name for name in order if name not in names]
    if unknown or len(set(order)) != len(order):
        what = f"there is no class “{unknown[0]}”" if unknown else "a class is named twice"
        raise UserError(f"{what} to put in order", remedy=f"There are: {', '.join(names)}.")
    return [*order, *(name for name in names if name not in order)]
