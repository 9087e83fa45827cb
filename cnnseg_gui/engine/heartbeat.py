"""Whether the engine is still there: a process that hangs ends no pipe and sends no signal."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

PATIENCE_S = 12.0
"""Silence after which the engine counts as hung. Its reading thread answers whatever the others
compute; only what keeps Python's lock delays it. Measured on two busy cores: 0.2 s at most while
torch is loaded from a warm disk, 0.15 s in fine-tunes with steps of 0.5 and of 3 s."""
_LOADING = 10
"""Times as long while torch is loaded: from a cold disk that takes a minute, and keeps the lock."""
_BEATS = 6
"""Questions in that time."""


class Heartbeat(QObject):
    """Asks now and then, and says when nothing was heard for too long.

    It counts its own beats, not seconds: where the window's process itself was asleep, the engine
    is not to blame.

    Args:
        ask: sends a `Ping`.
        busy: whether anything is expected of the engine; else it is left in peace.
        loading: whether it still loads torch.
    """

    missed = Signal(float)
    """Nothing was heard for so many seconds."""

    def __init__(
        self,
        ask: Callable[[], None],
        *,
        busy: Callable[[], bool],
        loading: Callable[[], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._ask, self._busy, self._loading = ask, busy, loading
        self._silent = 0
        self._asked = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._beat)
        self.set_patience(PATIENCE_S)

    def set_patience(self, seconds: float) -> None:
        """How long it may be silent."""
        self._patience = seconds
        self._timer.setInterval(round(1000 * seconds / _BEATS))

    def begin(self) -> None:
        """Another process runs from now on."""
        self._silent, self._asked = 0, False
        self._timer.start()

    def end(self) -> None:
        """None runs."""
        self._timer.stop()

    def heard(self) -> None:
        """A sign of life: bytes from it, or bytes that it took."""
        self._silent = 0

    def answered(self) -> None:
        """A `Pong` came."""
        self._asked = False

    def _beat(self) -> None:
        if not self._busy():
            self._silent = 0
            return
        if self._asked:
            self._silent += 1
        factor = _LOADING if self._loading() else 1
        if self._silent >= factor * _BEATS:
            self._silent = 0
            self.missed.emit(factor * self._patience)
            return
        if not self._asked:
            self._asked = True
            self._ask()
