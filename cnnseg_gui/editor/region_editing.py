"""Region commands as a person asks for them: on which classes, where, at once or in a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.morphology import grow, shrink, smooth
from cnnseg_gui.core.patch import EVERYTHING, Writable
from cnnseg_gui.core.polygon import Corners
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.region_commands import fill_holes, keep_largest, remove_specks, replace_class
from cnnseg_gui.core.region_scope import BACKGROUND, Change, RegionScope, stored_cells
from cnnseg_gui.core.splitting import split
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tool_choice import class_is_locked


class RegionKind(StrEnum):
    """What is done; the value is the name of its action."""

    FILL_HOLES = "fill_holes"
    REMOVE_SPECKS = "remove_specks"
    SMOOTH = "smooth"
    GROW = "grow"
    SHRINK = "shrink"
    SPLIT = "split"
    KEEP_LARGEST = "keep_largest"
    REPLACE_CLASS = "replace_class"


class Where(StrEnum):
    """Which part of the image is meant."""

    IMAGE = "image"
    VISIBLE = "visible"
    LASSO = "lasso"


@dataclass(frozen=True)
class RegionRequest:
    """What the panel asks for."""

    kind: RegionKind
    all_classes: bool = False
    where: Where = Where.IMAGE
    pixels: int = 0
    """The command's number: a count of pixels, a radius, or the depth of a waist."""
    target: int = BACKGROUND
    """The class that `REPLACE_CLASS` gives."""


@dataclass(frozen=True)
class RegionCommand:
    """A request with everything that was chosen when it was made."""

    name: str
    """For menu and history."""
    kind: RegionKind
    scope: RegionScope
    pixels: int
    target: int

    def changes(self, mask: Mask) -> Iterator[Change]:
        """What it would change."""
        match self.kind:
            case RegionKind.FILL_HOLES:
                return fill_holes(mask, self.scope, self.pixels)
            case RegionKind.REMOVE_SPECKS:
                return remove_specks(mask, self.scope, self.pixels)
            case RegionKind.SMOOTH:
                return smooth(mask, self.scope, self.pixels)
            case RegionKind.GROW:
                return grow(mask, self.scope, self.pixels)
            case RegionKind.SHRINK:
                return shrink(mask, self.scope, self.pixels)
            case RegionKind.SPLIT:
                return split(mask, self.scope, self.pixels)
            case RegionKind.KEEP_LARGEST:
                return keep_largest(mask, self.scope)
            case RegionKind.REPLACE_CLASS:
                return replace_class(mask, self.scope, self.target)


@dataclass(frozen=True)
class RegionChoice:
    """What the commands go by: the project's classes and what may be overwritten."""

    classes: Sequence[PixelClass]
    active: int
    writable: Writable = field(default_factory=lambda: EVERYTHING, compare=False)
    locked: frozenset[int] = frozenset()


_AT_ONCE_MS = 50.0
# ms per tile and class (of smoothing: per pixel of the radius too), measured at 2,048² on one core
_COST = {
    RegionKind.FILL_HOLES: 1.7,
    RegionKind.REMOVE_SPECKS: 2.7,
    RegionKind.SMOOTH: 0.6,
    RegionKind.GROW: 2.8,
    RegionKind.SHRINK: 6.5,
    RegionKind.SPLIT: 15.0,
    RegionKind.KEEP_LARGEST: 3.0,
    RegionKind.REPLACE_CLASS: 0.6,
}
_PHRASES = {
    RegionKind.FILL_HOLES: "Fill holes in {classes}",
    RegionKind.REMOVE_SPECKS: "Remove specks of {classes}",
    RegionKind.SMOOTH: "Smooth {classes}",
    RegionKind.GROW: "Grow {classes} by {pixels} px",
    RegionKind.SHRINK: "Shrink {classes} by {pixels} px",
    RegionKind.SPLIT: "Split {classes}",
    RegionKind.KEEP_LARGEST: "Keep largest {classes}",
    RegionKind.REPLACE_CLASS: "Replace {classes} by {target}",
}


def region_command(
    request: RegionRequest, choice: RegionChoice, area: Rect | Corners | None = None
) -> RegionCommand:
    """The command that a request stands for.

    Args:
        area: the visible rectangle or the lasso's corners; None is the whole image.

    Raises:
        UserError: a class it is about is locked, or there is none.
    """
    names = {cls.index: cls.name for cls in choice.classes}
    if not request.all_classes and choice.active in choice.locked:
        raise class_is_locked(names[choice.active])
    if request.kind == RegionKind.REPLACE_CLASS and request.target in choice.locked:
        raise class_is_locked(names[request.target])
    meant = _meant(request, choice, frozenset(names))
    if not meant:
        raise UserError(
            "there is no class to change", remedy="Choose another class, or unlock one."
        )
    return RegionCommand(
        name=_PHRASES[request.kind].format(
            classes="all classes" if request.all_classes else names[choice.active],
            pixels=request.pixels,
            target=names.get(request.target, ""),
        ),
        kind=request.kind,
        scope=RegionScope(meant, area, choice.writable, choice.locked),
        pixels=request.pixels,
        target=request.target,
    )


def run(document: Document, command: RegionCommand) -> int | None:
    """Does a command on the open image, as one step to undo.

    Returns:
        How many pixels it changed; None where that is computed in a worker.
    """
    document.close()
    mask = document.mask.snapshot()
    writable = command.scope.writable
    if estimated_ms(mask, command) > _AT_ONCE_MS:
        document.compute(command.name, command.changes, writable=writable)
        return None
    fills = list(command.changes(mask))
    document.fill(command.name, fills, writable=writable)
    return sum(int(covered.sum()) for (_, _, covered), _ in fills)


def estimated_ms(mask: Mask, command: RegionCommand) -> float:
    """About how long a command takes, from the tiles that it looks at."""
    tiles = len(stored_cells(mask, command.scope.bounds(mask.shape)))
    each = _COST[command.kind] * len(command.scope.classes)
    if command.kind == RegionKind.SMOOTH:  # background and unlabelled count too
        each = _COST[command.kind] * (len(command.scope.classes) + 2) * command.pixels
    return tiles * each


def _meant(request: RegionRequest, choice: RegionChoice, known: frozenset[int]) -> frozenset[int]:
    """The classes of a request; "all" are the objects', and in smoothing the background too."""
    if not request.all_classes:
        meant = frozenset({choice.active})
    elif request.kind == RegionKind.SMOOTH:
        meant = known
    else:
        meant = known - {BACKGROUND}
    if request.kind == RegionKind.REPLACE_CLASS:
        meant -= {request.target}
    return meant - choice.locked
