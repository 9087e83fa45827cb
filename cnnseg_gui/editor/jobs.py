"""Work off the window's thread: a function in the pool, its result back in the window's thread."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal

from cnnseg_gui.core.errors import UserError, from_os_error

# While a worker computes in Python, the window's thread waits up to so long for its turn. By
# default that is 5 ms, twice what a dab of the brush takes.
sys.setswitchinterval(0.0005)

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


def in_background(
    work: Callable[[], _Result],
    *,
    parent: QObject,
    done: Callable[[_Result], None],
    failed: Callable[[UserError], None],
    pool: QThreadPool | None = None,
) -> None:
    """Runs `work` in a thread pool; then `done` or `failed` in the window's thread.

    Without `pool` it is the program's own. Neither is called once `parent` is gone.
    """
    job = _Job(parent)

    def run() -> None:
        outcome = _outcome(work)
        try:
            job.ended.emit(outcome)
        except RuntimeError:  # the owner is gone, and the job with it
            _log.debug("a job ended after its owner")

    def deliver(outcome: _Result | UserError) -> None:
        if isinstance(outcome, UserError):
            failed(outcome)
        else:
            done(outcome)

    job.deliver = deliver
    # A function, not a QRunnable: of those that end before `start` returns, PySide keeps the
    # Python half for good, with all that the work held.
    (pool or QThreadPool.globalInstance()).start(run)


class _Job(QObject):
    """Lives in the window's thread, so that what the worker emits arrives there."""

    ended = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.deliver: Callable[..., None] = lambda outcome: None
        self.ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    def _on_ended(self, outcome: object) -> None:
        self.deleteLater()
        self.deliver(outcome)


def _outcome(work: Callable[[], _Result]) -> _Result | UserError:
    try:
        return work()
    except UserError as error:
        return error
    except OSError as error:
        return from_os_error(error, doing="reading a file")
    except MemoryError:
        return UserError("there is not enough memory for this", remedy="Close other programs.")
    except Exception:  # noqa: BLE001 - a defect must end in the log, not in a lost thread
        _log.exception("a background job failed")
        return UserError("something went wrong in the background", remedy="The log says what.")
