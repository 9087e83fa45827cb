"""What a data-set format is: what the export hands to it and what the import gets from it.

Masks are uint8[H, W] of class indices, 255 where undecided, upright as the image is shown (EXIF
applied). A format never sees a project, and never holds more than one mask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Entry:
    """An image of a data set that is written.

    Args:
        image: where it lies: relative to the data set's folder, or absolute if it is referred to.
        shape: height and width as shown, in pixels.
        tags: what the image is called.
        split: one of `SPLITS`, or empty where the data set is not split: of all entries or of none.
    """

    image: PurePosixPath
    shape: tuple[int, int]
    tags: tuple[str, ...] = ()
    split: str = ""


@dataclass(frozen=True)
class WriteOptions:
    """How a data set is written.

    Args:
        classes: the classes of its masks; indices ascend and may have gaps.
        choices: what a format offers beyond that, by name, such as {"shapes": "polygons"}; see
            `Format.choices`. What is not in it has the format's first choice.
    """

    classes: tuple[PixelClass, ...]
    choices: Mapping[str, str] = field(default_factory=dict)

    def choice(self, offered: Mapping[str, tuple[str, ...]], name: str) -> str:
        """What is chosen of that name, or the first that a format offers.

        Raises:
            UserError: the format does not offer it.
        """
        chosen = self.choices.get(name, offered[name][0])
        if chosen not in offered[name]:
            raise UserError(
                f"there is no {name} “{chosen}”", remedy=f"Use one of: {', '.join(offered[name])}."
            )
        return chosen


class Writer(Protocol):
    """Writes one data set into an empty folder. Memory does not grow with the number of images."""

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        """Where the image file of this name belongs, relative to the folder. No two names that
        differ only in their ending are asked for.
        """
        ...

    def add(self, entry: Entry, mask: Pixels) -> None:
        """Adds an image, whose file is in its place already, with its mask."""
        ...

    def finish(self) -> None:
        """Writes what belongs to the whole."""
        ...


@dataclass(frozen=True)
class ReadImage:
    """An image of a data set that is read.

    Args:
        name: its name in the data set, for messages.
        image: its file; may not exist.
        read_mask: gives the mask for an image of this height and width. Raises `UserError` where it
            is damaged, of another size, or hostile. None: the data set has no mask for it.
        tags: what it is called there.
        split: one of `SPLITS`, or empty.
    """

    name: str
    image: Path
    read_mask: Callable[[tuple[int, int]], Pixels] | None
    tags: tuple[str, ...] = ()
    split: str = ""


@dataclass(frozen=True)
class DataSet:
    """A data set that is read: its images are found, its lists checked; masks are read one by one.

    Args:
        classes: what the masks' values are; index 0 is background.
        images: in the order of the data set.
        notes: what to know about it, a line each.
        refused: entries that are left out, each with its name: hostile, or not to be understood.
    """

    classes: tuple[PixelClass, ...]
    images: Sequence[ReadImage]
    notes: tuple[str, ...] = ()
    refused: tuple[UserError, ...] = ()


def same(mask: Pixels) -> Pixels:
    """Of a format that keeps every pixel's value."""
    return mask


def _nothing() -> str:
    return ""


@dataclass(frozen=True)
class Format:
    """A data-set format.

    Args:
        name: on the command line.
        title: in the window.
        description: one line for people: what lies where, and what it does not keep.
        writer: (folder, options) begins a data set; None: it is only read.
        read: opens a data set: a folder, or the file that lists it. Raises `UserError`.
        recognises: whether a folder or file looks like it, from names alone.
        check: reads a written data set back by another reader than `read`, a well-kept library
            where there is one: the mask of each entry, in their order.
        kept: the mask as this format can hold it at best, such as without undecided pixels; what
            `check` gives is compared with this.
        checked_by: what `check` reads with, such as "pycocotools", on this machine.
        exact: whether it is equal then, to the pixel; see `is_exact` for what was chosen.
        inexact: the choices, (name, value), with which it is not, such as ("shapes", "polygons").
        choices: the options of its own, by name, with their values; the first one is the default.
        refers: whether images can stay where they are.
        labels_only: it holds tags and no masks.
    """

    name: str
    title: str
    description: str
    writer: Callable[[Path, WriteOptions], Writer] | None
    read: Callable[[Path], DataSet]
    recognises: Callable[[Path], bool]
    check: Callable[[Path, WriteOptions, Iterable[Entry]], Iterator[Pixels]] | None = None
    checked_by: Callable[[], str] = _nothing
    kept: Callable[[Pixels], Pixels] = same
    exact: bool = True
    inexact: frozenset[tuple[str, str]] = frozenset()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refers: bool = False
    labels_only: bool = False

    def is_exact(self, options: WriteOptions) -> bool:
        """Whether masks written with these options are equal to the pixel to `kept` of them."""
        return self.exact and not any(
            options.choice(self.choices, name) == value for name, value in self.inexact
        )
