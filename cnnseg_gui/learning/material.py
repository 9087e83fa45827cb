"""What a fine-tune learns from, and where."""

from __future__ import annotations

from dataclasses import dataclass

from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.hold_out import TilesOf
from cnnseg_gui.learning.lessons import Lessons


@dataclass(frozen=True)
class Material:
    """What there is at the moment."""

    images: int
    """With decided pixels to learn from."""
    held_out: int
    """Images that it is only checked on."""
    tiled: int
    """Images of which tiles are held out, as long as too few whole ones are."""
    decided: tuple[int, ...]
    """Pixels by class of the network."""
    device: str
    precision: str
    """Of the convolutions, e.g. "bfloat16"."""

    @classmethod
    def of(cls, lessons: Lessons, compute: Compute) -> Material:
        apart = [example for example in lessons.held_out if example.mask.counts().any()]
        tiled = sum(isinstance(example, TilesOf) for example in apart)
        return cls(
            images=len(lessons.taught),
            held_out=len(apart) - tiled,
            tiled=tiled,
            decided=tuple(int(count) for count in lessons.counts),
            device=compute.name,
            precision=compute.trains_in,
        )
