"""Comparing, and choosing a part of the image, by keyboard alone: no mouse event in this file."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.editor.region_editing import RegionKind, Where
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.key_cursor import middle_of_view
from cnnseg_gui.ui.main_window import MainWindow

Key = Qt.Key
NO_KEYS, ALT, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


@pytest.fixture
def ready(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    """The sample at 2:1 about row 100, column 100."""
    window = open_sample
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is window.canvas)
    window.canvas.one_to_one()
    window.canvas.zoom_by(2)
    window.canvas.centre_on(ImagePoint(100.5, 100.5))
    return window


def keys(window: MainWindow, *pressed: tuple[Qt.Key, int]) -> None:
    """Each key so many times, to whatever has the focus; a negative number with Shift."""
    for key, times in pressed:
        for _ in range(abs(times)):
            focus = QApplication.focusWidget()
            assert focus is not None
            QTest.keyClick(focus, key, NO_KEYS if times > 0 else SHIFT)


def ask_for_lasso(window: MainWindow) -> tuple[int, int]:
    """Remove Specks inside a line: one is on the pixel that the cursor begins on, one beside it.

    Returns:
        That pixel.
    """
    panel = window.regions_panel
    for _ in range(panel.where.count()):
        if panel.where.currentData() == Where.LASSO:
            break
        QTest.keyClick(panel.where, Key.Key_Down)
    window.choose_class_by_key(1)
    panel.ask(RegionKind.REMOVE_SPECKS)
    QApplication.processEvents()  # the banner takes some of the view
    middle = middle_of_view(window.canvas)
    row, column = int(middle.y), int(middle.x)
    document = window.workspace.document
    assert document is not None
    speck = np.ones((3, 3), np.bool_)
    document.fill("Specks", [((row - 1, column - 1 + aside, speck), 1) for aside in (0, 20)])
    return row, column


def test_the_handle_is_moved_by_keys_and_the_first_press_shows_it(ready: MainWindow) -> None:
    canvas = ready.canvas
    QTest.keyClick(canvas, Key.Key_Right, ALT)
    assert canvas.comparing
    assert ready.actions_by_name["compare"].isChecked()
    before = canvas.compared_at
    QTest.keyClick(canvas, Key.Key_Right, ALT)
    QTest.keyClick(canvas, Key.Key_Right, ALT)
    assert canvas.compared_at > before
    for _ in range(200):
        QTest.keyClick(canvas, Key.Key_Left, ALT)
    assert canvas.compared_at == 0.0
    QTest.keyClick(canvas, Key.Key_C)
    assert not canvas.comparing


def test_a_part_is_outlined_corner_by_corner(ready: MainWindow) -> None:
    document = ready.workspace.document
    assert document is not None
    row, column = ask_for_lasso(ready)
    keys(ready, (Key.Key_Left, -1), (Key.Key_Up, -1), (Key.Key_Insert, 1))
    keys(ready, (Key.Key_Right, -2), (Key.Key_Insert, 1))
    keys(ready, (Key.Key_Down, -2), (Key.Key_Insert, 1))
    keys(ready, (Key.Key_Up, -1), (Key.Key_Insert, 1), (Key.Key_Backspace, 1))  # a slip
    keys(ready, (Key.Key_Down, -1), (Key.Key_Left, -2), (Key.Key_Insert, 1), (Key.Key_Return, 1))
    mask = document.mask.to_array()
    inside = mask[row - 5 : row + 5, column - 5 : column + 5]
    assert not (inside == 1).any(), "the one inside is gone"
    assert (mask[row, column + 19 : column + 22] == 1).all(), "the one outside stays"
    assert document.undo_name == "Remove specks of nucleus"
    assert QApplication.focusWidget() is ready.canvas


def test_two_corners_have_no_inside_and_escape_gives_it_up(ready: MainWindow) -> None:
    document = ready.workspace.document
    assert document is not None
    ask_for_lasso(ready)
    before = document.mask.to_array()
    keys(ready, (Key.Key_Insert, 1), (Key.Key_Right, 3), (Key.Key_Insert, 1), (Key.Key_Return, 1))
    assert QApplication.focusWidget() is not ready.canvas
    keys(ready, (Key.Key_Escape, 1))
    assert QApplication.focusWidget() is ready.canvas
    assert np.array_equal(document.mask.to_array(), before)
    assert document.undo_name == "Specks"


def test_the_keys_are_those_that_were_bound(ready: MainWindow) -> None:
    document = ready.workspace.document
    assert document is not None
    ready.actions_by_name.bindings.bind("pen", ("F9",))
    ask_for_lasso(ready)
    for key, times in ((Key.Key_Left, 1), (Key.Key_Down, 2), (Key.Key_Right, 2)):
        keys(ready, (key, -times), (Key.Key_Insert, 1))
    keys(ready, (Key.Key_Return, 1))
    assert document.undo_name == "Specks", "no corner was set"
    keys(ready, (Key.Key_Escape, 1))
