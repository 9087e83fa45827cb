"""What the window hears while something learns, and keeps of it."""

from __future__ import annotations

import time

from cnnseg_gui.engine.messages import TrainProgress, Unfinished
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.learning.fit import Make, Progress
from cnnseg_gui.learning.memory import free, is_out_of_memory
from cnnseg_gui.learning.unfinished import dump_unfinished

_PROGRESS_EVERY = 0.2
"""Seconds between two `TrainProgress`: five a second is as fast as anyone reads a curve."""
_KEPT_PER_SECOND = 6e6
"""Bytes of states sent, on average at most: the window writes each of them to its disk."""


class Reporter:
    """Passes progress on, but no more often than anyone reads it."""

    def __init__(self, outbox: Outbox, request: int) -> None:
        self._outbox = outbox
        self._request = request
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.perf_counter()
        if now < self._next and progress.iou is None:
            return
        self._next = now + _PROGRESS_EVERY
        message = TrainProgress(
            request=self._request,
            step=progress.step,
            seconds=progress.seconds,
            seconds_left=progress.seconds_left,
            loss=progress.loss,
            iou=progress.iou,
            by_class=progress.by_class,
        )
        self._outbox.send(message)


class Recorder:
    """Sends the state of a fine-tune now and then, so that it can go on after a fault.

    Only while the pipe is idle, so that they never pile up.

    Args:
        every: seconds between two states, at least; of large ones more.
    """

    def __init__(self, outbox: Outbox, request: int, every: float) -> None:
        self._outbox, self._request, self._every = outbox, request, every
        self._next = time.perf_counter() + every

    def __call__(self, make: Make) -> None:
        if time.perf_counter() < self._next or not self._outbox.idle:
            return
        try:
            unfinished = make()
            state = dump_unfinished(unfinished)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            free(error)  # it learns on; perhaps there is room for a copy later
            self._next = time.perf_counter() + self._every
            return
        facts = unfinished.facts
        self._outbox.send(
            Unfinished(request=self._request, step=facts.step, seconds=facts.seconds), [state]
        )
        apart = max(self._every, len(state) / _KEPT_PER_SECOND)
        self._next = time.perf_counter() + apart
