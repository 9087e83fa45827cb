"""How much of a fine-tune is done, and how fast it learns there."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

WARM_UP = 20
"""Steps over which the rate rises."""


@dataclass
class Budget:
    """Seconds or steps, whichever was given; time stood aside is not counted."""

    seconds: float | None
    steps: int | None
    done: int = 0
    """Steps taken."""
    reserve: float = 0.0
    """Seconds to keep for the end."""
    before: float = 0.0
    """Seconds spent before an interruption."""
    _start: float = field(default_factory=time.perf_counter)
    _aside: float = 0.0

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.steps is None):
            raise ValueError("either seconds or steps")

    def stood_aside(self, seconds: float) -> None:
        """Someone else computed for so long."""
        self._aside += seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the start, without those stood aside or interrupted."""
        return self.before + time.perf_counter() - self._start - self._aside

    @property
    def fraction(self) -> float:
        """0 at the start, 1 or more when it is used up."""
        if self.steps is not None:
            return self.done / max(1, self.steps)
        return self.elapsed / max(1e-9, (self.seconds or 0.0) - self.reserve)

    @property
    def left(self) -> float:
        """Seconds left; for a budget of steps as their pace so far suggests."""
        if self.seconds is not None:
            return max(0.0, self.seconds - self.elapsed)
        return self.elapsed / max(1, self.done) * max(0, (self.steps or 0) - self.done)

    def rate(self) -> float:
        """The learning rate's factor, 0…1: a linear warm-up, then half a cosine to the end."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.fraction)))
        return min(1.0, (self.done + 1) / WARM_UP) * cosine
