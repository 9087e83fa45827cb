"""What a fine-tune tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.hold_out import TilesOf
from cnnseg_gui.learning.lessons import Lessons


@dataclass(frozen=True)
class Progress:
    """After a step; at step 0 before learning."""

    step: int
    seconds: float
    seconds_left: float
    """Until the result is there."""
    loss: float
    """NaN at step 0."""
    iou: float | None = None
    """Mean IoU on what is held out where it was just measured."""
    by_class: tuple[float, ...] = ()
    """Of each class with it; NaN where no held-out pixel has one."""


@dataclass(frozen=True)
class Material:
    """What it learns from at the moment, and where."""

    images: int
    """With decided pixels to learn from."""
    held_out: int
    """Images that it is only checked on."""
    tiles: int
    """Images of which tiles are held out, since there are too few of the others."""
    decided: tuple[int, ...]
    """Pixels by class."""
    compute: Compute
    warm: bool
    """It began with a head that was fitted while the person painted."""

    @classmethod
    def of(cls, lessons: Lessons, compute: Compute, *, warm: bool) -> Material:
        apart = [example for example in lessons.held_out if example.mask.counts().any()]
        tiles = sum(isinstance(example, TilesOf) for example in apart)
        decided = tuple(int(count) for count in lessons.counts)
        return cls(len(lessons.taught), len(apart) - tiles, tiles, decided, compute, warm)
