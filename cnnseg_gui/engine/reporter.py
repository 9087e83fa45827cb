"""What the window hears while something learns."""

from __future__ import annotations

import time

from cnnseg_gui.engine.messages import TrainProgress
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.learning.fit import Progress

_PROGRESS_EVERY = 0.2
"""Seconds between two `TrainProgress`: five a second is as fast as anyone reads a curve."""


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
        )
        self._outbox.send(message)
