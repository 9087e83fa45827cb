"""What the classes of a data set become in a project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cnnseg_gui.core.class_list import BACKGROUND, ClassList
from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels


@dataclass(frozen=True)
class ImportedClass:
    """A class of a data set.

    Args:
        source: as the data set has it.
        target: the project's class; None: its pixels stay undecided.
        is_new: the project gets `target` by the import.
    """

    source: PixelClass
    target: PixelClass | None
    is_new: bool = False


@dataclass(frozen=True)
class ClassPlan:
    """All classes of a data set, and the project's list with them."""

    after: ClassList
    classes: tuple[ImportedClass, ...]

    @property
    def added(self) -> tuple[PixelClass, ...]:
        """The classes that the project has not had."""
        return tuple(one.target for one in self.classes if one.is_new and one.target is not None)

    @property
    def table(self) -> Pixels:
        """uint8[256]: the data set's value to the project's; 255 where it stays undecided."""
        table = np.full(256, UNLABELLED, np.uint8)
        for one in self.classes:
            if one.target is not None:
                table[one.source.index] = one.target.index
        return table


def read_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Of `old=new`; `old=` leaves that class's pixels undecided.

    Raises:
        UserError: one is not written like this, or is there twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        old, separator, new = (part.strip() for part in pair.partition("="))
        if not separator or not old:
            raise UserError(f"“{pair}” is not old=new", remedy="Write it as nuclei=nucleus.")
        if old in found:
            raise UserError(f"“{old}” is mapped twice", remedy="Give each class one new name.")
        found[old] = new
    return found


def plan_classes(
    source: Iterable[PixelClass], before: ClassList, mapping: Mapping[str, str]
) -> ClassPlan:
    """Matches classes by name, upper and lower case alike; the others are added, with their colour
    where no class has it.

    The data set's background is the project's, whatever the two are called.

    Args:
        mapping: the data set's names to the project's; an empty one leaves pixels undecided.

    Raises:
        UserError: the mapping names a class that the data set has not, or there are too many.
    """
    source = tuple(source)
    renamed = {old.casefold(): new for old, new in mapping.items()}
    unknown = renamed.keys() - {cls.name.strip().casefold() for cls in source}
    if unknown:
        first = next(old for old in mapping if old.casefold() in unknown)
        raise UserError(
            f"the data set has no class “{first}”",
            remedy=f"It has: {', '.join(cls.name for cls in source)}.",
        )
    names = {cls.index: _wanted(cls, renamed) for cls in source}
    taken = {name.casefold() for index, name in names.items() if index != BACKGROUND}
    after, planned, fresh = before, [], set[str]()
    for cls in source:
        name = names[cls.index]
        if not name:
            planned.append(ImportedClass(cls, None))
            continue
        target = _named(after, name)
        if target is None and cls.index == BACKGROUND and cls.name.casefold() not in renamed:
            background = after.find(BACKGROUND)
            if background.name.casefold() not in taken:
                target = background
        if target is not None:
            planned.append(ImportedClass(cls, target, target.name in fresh))
            continue
        used = {live.colour for live in after.live}
        after = after.with_added(name)
        if cls.colour not in used:
            after = after.with_colour(after.live[-1].index, cls.colour)
        fresh.add(after.live[-1].name)
        planned.append(ImportedClass(cls, after.live[-1], is_new=True))
    return ClassPlan(after, _without_repeats(planned))


def first_classes(source: Iterable[PixelClass], mapping: Mapping[str, str]) -> ClassList:
    """The list of a new project: the data set's classes under their new names, without gaps.

    Raises:
        UserError: as `plan_classes`.
    """
    source = tuple(source)
    first = next((cls for cls in source if cls.index == BACKGROUND), None)
    renamed = {old.casefold(): new for old, new in mapping.items()}
    name = (_wanted(first, renamed) if first is not None else "") or "background"
    colour = first.colour if first is not None else (120, 134, 156)
    start = ClassList((PixelClass(BACKGROUND, name, colour),))
    return plan_classes(source, start, mapping).after


def _wanted(cls: PixelClass, renamed: Mapping[str, str]) -> str:
    name = cls.name.strip()
    return renamed.get(name.casefold(), name or f"class {cls.index}").strip()


def _named(classes: ClassList, name: str) -> PixelClass | None:
    return next((cls for cls in classes.live if cls.name.casefold() == name.casefold()), None)


def _without_repeats(planned: list[ImportedClass]) -> tuple[ImportedClass, ...]:
    """A class that two become one of is new once."""
    seen, out = set[int](), []
    for one in planned:
        is_new = one.is_new and one.target is not None and one.target.index not in seen
        if one.target is not None:
            seen.add(one.target.index)
        out.append(ImportedClass(one.source, one.target, is_new))
    return tuple(out)
