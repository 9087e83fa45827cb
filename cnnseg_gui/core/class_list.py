"""The list of classes and how it is edited.

A mask keeps the values it was painted with for ever. A class that is deleted or merged away is
only read as something else from then on, so such an edit rewrites no pixel, costs nothing on any
number of images, and can be taken back exactly, whatever was painted since.

A class has a second value, which its pixels get where a person took them over from a proposal: they
read as the class everywhere, but who learns from them can tell them from what was painted.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.classes import MAX_CLASSES, PixelClass, default_colour
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED

BACKGROUND = 0
_TO_COME = 64
"""Numbers that stay free for further classes when accepted values are given out."""
_MOST_ACCEPTED = 50
"""Accepted values of a project: 205 numbers stay for classes, deleted ones included."""
Values = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Retired:
    """A class that is no more: its pixels read as another one's, or as unlabelled."""

    pixel_class: PixelClass
    reads_as: int = UNLABELLED


@dataclass(frozen=True)
class AcceptedValue:
    """The mask value of a class's pixels that were accepted, not painted; given out for good."""

    value: int
    index: int
    """The class."""


@dataclass(frozen=True)
class ClassList:
    """The classes of a project in the order of their list, and those that are no more."""

    live: tuple[PixelClass, ...]
    retired: tuple[Retired, ...] = field(default=())
    accepted: tuple[AcceptedValue, ...] = field(default=())
    """From 254 downward; a class without one has its accepted pixels as if they were painted."""

    # ------------------------------------------------------------------ what values mean

    @property
    def meaning(self) -> Values:
        """uint8[256]: the class (or 255) that a mask's stored value stands for.

        A merge may lead to a class that was merged itself; what leads nowhere is unlabelled.
        """
        table = np.full(256, UNLABELLED, np.uint8)
        for cls in self.live:
            table[cls.index] = cls.index
        reads_as = {entry.pixel_class.index: entry.reads_as for entry in self.retired}
        for index in reads_as:
            value, steps = index, 0
            while value in reads_as and steps <= len(reads_as):
                value, steps = reads_as[value], steps + 1
            table[index] = table[value] if value not in reads_as else UNLABELLED
        for entry in self.accepted:
            table[entry.value] = table[entry.index]
        return table

    @property
    def accepted_as(self) -> Values:
        """uint8[256]: the value that a class's pixels get where a proposal is accepted."""
        table = np.arange(256, dtype=np.uint8)
        for entry in self.accepted:
            table[entry.index] = entry.value
        return table

    @property
    def accepted_values(self) -> bytes:
        """The values of pixels that were accepted, of all classes."""
        return bytes(entry.value for entry in self.accepted)

    @property
    def dense_classes(self) -> tuple[PixelClass, ...]:
        """The live classes numbered 0, 1, … without gaps, background first: as a network's."""
        return tuple(replace(cls, index=place) for place, cls in enumerate(self._by_index()))

    @property
    def dense(self) -> Values:
        """uint8[256]: stored value to the index in `dense_classes`, or 255."""
        places = np.full(256, UNLABELLED, np.uint8)
        for place, cls in enumerate(self._by_index()):
            places[cls.index] = place
        return places[self.meaning]

    @property
    def from_dense(self) -> Values:
        """uint8[256]: the index in `dense_classes` to the class's own; beyond them 255."""
        table = np.full(256, UNLABELLED, np.uint8)
        for place, cls in enumerate(self._by_index()):
            table[place] = cls.index
        return table

    def find(self, index: int) -> PixelClass:
        """The live class with this index. KeyError where there is none."""
        for cls in self.live:
            if cls.index == index:
                return cls
        raise KeyError(index)

    # ------------------------------------------------------------------ edits

    def with_added(self, name: str) -> ClassList:
        """One more, at the end, under an index that no pixel has ever had.

        Raises:
            UserError: the name is empty or taken, or all numbers are used.
        """
        index = 1 + self._last
        if index >= min((MAX_CLASSES, *self.accepted_values)):
            raise UserError(
                f"all {index} class numbers have been used, also by classes that were deleted",
                remedy="Rename a class that is not needed any more.",
            )
        added = PixelClass(index, self._free_name(name), default_colour(index))
        return replace(self, live=(*self.live, added))

    def with_name(self, index: int, name: str) -> ClassList:
        """Renamed.

        Raises:
            UserError: the name is empty or another class has it.
        """
        cls = self.find(index)
        fresh = self._free_name(name, but=index)
        former = tuple(dict.fromkeys((*cls.former, cls.name)))
        return self._changed(
            index, lambda c: replace(c, name=fresh, former=tuple(n for n in former if n != fresh))
        )

    def with_colour(self, index: int, colour: tuple[int, int, int]) -> ClassList:
        return self._changed(index, lambda cls: replace(cls, colour=colour))

    def moved(self, index: int, by: int) -> ClassList:
        """Up (negative) or down the list, stopping at its ends."""
        order = list(self.live)
        here = order.index(self.find(index))
        order.insert(min(max(here + by, 0), len(order) - 1), order.pop(here))
        return replace(self, live=tuple(order))

    def without(self, index: int, *, reads_as: int = UNLABELLED) -> ClassList:
        """Deleted, or merged into the class `reads_as`.

        Raises:
            UserError: it is the background.
        """
        if index == BACKGROUND:
            raise UserError(
                "the background cannot be deleted or merged away",
                remedy="Rename it, or merge the other class into it.",
            )
        gone = self.find(index)
        if reads_as != UNLABELLED:
            self.find(reads_as)
        live = tuple(cls for cls in self.live if cls.index != index)
        return replace(self, live=live, retired=(*self.retired, Retired(gone, reads_as)))

    def retiring_unknown(self, other: ClassList) -> ClassList:
        """This list, to which `other`'s classes that it has never heard of are retired.

        Taking "add a class" back must not free its number: pixels may have it still.
        """
        known = {cls.index for cls in self.live} | {
            entry.pixel_class.index for entry in self.retired
        }
        unknown = [
            Retired(cls)
            for cls in (*other.live, *(entry.pixel_class for entry in other.retired))
            if cls.index not in known
        ]
        return replace(
            self,
            retired=(*self.retired, *unknown),
            accepted=tuple(dict.fromkeys((*other.accepted, *self.accepted))),
        )

    def with_accepted_values(self) -> ClassList:
        """With an accepted value for every class, as long as enough numbers are left."""
        given, accepted = {entry.index for entry in self.accepted}, list(self.accepted)
        for cls in self._by_index():
            value = min((MAX_CLASSES, *(entry.value for entry in accepted))) - 1
            room = len(accepted) < _MOST_ACCEPTED and value - self._last > _TO_COME
            if cls.index not in given and room:
                accepted.append(AcceptedValue(value, cls.index))
        return replace(self, accepted=tuple(accepted))

    # ------------------------------------------------------------------ inside

    @property
    def _last(self) -> int:
        """The highest number of a class."""
        return max(
            cls.index for cls in (*self.live, *(entry.pixel_class for entry in self.retired))
        )

    def _by_index(self) -> list[PixelClass]:
        return sorted(self.live, key=lambda cls: cls.index)

    def _changed(self, index: int, change: Callable[[PixelClass], PixelClass]) -> ClassList:
        self.find(index)
        live = tuple(change(cls) if cls.index == index else cls for cls in self.live)
        return replace(self, live=live)

    def _free_name(self, name: str, *, but: int | None = None) -> str:
        name = name.strip()
        if not name:
            raise UserError("a class has no name", remedy="Give it one.")
        taken = {cls.name.casefold() for cls in self.live if cls.index != but}
        if name.casefold() in taken:
            raise UserError(f"there is a class “{name}” already", remedy="Give it another name.")
        return name


