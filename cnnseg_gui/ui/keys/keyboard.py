"""Everything that keys do beyond triggering an action: wired once, by the main window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDockWidget, QMainWindow

from cnnseg_gui.editor.tool_choice import ToolChoice
from cnnseg_gui.editor.tools.base import Operation
from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.canvas.hand import Hand
from cnnseg_gui.ui.canvas.key_cursor import FAR, KeyCursor
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.keys.canvas_keys import CanvasKeys
from cnnseg_gui.ui.keys.panels import PanelRound
from cnnseg_gui.ui.keys.typing_guard import TypingGuard
from cnnseg_gui.ui.keys.windows import KeyWindows

_WAYS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}


class Keyboard(QObject):
    """The image's own keys, its cursor, the way from panel to panel."""

    def __init__(
        self,
        actions: Actions,
        canvas: CanvasView,
        hand: Hand,
        choice: ToolChoice,
        docks: Sequence[QDockWidget],
        window: QMainWindow,
    ) -> None:
        super().__init__(window)
        self._actions, self._canvas, self._hand = actions, canvas, hand
        self.cursor = KeyCursor(canvas, hand, choice)
        self._panels = PanelRound(canvas, docks, self)
        self._guard = TypingGuard(self)
        self._keys = CanvasKeys(canvas, hand, actions)
        self.windows = KeyWindows(actions, window)
        for name, slot in self._slots().items():
            actions[name].triggered.connect(slot)

    def _slots(self) -> dict[str, Callable[[], object]]:
        cursor = self.cursor
        steps: dict[str, Callable[[], object]] = {}
        for way, (down, right) in _WAYS.items():
            steps[f"cursor_{way}"] = _plain(cursor.move, down=down, right=right)
            steps[f"cursor_far_{way}"] = _plain(cursor.move, down=FAR * down, right=FAR * right)
        return {
            **steps,
            "pen": _plain(cursor.press),
            "pen_erase": _plain(cursor.press, Operation.ERASE),
            "pen_accept": _plain(cursor.press, Operation.ACCEPT),
            "pen_straight": _plain(cursor.press, straight=True),
            "canvas_menu": self._show_menu,
            "step_back": self._step_back,
            "cancel_gesture": self._cancel,
            "next_panel": _plain(self._panels.go, 1),
            "previous_panel": _plain(self._panels.go, -1),
        }

    def _show_menu(self) -> None:
        self._hand.menu_asked.emit(self._canvas.mapToGlobal(self.cursor.place()))

    def _step_back(self) -> None:
        document = self._canvas.document
        if document is not None:
            document.step_back()

    def _cancel(self) -> None:
        document = self._canvas.document
        if document is not None:
            document.cancel()


def _plain(function: Callable[..., object], *args: object, **named: object) -> Callable[[], object]:
    """A slot without arguments: `triggered` would pass whether the action is checked."""
    return lambda: function(*args, **named)
