"""Processes that stand back: whoever paints has the processor first."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_LOWEST = 19  # Unix: beside two learning threads one dab in 100 waited 4 ms at 10, one in 500 at 19

_FEW = 4  # processors: with more of them there is always one to go to


def stand_back(process_id: int) -> None:
    """Lets a process compute where nothing else wants to; where the system knows how.

    Linux: what is idle by policy never interrupts others when it wakes, as the lowest priority
    does now and then for some milliseconds. It holds for the threads that begin from now on.
    """
    if process_id <= 0 or sys.platform == "win32":
        return
    with suppress(OSError):  # it has ended, or may not be touched
        os.setpriority(os.PRIO_PROCESS, process_id, _LOWEST)
        if sys.platform == "linux":
            os.sched_setscheduler(process_id, os.SCHED_IDLE, os.sched_param(0))


def leave_one_free(threads: int) -> None:
    """Keeps this process off one processor, where there are few and the others are enough.

    A scheduler that balances its load now and then lets one of two computing threads share the
    processor of whoever paints, by turns of 4 ms, whatever their priorities.

    Args:
        threads: that are to compute at the same time.
    """
    if sys.platform != "linux":
        return
    every = os.sched_getaffinity(0)
    if threads < len(every) <= _FEW:
        with suppress(OSError):
            os.sched_setaffinity(0, every - {min(every)})