_MAX_EDIT_BYTES = 2**24  # far more than 2 × 255 classes with all their former names


class _Edit(msgspec.Struct):
    before: ClassList
    after: ClassList


def pack_edit(before: ClassList, after: ClassList) -> bytes:
    """Both lists, for the journal."""
    return zlib.compress(msgspec.json.encode(_Edit(before, after)), 1)


def unpack_edit(data: bytes) -> tuple[ClassList, ClassList]:
    """The inverse of `pack_edit`.

    Raises:
        ValueError: the bytes are no such edit.
    """
    try:
        text = zlib.decompressobj().decompress(data, _MAX_EDIT_BYTES)
        edit = msgspec.json.decode(text, type=_Edit)
    except (zlib.error, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"a damaged edit of the classes ({error})") from error
    if not (is_sound(edit.before) and is_sound(edit.after)):
        raise ValueError("a damaged edit of the classes (numbers that no class can have)")
    return edit.before, edit.after


def is_sound(classes: ClassList) -> bool:
    """Every number once and in its range, and something to paint with."""
    every = (*classes.live, *(entry.pixel_class for entry in classes.retired))
    numbers = [*(cls.index for cls in every), *(entry.value for entry in classes.accepted)]
    return (
        bool(classes.live)
        and len(set(numbers)) == len(numbers)
        and all(0 <= number < MAX_CLASSES for number in numbers)
        and all(0 <= entry.index < MAX_CLASSES for entry in classes.accepted)
        and all(0 <= value <= 255 for cls in every for value in cls.colour)
        and all(0 <= entry.reads_as <= UNLABELLED for entry in classes.retired)
    )
