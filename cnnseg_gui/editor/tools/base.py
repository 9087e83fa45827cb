"""What every tool shares: a press begins a gesture, moves extend it, a release makes its patch.

Tools see the mask in image coordinates and know no widget. A gesture's settings are frozen at
the press.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np

from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.mask import AS_PAINTED, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.patch import EVERYTHING, Patch, PatchBuilder, Writable
from cnnseg_gui.core.proposal import Proposal
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.core.rect import Rect

NOWHERE = Rect(0, 0, 0, 0)


class ImagePoint(NamedTuple):
    """A place in the image: y down, x right, in pixels; (0.5, 0.5) is the first pixel's centre."""

    y: float
    x: float


class Operation(StrEnum):
    """What a gesture does to the pixels it covers."""

    PAINT = "paint"
    """They get the active class."""
    ERASE = "erase"
    """They are unlabelled again and show the proposal."""
    ACCEPT = "accept"
    """The undecided ones get the class that is proposed for them."""


@dataclass(frozen=True)
class ToolSettings:
    """What the person has chosen. Lengths in image pixels."""

    class_index: int = 1
    diameter: float = 20.0
    square: bool = False
    """The brush's tip: a square of that side, not a disc."""
    tolerance: int = 24
    """0…255: by how much a colour may differ (largest difference of the three channels)."""
    by_class: bool = False
    """The bucket fills what is connected in class, not in image colour."""
    operation: Operation = Operation.PAINT
    straight: bool = False
    """A stroke begins where the last one on this image ended."""
    writable: Writable = field(default_factory=lambda: EVERYTHING, compare=False)
    """bool[256]: the mask values that may be overwritten."""


@dataclass(frozen=True)
class Scene:
    """What a tool sees of an image when it is pressed."""

    mask: Mask
    proposal: Proposal
    image: ImageSource
    visible: Rect
    """The image's pixels on screen."""
    scale: float = 1.0
    """Screen pixels per image pixel."""
    pressure: float = 1.0
    """0…1, of a pen; a mouse presses with 1."""
    last_end: ImagePoint | None = None
    """Where the last stroke on this image ended."""
    pixel_size: float | None = None
    """Micrometres per pixel, where the image knows it."""
    packer: Executor | None = None
    """Packs what a stroke leaves behind; see `PatchBuilder`."""
    accepted_as: Pixels = field(default_factory=lambda: AS_PAINTED, compare=False)
    """uint8[256]: the mask value by class of what is taken over from the proposal."""


@dataclass(frozen=True)
class Outline:
    """A line that a gesture shows over the image while it is open."""

    points: Sequence[ImagePoint]
    closed: bool = False
    text: str = ""
    """Written beside the last point."""
    corners: bool = False
    """Its points are marked."""


Fill = tuple[Coverage, int]
"""Pixels, and the mask value they get."""


class Gesture:
    """One press-move-release. Each step returns the rectangle to redraw."""

    outline: Outline | None = None
    """What is drawn over the image meanwhile."""
    lasts = False
    """It stays open between presses, until `complete`; a second press is its next point."""
    keeps_outline = False
    """The outline stays to be read until the next press."""
    picked: int | None = None
    """A class that was picked from the image."""
    deferred: Callable[[], list[Fill]] | None = None
    """What remains to be computed, too long for the window's thread; asked after the release."""

    def __init__(self, name: str, scene: Scene, settings: ToolSettings) -> None:
        self.name = name
        self.scene = scene
        self.settings = settings
        self._builder = PatchBuilder(scene.mask, settings.writable, packer=scene.packer)

    @property
    def complete(self) -> bool:
        """Whether the release ends it."""
        return True

    def press(self, at: ImagePoint) -> Rect:
        """A further press, of a gesture that lasts."""
        return NOWHERE

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        """The pointer moved, also between the presses of a gesture that lasts.

        Args:
            pressure: 0…1, of a pen; a mouse presses with 1.
        """
        return NOWHERE

    def release(self, at: ImagePoint) -> Rect:
        return NOWHERE

    def close(self) -> Rect:
        """Ends a gesture that lasts where it is: Enter, or a double click."""
        return NOWHERE

    def step_back(self) -> Rect:
        """Takes the last point of a gesture that lasts back."""
        return NOWHERE

    def finish(self) -> Patch | None:
        """The patch, or None where nothing changed."""
        return self._builder.finish()

    def cancel(self) -> Rect:
        """Puts everything back."""
        return self._builder.cancel()

    def _cover(self, coverage: Coverage) -> Rect:
        """Does the settings' operation to the pixels covered."""
        top, left, covered = coverage
        operation = self.settings.operation
        if operation == Operation.PAINT:
            return self._builder.paint(top, left, covered, self.settings.class_index)
        if operation == Operation.ERASE:
            return self._builder.paint(top, left, covered, UNLABELLED)
        area = Rect(top, left, top + covered.shape[0], left + covered.shape[1])
        proposed = self.scene.proposal.classes.read(area)
        undecided = self.scene.mask.read(area) == UNLABELLED
        open_pixels = np.logical_and(covered & undecided, proposed != UNLABELLED)
        return self._builder.paint(top, left, open_pixels, self.scene.accepted_as[proposed])


class Tool(Protocol):
    """A tool of the palette: `key` names its icon and its action."""

    key: str
    label: str

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[Gesture, Rect]:
        """Begins a gesture; the rectangle is what to redraw."""
        ...


def named(settings: ToolSettings, noun: str) -> str:
    """A gesture's name for menu and history: what it did, with what."""
    if settings.operation == Operation.ERASE:
        return f"Erase with {noun}"
    if settings.operation == Operation.ACCEPT:
        return f"Accept with {noun}"
    return f"{noun[0].upper()}{noun[1:]}"
