"""Real mouse and key events, and waiting for what they cause."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.view import CanvasView

_LOOK_EVERY_MS = 20


class TourInterrupted(Exception):
    """The tour was stopped, or the person closed the window or went elsewhere in it."""


class Pointer:
    """Works the window as a hand would; `pause_ms` lets a spectator follow.

    Args:
        at_home: whether the window still shows what the tour may touch; asked before every event.
    """

    def __init__(
        self,
        window: QWidget,
        canvas: CanvasView,
        *,
        pause_ms: int,
        at_home: Callable[[], bool],
    ) -> None:
        self._window = window
        self._canvas = canvas
        self._pause_ms = pause_ms
        self._at_home = at_home
        self.stopped = False

    def dab(self, point: ImagePoint) -> None:
        """Presses, moves within the pixel, and releases the left button."""
        self.stroke(point, point)

    def stroke(self, first: ImagePoint, last: ImagePoint) -> None:
        """Drags the left button from one place of the image to another."""
        self._check()
        start, end = self._place(first), self._place(last)
        button = Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        QTest.mousePress(self._canvas, button, none, start)
        QTest.mouseMove(self._canvas, end)
        QTest.mouseRelease(self._canvas, button, none, end)
        self.rest(self._pause_ms)

    def press_key(self, key: Qt.Key) -> None:
        self._check()
        QTest.keyClick(self._canvas, key)
        self.rest(self._pause_ms)

    def click(self, widget: QWidget) -> None:
        self._check()
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        self.rest(self._pause_ms)

    def rest(self, milliseconds: int) -> None:
        """Lets the window live for a while."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()
        self._check()

    def wait_until(self, condition: Callable[[], bool], what: str, *, seconds: float) -> None:
        """Lets the window live until something holds.

        Raises:
            UserError: it did not within `seconds`.
        """
        for _ in range(round(seconds * 1000 / _LOOK_EVERY_MS)):
            if condition():
                return
            self.rest(_LOOK_EVERY_MS)
        raise UserError(
            f"the tour waited {seconds:.0f} s in vain: {what}", remedy="The log says more."
        )

    def _check(self) -> None:
        if self.stopped or not self._window.isVisible() or not self._at_home():
            raise TourInterrupted

    def _place(self, point: ImagePoint) -> QPoint:
        return self._canvas.widget_position(point).toPoint()
