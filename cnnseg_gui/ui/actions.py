"""The program's actions, made from the table in `ui/keys/table.py`, with the keys of the moment."""

from __future__ import annotations

import sys

from PySide6.QtCore import SIGNAL, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from cnnseg_gui.ui.icons import icon
from cnnseg_gui.ui.keys.bindings import Bindings
from cnnseg_gui.ui.keys.spec import ActionSpec, Context, context_of
from cnnseg_gui.ui.keys.table import SPECS

TOOLS = (
    "brush",
    "eraser",
    "smart_brush",
    "polygon",
    "lasso",
    "box",
    "bucket",
    "wand",
    "pick",
    "ruler",
)
MODES = "mode_all", "mode_unlabelled", "mode_chosen"

_TRIGGERED, _TOGGLED = SIGNAL("triggered(bool)"), SIGNAL("toggled(bool)")
# macOS hands the keys that its menu bar shows to the menu, wherever the focus is.
_SHOWS_CANVAS_KEYS = sys.platform != "darwin"


def expect_no_menu(button: QToolButton) -> None:
    """For the button of an action that has no menu and never gets one.

    Where its popup mode was not set, Qt 6.11 waits for such a menu and connects itself to the
    action once more with each of the action's changes: thousands of times in an hour.
    """
    button.setPopupMode(QToolButton.ToolButtonPopupMode.DelayedPopup)


def keep_size(widget: QWidget) -> None:
    """For one that shows a change without needing other room for it, as a button with an icon.

    Qt lays out the whole window anew, which takes as long as a dab, for each change of a widget
    whose size is not fixed.
    """
    widget.setFixedSize(widget.sizeHint())


class Actions(QObject):
    """The actions by name, as attributes of one namespace: `actions["undo"]`."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.bindings = Bindings(SPECS, self)
        self._why_not: dict[str, str] = {}
        self._actions = {spec.name: self._made(spec) for spec in SPECS}
        window.addActions(list(self._actions.values()))  # their keys work outside of menus too
        for names in (TOOLS, MODES):
            group = QActionGroup(self)
            for name in names:
                group.addAction(self[name])
        self.bindings.changed.connect(self._show_keys)
        self._show_keys()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def named(self, *names: str) -> list[QAction]:
        return [self._actions[name] for name in names]

    def explain(self, name: str, why_not: str) -> None:
        """What its tip says instead, while it cannot be used; empty: what it does."""
        if why_not != self._why_not.get(name, ""):
            self._why_not[name] = why_not
            self._show_keys()

    def live(self) -> list[ActionSpec]:
        """The actions that do something; what is held is no slot's, and always there."""
        return [spec for spec in SPECS if spec.context == Context.HELD or self._is_heard(spec)]

    # ------------------------------------------------------------------ inside

    def _is_heard(self, spec: ActionSpec) -> bool:
        action = self[spec.name]
        return action.receivers(_TRIGGERED) + action.receivers(_TOGGLED) > 0

    def _made(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.label, self)
        action.setObjectName(spec.name)
        action.setCheckable(spec.checkable)
        action.setAutoRepeat(spec.repeats)
        if spec.icon:
            action.setIcon(icon(spec.icon))
        action.setStatusTip(spec.tip)
        return action

    def _show_keys(self) -> None:
        for spec in SPECS:
            self._set_keys(spec)
            tip = spec.tip or spec.label.rstrip("…")
            key = self.bindings.shown(spec.name)
            tip = f"{tip} ({key})" if key else tip
            self[spec.name].setToolTip(self._why_not.get(spec.name) or tip)

    def _set_keys(self, spec: ActionSpec) -> None:
        """Keys of the image alone are `CanvasKeys`' business: here they are only shown."""
        action, keys = self[spec.name], self.bindings.keys(spec.name)
        of_window = [key for key in keys if context_of(spec, key) == Context.WINDOW]
        if of_window or not _SHOWS_CANVAS_KEYS:
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.setShortcuts([QKeySequence(key) for key in of_window])
        else:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setShortcuts([QKeySequence(key) for key in keys])
