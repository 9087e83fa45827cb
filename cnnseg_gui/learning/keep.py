"""Keeping the best weights of a fine-tune, by their score on what is held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from cnnseg_gui.core.metrics import iou, mean_iou
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_gui.learning.schedule import Budget
from cnnseg_gui.learning.validate import choose_windows, score
from cnnseg_models.segmentation import SegmentationNetwork

_FIRST = 0.05  # of the seconds: what the first validation may take, and the last one will
_BETWEEN = 20  # times a validation's length: from one to the next, so another 5 %
_STEPS_APART = 4  # validations in a budget of steps: four, after the first one


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

    Without held-out pixels nothing is validated, and nothing kept.
    """

    def __init__(
        self,
        network: SegmentationNetwork,
        held_out: Sequence[Example],
        cache: PixelCache,
        budget: Budget,
        seed: int,
    ) -> None:
        self._network, self._cache, self._budget = network, cache, budget
        self._windows = choose_windows(held_out, seed)
        self._last = 0.0
        self._best: dict[str, Tensor] = {}
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
        confusion, done = score(self._network, self._windows, self._cache, compute, between, limit)
        self._last = self._budget.elapsed
        if first:
            self._windows = self._windows[:done]
            self._budget.reserve = self._last - start
        found = mean_iou(confusion)
        assert found is not None
        by_class = tuple(float(value) for value in iou(confusion))
        at = self._budget.done if step is None else step
        validation = Validation(at, self._last, found, by_class)
        self.history.append(validation)
        if self.kept is None or found > self.kept.iou:
            self.kept = validation
            self._best = {k: v.detach().clone() for k, v in self._network.state_dict().items()}
        return found

    def score_rival(
        self, rival: SegmentationNetwork, compute: Compute, between: Callable[[], None]
    ) -> float | None:
        """Mean IoU of another network on the same windows; None where nothing is held out."""
        if not self._windows:
            return None
        confusion, _ = score(rival, self._windows, self._cache, compute, between)
        return mean_iou(confusion)

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
