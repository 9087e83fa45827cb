"""What a fine-tune learns from, and how that grows while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.learning.borders import BorderMaps
from cnnseg_gui.learning.hold_out import CELL, TilesOf
from cnnseg_gui.learning.learner import Settings
from cnnseg_gui.learning.looks import may_differ
from cnnseg_gui.learning.sampling import Example, PixelCache, Sampler, weighed
from cnnseg_gui.learning.upright import have_a_top


class Lessons:
    """The examples that are learnt from, and patches of them.

    Args:
        examples: those that are held out stay so, and are never learnt from.
        classes: how many the network has.
        random: of the patches.
        stretched: as `Card.stretched`.

    Raises:
        UserError: nothing is decided, or one class alone.
        ValueError: a mask with a class too many.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        classes: int,
        cache: PixelCache,
        random: np.random.Generator,
        settings: Settings,
        *,
        stretched: bool = False,
    ) -> None:
        self._classes, self._settings = classes, settings
        self.held_out = [example for example in examples if example.held_out]
        self.taught = [e for e in examples if not e.held_out and e.mask.counts().any()]
        self.counts = decided(self.taught, classes)
        """Decided pixels by class, int64[classes]."""
        self.varied = may_differ(self.taught, cache)
        """Whether to show them as if taken in other ways, too."""
        self.sampler = Sampler(
            self.taught,
            cache,
            random,
            patch=settings.patch,
            borders=BorderMaps() if settings.borders else None,
            turned=not have_a_top(example.mask for example in self.taught),
            stretched=stretched,
        )

    @property
    def class_weights(self) -> Tensor:
        """Float32[classes]: how much a pixel of each class counts."""
        if self._settings.class_weights == "none":
            return torch.ones(self._classes)
        return balanced(weighed(e.mask.counts()[: self._classes] for e in self.taught))

    def renew(self, examples: Sequence[Example]) -> None:
        """Learns from these from now on, and more often where they say something new.

        What was held out in the beginning stays so, whatever is painted on it by now.

        Raises:
            UserError, ValueError: as in the beginning; everything stays as it was.
        """
        kept = [self._without_held_out(e) for e in examples if not e.held_out]
        taught = [e for e in kept if e is not None and e.mask.counts().any()]
        self.counts = decided(taught, self._classes)
        self.taught = taught
        self.sampler.renew(taught)

    def _without_held_out(self, example: Example) -> Example | None:
        for held in self.held_out:
            if held.key != example.key:
                continue
            if not isinstance(held, TilesOf):
                return None
            example = replace(example, mask=without_cells(example.mask, held.mask))
        return example


def without_cells(mask: Mask, held: Mask) -> Mask:
    """The mask without the cells of 128 × 128 pixels in which `held` has decided ones."""
    rest = mask.snapshot()
    per_tile = TILE // CELL
    for (row, column), stored in held.tiles():
        tile = held.meaning[stored]
        for top in range(per_tile):
            for left in range(per_tile):
                if (tile[cell_rect(top, left, CELL).slices] != UNLABELLED).any():
                    cell = cell_rect(row * per_tile + top, column * per_tile + left, CELL)
                    _erase(rest, cell.clipped(mask.shape))
    return rest


def balanced(counts: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> Tensor:
    """Class weights float32[classes]: the inverse square root of their share, 1 on average.

    Args:
        counts: decided pixels by class, or what is in proportion to them; a class without any
            weighs nothing.
    """
    shares = torch.from_numpy(counts / counts.sum()).float()
    weights = torch.where(shares > 0, shares.clamp_min(1e-6).rsqrt(), 0.0)
    return weights / (weights * shares).sum()


def decided(taught: Sequence[Example], classes: int) -> npt.NDArray[np.int64]:
    """Decided pixels by class, int64[classes].

    Raises:
        UserError: there are none, or they are all of one class.
        ValueError: a class beyond `classes`.
    """
    counts = sum((example.mask.counts() for example in taught), np.zeros(256, np.int64))
    if counts[classes:].any():
        raise ValueError(f"a mask with a class beyond {classes - 1}")
    if not counts.any():
        raise UserError(
            "there is nothing to learn from yet",
            remedy="Paint on an image that is not held out, with at least two classes.",
        )
    if np.count_nonzero(counts) == 1:
        raise UserError(
            "all painted pixels are of one class",
            remedy="Paint a little of another class too, e.g. a stroke of background.",
        )
    return counts[:classes]


def _erase(mask: Mask, rect: Rect) -> None:
    mask.write(rect.top, rect.left, np.full((rect.height, rect.width), UNLABELLED, np.uint8))
