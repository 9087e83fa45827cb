"""The class list by mouse and keyboard: paint with it, edit it, take the edits back."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QColorDialog, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.class_rows import eye_area, lock_area

LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def names(window: MainWindow) -> list[str]:
    assert window.workspace.project is not None
    return [cls.name for cls in window.workspace.project.classes]


def dab(qtbot: QtBot, window: MainWindow, y: float, x: float) -> None:
    place = window.canvas.widget_position(ImagePoint(y, x)).toPoint()
    qtbot.mouseMove(window.canvas, place)
    qtbot.mouseClick(window.canvas, LEFT, NO_KEYS, place)


def mask_of(window: MainWindow) -> np.ndarray:
    assert window.workspace.document is not None
    return window.workspace.document.mask.to_array()


def click_row(qtbot: QtBot, window: MainWindow, row: int, place: QPoint | None = None) -> None:
    view = window.classes_panel.list
    area = view.visualRect(window.classes_panel.rows.index(row))
    qtbot.mouseClick(view.viewport(), LEFT, NO_KEYS, place or area.center())


def type_name(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Into the line that is open in the list."""
    line = window.classes_panel.list.findChild(QLineEdit)
    assert line is not None
    line.selectAll()
    qtbot.keyClicks(line, name)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    QApplication.processEvents()  # the list takes it when the line is closed


def answer(window: MainWindow, verb: str) -> str:
    """Presses a button of the question that is open, and gives what it said."""
    box = window.classes_panel.findChild(QMessageBox)
    assert box is not None
    button = next(b for b in box.findChildren(QPushButton) if b.text().strip("&") == verb)
    text = box.informativeText()
    button.click()
    return text


