"""No frame waits for a large change, nor for one that nobody's hand made."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect

_AT_ONCE = 256  # tiles: 50 ms; a lasso round 16 megapixels
_BLOCK = 4 * TILE  # 3 ms
_WAIT_MS = 20
_SPENT_S = 0.005  # of a frame


class RedrawQueue(QObject):
    """Passes small rectangles on at once and cuts large ones up, what is on screen first.

    Args:
        held: whether the hand is at work: what can wait is then kept back.
    """

    due = Signal(object)
    """Rect: to be drawn now."""

    def __init__(self, parent: QObject, *, held: Callable[[], bool] = lambda: False) -> None:
        super().__init__(parent)
        self._held = held
        self._waiting: list[tuple[Rect, Rect]] = []
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WAIT_MS)
        self._wait.timeout.connect(self._end_waiting)
        self._blocks: deque[Rect] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    @property
    def empty(self) -> bool:
        return not self._blocks and not self._waiting

    def add_later(self, rect: Rect, visible: Rect) -> None:
        """The same for what can wait until the hand rests."""
        if not self._held():
            self.add(rect, visible)
            return
        self._waiting.append((rect, visible))
        self._wait.start()

    def add(self, rect: Rect, visible: Rect) -> None:
        """What has changed, and what of the image is on screen."""
        if len(list(rect.cells(TILE))) <= _AT_ONCE:
            self.due.emit(rect)
            return
        blocks = [
            Rect(row * _BLOCK, column * _BLOCK, (row + 1) * _BLOCK, (column + 1) * _BLOCK)
            for row, column in rect.cells(_BLOCK)
        ]
        blocks.sort(key=lambda block: block.intersection(visible).empty)
        self._blocks.extend(block.intersection(rect) for block in blocks)
        self._timer.start()

    def clear(self) -> None:
        """Another image is shown, or all of it is drawn anew."""
        self._blocks.clear()
        self._timer.stop()
        self._waiting.clear()
        self._wait.stop()

    def _end_waiting(self) -> None:
        until = time.perf_counter() + _SPENT_S
        while self._waiting and not self._held() and time.perf_counter() < until:
            self.add(*self._waiting.pop(0))
        if self._waiting:
            self._wait.start()

    def _go_on(self) -> None:
        until = time.perf_counter() + _SPENT_S
        while self._blocks and time.perf_counter() < until:
            self.due.emit(self._blocks.popleft())
        if not self._blocks:
            self._timer.stop()
