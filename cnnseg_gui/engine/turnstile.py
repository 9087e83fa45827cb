"""Who computes first: what a person waits for, before what runs in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LONGEST_STEP_S = 2.0  # the background may have ended with this step


class Turnstile:
    """Interactive work overtakes: the background stands aside between two of its steps.

    Interactive work does not wait for the step that is running, at most one. What is interactive
    for long lets the background pass now and then.
    """

    def __init__(self) -> None:
        self._ahead = self._aside = 0
        self._pass_free = False
        self._changed = threading.Condition()

    @contextmanager
    def overtaking(self) -> Iterator[None]:
        """Around interactive work, in any number of threads."""
        with self._changed:
            self._ahead += 1
        try:
            yield
        finally:
            with self._changed:
                self._ahead -= 1
                self._changed.notify_all()

    def give_way(self, stopped: Callable[[], bool]) -> float:
        """Called by the background between two steps: returns when nobody is ahead.

        Args:
            stopped: ends the waiting early; asked again after `wake`.

        Returns:
            Seconds stood aside.
        """
        with self._changed:
            if not self._ahead:
                return 0.0
            start = time.perf_counter()
            self._aside += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._ahead or self._pass_free or stopped())
            self._aside -= 1
            self._pass_free = False
            return time.perf_counter() - start

    def let_pass(self, stopped: Callable[[], bool]) -> None:
        """Called by long interactive work between two pieces: the background takes one step.

        Returns when that is done, at once where nobody stands aside or another one is ahead, too.
        """
        with self._changed:
            if not self._aside or self._ahead > 1:
                return
            self._pass_free = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: (not self._pass_free and self._aside > 0) or stopped(),
                timeout=_LONGEST_STEP_S,
            )
            self._pass_free = False

    def wake(self) -> None:
        """Something was stopped: whoever stands aside looks again."""
        with self._changed:
            self._changed.notify_all()
