"""Who computes first: what a person waits for, before what runs in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Turnstile:
    """Interactive work overtakes: the background stands aside between two of its steps.

    Interactive work does not wait for the step that is running, at most one.
    """

    def __init__(self) -> None:
        self._ahead = 0
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
            self._changed.wait_for(lambda: not self._ahead or stopped())
            return time.perf_counter() - start

    def wake(self) -> None:
        """Something was stopped: whoever stands aside looks again."""
        with self._changed:
            self._changed.notify_all()
