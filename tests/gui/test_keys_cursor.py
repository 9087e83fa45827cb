"""Painting, drawing and going on by keyboard alone: no mouse event in this file but one."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow

Key, Modifier = Qt.Key, Qt.KeyboardModifier
NO_KEYS, CTRL, SHIFT, ALT = (
    Modifier.NoModifier,
    Modifier.ControlModifier,
    Modifier.ShiftModifier,
    Modifier.AltModifier,
)


@pytest.fixture
def fine(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    """The sample at 2:1 with the cursor on row 100, column 100."""
    window = open_sample
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is window.canvas)
    window.canvas.one_to_one()
    window.canvas.zoom_by(2)
    window.canvas.centre_on(ImagePoint(100.5, 100.5))
    press(qtbot, window, Key.Key_Right, 1)
    go_to(qtbot, window, 100, 100)
    return window


def press(
    qtbot: QtBot,
    window: MainWindow,
    key: Qt.Key,
    times: int = 1,
    modifier: Qt.KeyboardModifier = NO_KEYS,
) -> None:
    for _ in range(times):
        qtbot.keyClick(window.canvas, key, modifier)


def go_to(qtbot: QtBot, window: MainWindow, row: int, column: int) -> None:
    """By far and near arrow keys."""
    at = window.keyboard.cursor.at
    assert at is not None
    for way, back, ahead in (
        (row + 0.5 - at.y, Key.Key_Up, Key.Key_Down),
        (column + 0.5 - at.x, Key.Key_Left, Key.Key_Right),
    ):
        far, near = divmod(abs(int(way)), 10)
        press(qtbot, window, ahead if way > 0 else back, far, SHIFT)
        press(qtbot, window, ahead if way > 0 else back, near)
    assert window.keyboard.cursor.at == ImagePoint(row + 0.5, column + 0.5)


def mask_of(window: MainWindow) -> np.ndarray:
    assert window.workspace.document is not None
    return window.workspace.document.mask.to_array()


def test_a_stroke_is_painted_undone_and_the_next_image_opened_without_a_mouse(
    fine: MainWindow, qtbot: QtBot
) -> None:
    first = fine.workspace.document
    fine.set_diameter(9)
    press(qtbot, fine, Key.Key_Insert)
    assert fine.keyboard.cursor.down
    press(qtbot, fine, Key.Key_Right, 3, SHIFT)
    press(qtbot, fine, Key.Key_Down, 2, SHIFT)
    press(qtbot, fine, Key.Key_Period)
    assert not fine.keyboard.cursor.down
    mask = mask_of(fine)
    assert (mask[97:104, 100:131] == 1).all()
    assert (mask[100:121, 127:134] == 1).all()
    assert (mask[110:, 100:120] == UNLABELLED).all()
    assert fine.actions_by_name["undo"].text() == "Undo Brush stroke"
    press(qtbot, fine, Key.Key_Z, 1, CTRL)
    assert (mask_of(fine) == UNLABELLED).all()
    press(qtbot, fine, Key.Key_Right, 1, CTRL)
    qtbot.waitUntil(lambda: fine.workspace.document is not first)
    assert fine.keyboard.cursor.at is None


def test_a_polygon_is_drawn_corner_by_corner_and_closed_by_enter(
    fine: MainWindow, qtbot: QtBot
) -> None:
    press(qtbot, fine, Key.Key_P)
    for row, column in ((100, 100), (100, 140), (150, 150), (140, 140), (140, 100)):
        go_to(qtbot, fine, row, column)
        press(qtbot, fine, Key.Key_Insert)
        if (row, column) == (150, 150):
            press(qtbot, fine, Key.Key_Backspace)
    press(qtbot, fine, Key.Key_Return)
    mask = mask_of(fine)
    assert (mask[102:139, 102:139] == 1).all()
    assert (mask == 1).sum() == pytest.approx(1600, rel=0.06)


def test_a_polygon_is_closed_by_coming_back_to_its_first_corner(
    fine: MainWindow, qtbot: QtBot
) -> None:
    press(qtbot, fine, Key.Key_P)
    for row, column in ((100, 100), (100, 140), (140, 140), (140, 100), (101, 101)):
        go_to(qtbot, fine, row, column)
        press(qtbot, fine, Key.Key_Insert)
    assert (mask_of(fine)[102:139, 102:139] == 1).all()


def test_a_lasso_and_a_box_are_dragged_by_keys(fine: MainWindow, qtbot: QtBot) -> None:
    press(qtbot, fine, Key.Key_L)
    press(qtbot, fine, Key.Key_Insert)
    for row, column in ((100, 130), (130, 130), (130, 100), (101, 100)):
        go_to(qtbot, fine, row, column)
    press(qtbot, fine, Key.Key_Insert)
    assert (mask_of(fine)[103:128, 103:128] == 1).all()
    press(qtbot, fine, Key.Key_Z, 1, CTRL)
    go_to(qtbot, fine, 100, 100)
    press(qtbot, fine, Key.Key_R)
    press(qtbot, fine, Key.Key_Insert)
    go_to(qtbot, fine, 119, 129)
    press(qtbot, fine, Key.Key_Insert)
    rows, columns = np.nonzero(mask_of(fine) == 1)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (100, 119, 100, 129)


def test_alt_insert_erases_ctrl_insert_accepts_and_shift_insert_draws_straight(
    fine: MainWindow, qtbot: QtBot
) -> None:
    document = fine.workspace.document
    assert document is not None
    fine.set_diameter(5)
    press(qtbot, fine, Key.Key_Insert, 2)
    go_to(qtbot, fine, 100, 140)
    press(qtbot, fine, Key.Key_Insert, 1, SHIFT)
    assert not fine.keyboard.cursor.down
    assert (mask_of(fine)[100, 100:141] == 1).all()
    go_to(qtbot, fine, 100, 120)
    press(qtbot, fine, Key.Key_Insert, 1, ALT)
    press(qtbot, fine, Key.Key_Insert)
    assert mask_of(fine)[100, 120] == UNLABELLED
    shape = document.mask.shape
    document.show_proposal(0, 0, np.zeros(shape, np.uint8), np.full(shape, 200, np.uint8))
    press(qtbot, fine, Key.Key_Insert, 1, CTRL)
    press(qtbot, fine, Key.Key_Insert)
    assert mask_of(fine)[100, 120] == 0
    assert mask_of(fine)[100, 110] == 1


def test_the_picker_takes_the_class_under_the_cursor_at_one_press(
    fine: MainWindow, qtbot: QtBot
) -> None:
    press(qtbot, fine, Key.Key_0)
    press(qtbot, fine, Key.Key_Insert, 2)
    press(qtbot, fine, Key.Key_1)
    press(qtbot, fine, Key.Key_I)
    press(qtbot, fine, Key.Key_Insert)
    assert fine.tools.class_index == 0


def test_escape_takes_the_stroke_back_that_is_being_painted(fine: MainWindow, qtbot: QtBot) -> None:
    press(qtbot, fine, Key.Key_Insert)
    press(qtbot, fine, Key.Key_Right, 2, SHIFT)
    press(qtbot, fine, Key.Key_Escape)
    assert (mask_of(fine) == UNLABELLED).all()
    assert not fine.keyboard.cursor.down
    press(qtbot, fine, Key.Key_Right, 2, SHIFT)
    assert (mask_of(fine) == UNLABELLED).all()


def test_a_locked_class_is_refused_as_by_the_mouse(fine: MainWindow, qtbot: QtBot) -> None:
    fine.tools.set_locked(frozenset({1}))
    press(qtbot, fine, Key.Key_Insert)
    assert "is locked" in fine.banner.text
    assert not fine.keyboard.cursor.down


def test_the_cursor_stays_on_the_image_and_the_view_follows_it(
    fine: MainWindow, qtbot: QtBot
) -> None:
    canvas, cursor = fine.canvas, fine.keyboard.cursor
    canvas.zoom_by(8)
    document = fine.workspace.document
    assert document is not None
    height, width = document.mask.shape
    press(qtbot, fine, Key.Key_Right, width // 10 + 1, SHIFT)
    press(qtbot, fine, Key.Key_Down, height // 10 + 1, SHIFT)
    assert cursor.at == ImagePoint(height - 0.5, width - 0.5)
    assert canvas.rect().adjusted(40, 40, -40, -40).contains(cursor.place())
    press(qtbot, fine, Key.Key_Up, height // 10 + 1, SHIFT)
    assert cursor.at == ImagePoint(0.5, width - 0.5)
    assert canvas.rect().adjusted(40, 40, -40, -40).contains(cursor.place())


def test_far_out_a_step_is_one_pixel_of_the_screen(fine: MainWindow, qtbot: QtBot) -> None:
    fine.canvas.one_to_one()
    fine.canvas.zoom_by(1 / 4)
    before = fine.keyboard.cursor.at
    assert before is not None
    press(qtbot, fine, Key.Key_Right)
    assert fine.keyboard.cursor.at == ImagePoint(before.y, before.x + 4)


def test_the_cross_is_seen_on_the_cursor_and_zooming_keeps_it_there(
    fine: MainWindow, qtbot: QtBot
) -> None:
    canvas, cursor = fine.canvas, fine.keyboard.cursor
    press(qtbot, fine, Key.Key_P)  # no tip: what changes is the cross
    qtbot.waitUntil(lambda: canvas.complete)
    assert cursor.at is not None
    place = canvas.widget_position(cursor.at)
    shown = canvas.grab().toImage()
    for way in (QPointF(9, 0), QPointF(-9, 0), QPointF(0, 9), QPointF(0, -9)):
        ratio = shown.devicePixelRatio()
        spot = (place + way) * ratio
        assert shown.pixelColor(int(spot.x()), int(spot.y())).lightness() > 200
    press(qtbot, fine, Key.Key_Plus, 2, CTRL)
    assert (canvas.widget_position(cursor.at) - place).manhattanLength() < 1


def test_the_status_bar_names_what_is_under_the_cursor(fine: MainWindow, qtbot: QtBot) -> None:
    press(qtbot, fine, Key.Key_Insert, 2)
    press(qtbot, fine, Key.Key_Right)
    assert fine.status.place_text == "x 101  y 100 · 124 81 177 · nucleus"


@pytest.mark.qt_log_ignore("This plugin does not support")  # raising and grabbing, off screen
def test_the_menu_opens_at_the_cursor(fine: MainWindow, qtbot: QtBot) -> None:
    go_to(qtbot, fine, 100, 15)  # where the menu has room on the tests' small screen
    press(qtbot, fine, Key.Key_Menu)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    place = fine.canvas.mapToGlobal(fine.keyboard.cursor.place())
    assert (menu.pos() - place).manhattanLength() < 40
    qtbot.keyClick(menu, Key.Key_Escape)


def test_the_cursor_goes_when_the_mouse_moves_over_the_image(
    fine: MainWindow, qtbot: QtBot
) -> None:
    press(qtbot, fine, Key.Key_Insert)
    qtbot.mouseMove(fine.canvas, QPoint(50, 60))
    assert fine.keyboard.cursor.at is None
    document = fine.workspace.document
    assert document is not None
    assert not document.painting
    assert document.undo_name == "Brush stroke"  # what was painted until then is kept
