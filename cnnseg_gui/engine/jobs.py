"""A job of the engine: what was asked, and whether it still is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from cnnseg_gui.engine.wants import Stopped

if TYPE_CHECKING:
    from cnnseg_gui.engine.workshop import Workshop


class Job:
    """One request, from its arrival to its answer.

    Args:
        request: the number the window gave it.
        work: carries it out; sends every answer but `Cancelled` and `Failed`.
    """

    def __init__(self, request: int, work: Callable[[Job, Workshop], None]) -> None:
        self.request = request
        self.work = work
        self._lock = threading.Lock()
        self._begun = False
        self._stopped = False

    def stopped(self) -> bool:
        return self._stopped

    def begin(self) -> bool:
        """Called once, by the thread that does it; False where it was stopped while waiting."""
        with self._lock:
            self._begun = not self._stopped
            return self._begun

    def stop(self) -> bool:
        """Asks it to end; True where it has not begun, and so never will."""
        with self._lock:
            first, self._stopped = not self._stopped, True
            return first and not self._begun

    def raise_if_stopped(self) -> None:
        """Leaves the job between two of its steps.

        Raises:
            Stopped: it was asked to end.
        """
        if self._stopped:
            raise Stopped
