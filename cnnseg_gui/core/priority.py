"""Processes that stand back: whoever paints has the processor first."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_FEW = 4  # processors: with more of them there is always one to go to
_NICE = 5  # still a quarter of a processor that something else wants whole


def stand_back(process_id: int) -> None:
    """Gives a process a low priority, where that can be done."""
    if process_id > 0 and hasattr(os, "setpriority"):
        with suppress(OSError):  # it has ended, or may not be touched
            os.setpriority(os.PRIO_PROCESS, process_id, _NICE)


def leave_one_free(threads: int) -> None:
    """Keeps this process off one processor, where there are few and the others are enough.

    A scheduler that balances its load now and then lets one of two computing threads share the
    processor of whoever paints, by turns of 4 ms, whatever their priorities: of 1,200 dabs beside
    a fine-tune 25 waited so long at the lowest one, and three where a processor was free.

    Args:
        threads: that are to compute at the same time.
    """
    if sys.platform != "linux":
        return
    every = os.sched_getaffinity(0)
    if threads < len(every) <= _FEW:
        with suppress(OSError):
            os.sched_setaffinity(0, every - {min(every)})
