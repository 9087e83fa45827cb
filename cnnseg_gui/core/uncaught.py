"""What nobody caught: into the log, whichever thread it came from."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_logger = logging.getLogger("cnnseg")


@contextmanager
def uncaught_logged(tell: Callable[[BaseException], None]) -> Iterator[None]:
    """While it holds, uncaught exceptions are handed to `tell`; those of no caller are only logged.

    What cannot be raised (in a finaliser, while an exception is being handled) has no caller.

    Args:
        tell: takes the exception, in the thread that raised it.
    """

    def in_a_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
            tell(arguments.exc_value)

    def unraisable(arguments: sys.UnraisableHookArgs) -> None:
        _logger.error(
            "%s: %r",
            arguments.err_msg or "an exception without a caller",
            arguments.object,
            exc_info=arguments.exc_value,
        )

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = lambda kind, error, trace: tell(error)
    threading.excepthook, sys.unraisablehook = in_a_thread, unraisable
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before
