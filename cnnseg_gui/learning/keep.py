"""Keeping the best weights of a fine-tune, and judging them, by what is held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.metrics import dice, iou, mean_iou, mean_over_present
from cnnseg_gui.core.promotion import FEWEST, UNPROVEN_MARGIN, Verdict, compare, effective
from cnnseg_gui.learning.calibrate import Calibration, calibrate
from cnnseg_gui.learning.card import Card, ClassScores, with_check
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_gui.learning.schedule import Budget
from cnnseg_gui.learning.validate import (
    Evidence,
    choose_windows,
    held_out_logits,
    score_apart,
)
from cnnseg_models.segmentation import SegmentationNetwork

_FIRST = 0.05  # of the seconds: what the first validation may take, and the last one will
_BETWEEN = 20  # times a validation's length: from one to the next, so another 5 %
_STEPS_APART = 4  # validations in a budget of steps: four, after the first one
_CALIBRATE_WITH = 20_000  # pixels


@dataclass(frozen=True)
class Validation:
    """How good it was after `step` steps."""

    step: int
    seconds: float
    iou: float
    """Mean over the classes that the held-out pixels hold."""
    by_class: tuple[float, ...]
    """NaN where a class occurs nowhere."""


class Keeper:
    """Validates when it is time, and keeps the weights that did best.

    Without held-out pixels of two classes nothing is validated, and nothing kept: those of one say
    nothing against a network that sees this class everywhere.
    """

    def __init__(
        self,
        network: SegmentationNetwork,
        held_out: Sequence[Example],
        cache: PixelCache,
        budget: Budget,
        seed: int,
        *,
        stretched: bool = False,
    ) -> None:
        self._network, self._cache, self._budget, self._seed = network, cache, budget, seed
        self._stretched = stretched
        self._windows = choose_windows(held_out, seed) if _of_two_classes(held_out) else []
        self._last = 0.0
        self._best: dict[str, Tensor] = {}
        self._before: Evidence | None = None
        self._after: Evidence | None = None
        self._rival: Evidence | None = None
        self._calibration: Calibration | None = None
        self.history: list[Validation] = []
        self.kept: Validation | None = None

    @property
    def due(self) -> bool:
        """Whether to validate after this step; the last step always is one."""
        if not self._windows:
            return False
        if self._budget.fraction >= 1:
            return True
        if self._budget.steps is not None:
            return self._budget.done % max(1, self._budget.steps // _STEPS_APART) == 0
        return self._budget.elapsed - self._last >= _BETWEEN * self._budget.reserve

    def validate(
        self, compute: Compute, between: Callable[[], None], *, step: int | None = None
    ) -> float | None:
        """Mean IoU now; None where nothing is held out.

        Args:
            between: see `score`.
            step: whose weights these are; None: of the last one.
        """
        if not self._windows:
            return None
        first, start = not self.history, self._budget.elapsed
        seconds = self._budget.seconds
        limit = _FIRST * seconds if first and seconds is not None else None
        evidence, done = score_apart(
            self._network,
            self._windows,
            self._cache,
            compute,
            between,
            limit,
            stretched=self._stretched,
        )
        self._last = self._budget.elapsed
        if first:
            self._windows = self._windows[:done]
            if np.count_nonzero(evidence.total.sum(1)) < 2:  # of the windows, not of all masks
                self._windows = []
                return None
            self._before = evidence
            self._budget.reserve = self._last - start
        confusion = evidence.total
        found = mean_iou(confusion)
        assert found is not None
        by_class = tuple(float(value) for value in iou(confusion))
        at = self._budget.done if step is None else step
        validation = Validation(at, self._last, found, by_class)
        stands = self._stands(found, evidence)
        self.history.append(validation)
        if stands:
            self.kept, self._after = validation, evidence
            self._best = {k: v.detach().clone() for k, v in self._network.state_dict().items()}
        return found

    def score_rival(
        self, rival: Model, compute: Compute, between: Callable[[], None]
    ) -> float | None:
        """Mean IoU of another model on the same windows; None where nothing is held out."""
        if not self._windows:
            return None
        self._rival, _ = score_apart(
            rival.network,
            self._windows,
            self._cache,
            compute,
            between,
            stretched=rival.card.stretched,
        )
        return mean_iou(self._rival.total)

    def calibrate(self, compute: Compute, between: Callable[[], None]) -> None:
        """Finds the temperature of the network as it is now, after `restore`."""
        if not self._windows:
            return
        logits, truth = held_out_logits(
            self._network,
            self._windows,
            self._cache,
            compute,
            between,
            most=_CALIBRATE_WITH,
            seed=self._seed,
            stretched=self._stretched,
        )
        self._calibration = calibrate(logits, truth)

    def verdict(self) -> Verdict:
        """The kept weights beside those that propose: the rival's, or those it began with."""
        current = self._rival or self._before
        if current is None or self._after is None:
            return Verdict.without_evidence()
        return compare(
            current.confusions, self._after.confusions, over=current.over, seed=self._seed
        )

    def noted(self, card: Card) -> Card:
        """The card with what held-out pixels say: verdict, scores by class and image, calibration.

        The card's classes are those of the network.
        """
        current, after = self._rival or self._before, self._after
        if current is None or after is None:
            return with_check(card, self.verdict())
        old, new = current.by_image(), after.by_image()
        total = after.total
        by_class = {
            name: ClassScores(iou=round(float(one), 5), dice=round(float(other), 5))
            for name, one, other in zip(card.classes, iou(total), dice(total), strict=True)
            if np.isfinite(one)
        }
        by_image = {
            key: (round(mean_iou(old[key]) or 0.0, 5), round(mean_iou(new[key]) or 0.0, 5))
            for key in new
        }
        return with_check(
            card,
            self.verdict(),
            dice=mean_over_present(dice(total), total),
            by_class=by_class,
            by_image=by_image,
            calibration=self._calibration,
        )

    @property
    def best(self) -> tuple[int, dict[str, Tensor]] | None:
        """The step that did best, and its weights; None where nothing was validated."""
        return None if self.kept is None else (self.kept.step, self._best)

    def restore(self) -> int:
        """Puts the best weights back into the network; returns the step they are from."""
        if self.kept is None:
            return self._budget.done
        self._network.load_state_dict(self._best)
        return self.kept.step

    def _stands(self, found: float, evidence: Evidence) -> bool:
        """Whether the weights of now take the place of those kept.

        Of a few units a hundredth more or less is chance: there the later ones stand, which have
        learnt more, unless they are clearly worse than any before.
        """
        if self.kept is None:
            return True
        best = max(validation.iou for validation in self.history)
        if effective(evidence.confusions) < FEWEST[evidence.over]:
            return found >= best - UNPROVEN_MARGIN
        return found > best


def _of_two_classes(held_out: Sequence[Example]) -> bool:
    counts = sum((example.mask.counts() for example in held_out), np.zeros(256, np.int64))
    return int(np.count_nonzero(counts[:UNLABELLED])) > 1