def test_a_class_is_added_named_painted_and_all_of_it_undone(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.classes_panel.add()
    type_name(qtbot, window, "mitosis")
    assert names(window) == ["background", "nucleus", "mitosis"]
    qtbot.keyClick(window.canvas, Qt.Key.Key_2)
    dab(qtbot, window, 90, 90)
    assert mask_of(window)[90, 90] == 2
    assert window.classes_panel.rows.count(2) == (mask_of(window) == 2).sum()
    texts = []
    for _ in range(3):
        texts.append(window.actions_by_name["undo"].text())
        qtbot.keyClick(window.canvas, Qt.Key.Key_Z, CTRL)
    assert texts == ["Undo Brush stroke", "Undo Rename class", "Undo Add class"]
    assert names(window) == ["background", "nucleus"]
    for _ in range(3):
        qtbot.keyClick(window.canvas, Qt.Key.Key_Y, CTRL)
    assert names(window) == ["background", "nucleus", "mitosis"]
    assert mask_of(window)[90, 90] == 2


def test_deleting_says_what_it_costs_and_can_be_taken_back(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    dab(qtbot, window, 90, 90)
    painted = int((mask_of(window) == 1).sum())
    click_row(qtbot, window, 1)
    qtbot.keyClick(window.classes_panel.list, Qt.Key.Key_Delete)
    assert f"{painted:,} pixels in 1 image" in answer(window, "Delete")
    assert names(window) == ["background"]
    assert (mask_of(window) == UNLABELLED).all()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Z, CTRL)
    assert names(window) == ["background", "nucleus"]
    assert (mask_of(window) == 1).sum() == painted


def test_merging_turns_one_class_into_another_on_the_canvas(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.class_editing.add("mitosis")
    qtbot.keyClick(window.canvas, Qt.Key.Key_2)
    dab(qtbot, window, 90, 90)
    into = window.classes_panel.rows.classes[1]
    window.classes_panel.merge(into)
    assert "will be nucleus" in answer(window, "Merge")
    assert mask_of(window)[90, 90] == 1
    assert window.tools.class_index in (0, 1)


def test_the_background_is_neither_deleted_nor_merged(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    click_row(qtbot, window, 0)
    qtbot.keyClick(window.classes_panel.list, Qt.Key.Key_Delete)
    assert window.classes_panel.findChild(QMessageBox) is None
    window.class_editing.delete(0)
    assert "cannot be deleted" in window.banner.text
    assert names(window) == ["background", "nucleus"]


def test_a_name_that_is_taken_is_refused_in_one_line(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    click_row(qtbot, window, 1)
    qtbot.keyClick(window.classes_panel.list, Qt.Key.Key_F2)
    type_name(qtbot, window, "Background")
    assert "already" in window.banner.text
    assert names(window) == ["background", "nucleus"]


def test_alt_and_the_arrows_reorder_and_the_number_keys_follow(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.class_editing.add("mitosis")
    click_row(qtbot, window, 2)
    qtbot.keyClick(window.classes_panel.list, Qt.Key.Key_Up, ALT)
    assert names(window) == ["background", "mitosis", "nucleus"]
    qtbot.keyClick(window.canvas, Qt.Key.Key_1)
    dab(qtbot, window, 90, 90)
    assert mask_of(window)[90, 90] == 2  # the class's own number stays


def test_another_colour_is_drawn_at_once(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    dab(qtbot, window, 90, 90)
    click_row(qtbot, window, 1)
    place = window.canvas.widget_position(ImagePoint(90, 90)).toPoint()
    before = window.canvas.grab().toImage().pixelColor(place)
    window.classes_panel.recolour()
    dialog = window.classes_panel.findChild(QColorDialog)
    assert dialog is not None
    dialog.setCurrentColor(Qt.GlobalColor.green)
    dialog.accept()
    assert window.classes_panel.rows.classes[1].colour == (0, 255, 0)
    assert window.canvas.grab().toImage().pixelColor(place) != before


def test_the_eye_hides_a_class_and_the_lock_keeps_it(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    place = window.canvas.widget_position(ImagePoint(90, 90)).toPoint()
    bare = window.canvas.grab().toImage().pixelColor(place)
    dab(qtbot, window, 90, 90)
    qtbot.mouseMove(window.canvas, QPoint(5, 5))
    view = window.classes_panel.list
    row = view.visualRect(window.classes_panel.rows.index(1))
    assert window.canvas.grab().toImage().pixelColor(place) != bare
    click_row(qtbot, window, 1, eye_area(row).center())
    assert window.canvas.grab().toImage().pixelColor(place) == bare
    click_row(qtbot, window, 1, lock_area(row).center())
    assert window.tools.locked == {1}
    before = mask_of(window)
    qtbot.keyClick(window.canvas, Qt.Key.Key_E)
    dab(qtbot, window, 90, 90)
    assert np.array_equal(mask_of(window), before)


def test_a_click_in_the_history_goes_there_and_back(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    window.bring_up(window.history_panel)
    QApplication.processEvents()
    states = [mask_of(window)]
    for column in (60, 120, 180):
        dab(qtbot, window, 90, column)
        states.append(mask_of(window))
    panel = window.history_panel
    qtbot.waitUntil(lambda: panel.rows.rowCount() == 4)
    assert panel.rows.present == 3
    for row in (1, 3, 0, 2):
        area = panel.list.visualRect(panel.rows.index(row))
        qtbot.mouseClick(panel.list.viewport(), LEFT, NO_KEYS, area.center())
        assert np.array_equal(mask_of(window), states[row])
        assert panel.rows.present == row
    dab(qtbot, window, 150, 60)
    qtbot.waitUntil(lambda: panel.rows.present == 3)
    assert panel.rows.rowCount() == 4  # what had been undone is gone


def test_the_edits_are_there_after_closing_and_reopening(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    assert window.workspace.project is not None
    folder = window.workspace.project.folder
    window.class_editing.rename(1, "cell")
    window.class_editing.add("debris")
    window.workspace.close_project()
    window.workspace.open_project(folder)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert names(window) == ["background", "cell", "debris"]
    qtbot.keyClick(window.canvas, Qt.Key.Key_Z, CTRL)
    assert names(window) == ["background", "cell"]
