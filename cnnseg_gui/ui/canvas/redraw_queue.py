"""A change of a large part of an image is drawn block by block, so that no frame waits for it."""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect

_AT_ONCE = 256  # tiles: 50 ms; a lasso round 16 megapixels
_BLOCK = 4 * TILE  # 3 ms
_SPENT_S = 0.005  # of a frame


class RedrawQueue(QObject):
    """Passes small rectangles on at once and cuts large ones up, what is on screen first."""

    due = Signal(object)
    """Rect: to be drawn now."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._blocks: deque[Rect] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    @property
    def empty(self) -> bool:
        return not self._blocks

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

    def _go_on(self) -> None:
        until = time.perf_counter() + _SPENT_S
        while self._blocks and time.perf_counter() < until:
            self.due.emit(self._blocks.popleft())
        if not self._blocks:
            self._timer.stop()
