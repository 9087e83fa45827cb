"""The keys that the image hears: those of no other place, and those that are held."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent

from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.canvas.hand import Hand
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.keys.spec import Context, pressed


class CanvasKeys(QObject):
    """Triggers actions while the canvas has the focus.

    A key that is held and means something else when tapped (Space: pan and approve) does the
    second at its release.
    """

    def __init__(self, canvas: CanvasView, hand: Hand, actions: Actions) -> None:
        super().__init__(canvas)
        self._canvas, self._hand, self._actions = canvas, hand, actions
        self._holding: dict[int, tuple[str, int]] = {}
        """Qt's number of a key that is down: what is held with it, and its `pressed` number."""
        self._learn()
        actions.bindings.changed.connect(self._learn)
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Whether the event ends here."""
        kind = event.type()
        if kind == QEvent.Type.FocusOut:
            self._let_go()
        if not isinstance(event, QKeyEvent):
            return False
        code = pressed(event.keyCombination())
        if kind == QEvent.Type.ShortcutOverride:
            if code not in self._tapped and code not in self._held:
                return False
            event.accept()
            return True
        if kind == QEvent.Type.KeyPress:
            return self._press(event, code)
        return self._release(event)

    # ------------------------------------------------------------------ inside

    def _learn(self) -> None:
        self._let_go()
        self._tapped = self._actions.bindings.heard(Context.CANVAS)
        self._held = self._actions.bindings.heard(Context.HELD)

    def _press(self, event: QKeyEvent, code: int) -> bool:
        if code in self._held:
            if not event.isAutoRepeat():
                self._holding[event.key()] = self._held[code], code
                self._hold(self._held[code], on=True)
            return True
        name = self._tapped.get(code)
        if name is None:
            return False
        action = self._actions[name]
        if action.autoRepeat() or not event.isAutoRepeat():
            action.trigger()
        return True

    def _release(self, event: QKeyEvent) -> bool:
        if event.key() not in self._holding:
            return False
        if not event.isAutoRepeat():
            name, code = self._holding.pop(event.key())
            if self._hold(name, on=False) and code in self._tapped:
                self._actions[self._tapped[code]].trigger()
        return True

    def _hold(self, name: str, *, on: bool) -> bool:
        """True at the end where it was only tapped."""
        return (self._hand.hold_to_pan if name == "pan" else self._hand.hold_to_peek)(on)

    def _let_go(self) -> None:
        for name, _ in self._holding.values():
            self._hold(name, on=False)
        self._holding.clear()
