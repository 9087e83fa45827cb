"""What an action is, and where its keys work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

GROUPS = (
    "File",
    "Edit",
    "Tools",
    "Classes",
    "Regions",
    "View",
    "Images",
    "Network",
    "Cursor",
    "Help",
)


class Context(StrEnum):
    """Where a key is heard."""

    WINDOW = "window"
    """Wherever the focus is, but where text is entered."""
    CANVAS = "image"
    """While the image has the focus."""
    HELD = "held on the image"
    """As long as it is held, while the image has the focus; a tap may mean something else."""


@dataclass(frozen=True)
class ActionSpec:
    """`keys` are Qt's portable key sequences; the first one is shown in menus and tips."""

    name: str
    label: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    group: str = "View"
    """One of `GROUPS`."""
    context: Context = Context.WINDOW
    repeats: bool = True
    """It is done again and again while its key stays down."""


# Keys that mean something else in the panels (Enter ends an entry, Space presses a button, arrows
# move in a list): an action of the window hears them on the image alone.
_PANEL_KEYS = {
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Space,
    Qt.Key.Key_Tab,
    Qt.Key.Key_Backtab,
    Qt.Key.Key_Escape,
    Qt.Key.Key_Backspace,
    Qt.Key.Key_Delete,
    Qt.Key.Key_Insert,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Menu,
}
_MODIFIERS = {
    Qt.Key.Key_Alt,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_Control,
    Qt.Key.Key_Meta,
    Qt.Key.Key_Shift,
    Qt.Key.Key_unknown,
}
_KEYPAD = Qt.KeyboardModifier.KeypadModifier.value


def refusal(key: str) -> str | None:
    """Why no action can have a key, in a few words; None where one can."""
    if QKeySequence(key).count() != 1:
        return "an action has single keys"
    combination = _combination(key)
    if combination.key() in _MODIFIERS:
        return "held alone it belongs to the mouse"
    letter = Qt.Key.Key_A <= combination.key() <= Qt.Key.Key_Z
    if letter and combination.keyboardModifiers() == Qt.KeyboardModifier.AltModifier:
        return "Alt with a letter opens a menu"
    return None


def normalised(key: str) -> str | None:
    """A key as Qt writes it; None where no action can have it."""
    if refusal(key) is not None:
        return None
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def native(key: str) -> str:
    """A key as this desktop writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def pressed(combination: QKeyCombination) -> int:
    """A key with its modifiers as one number, the keypad's keys like the others."""
    return combination.toCombined() & ~_KEYPAD


def number(key: str) -> int:
    """What `pressed` makes of the event of that key."""
    return pressed(_combination(key))


def context_of(spec: ActionSpec, key: str) -> Context:
    """Where a key works when this action has it."""
    if spec.context != Context.WINDOW:
        return spec.context
    combination = _combination(key)
    plain = combination.keyboardModifiers() in (
        Qt.KeyboardModifier.NoModifier,
        Qt.KeyboardModifier.ShiftModifier,
    )
    return Context.CANVAS if plain and combination.key() in _PANEL_KEYS else Context.WINDOW


def meet(first: Context, second: Context) -> bool:
    """Whether one key would mean two things; on the image a tap and a hold are told apart."""
    return first == second or Context.WINDOW in (first, second)


def _combination(key: str) -> QKeyCombination:
    """The first key of a sequence: Qt's `operator[]`, which its Python stubs do not know."""
    return cast("Sequence[QKeyCombination]", QKeySequence(key))[0]
