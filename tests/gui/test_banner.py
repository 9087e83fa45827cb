"""What is said over the picture: it moves nothing, and goes with its cause."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.class_rows import lock_area

LEFT = Qt.MouseButton.LeftButton
MARK = ImagePoint(120, 140)


def on_screen(window: MainWindow) -> QPoint:
    """Where a place of the image is seen, once the window is laid out."""
    QApplication.processEvents()
    return window.canvas.mapToGlobal(window.canvas.widget_position(MARK).toPoint())


def click_lock(window: MainWindow, qtbot: QtBot) -> None:
    """Of the class that is active at the start."""
    panel = window.classes_panel
    row = panel.list.visualRect(panel.rows.index(1))
    qtbot.mouseClick(panel.list.viewport(), LEFT, pos=lock_area(row).center())


def press_locked(window: MainWindow, qtbot: QtBot) -> None:
    """Locks the active class with its button, and tries to paint it."""
    click_lock(window, qtbot)
    qtbot.mouseClick(window.canvas, LEFT, pos=window.canvas.widget_position(MARK).toPoint())


def dismiss(window: MainWindow, qtbot: QtBot) -> None:
    (button,) = window.banner.findChildren(QToolButton)
    qtbot.mouseClick(button, LEFT)


@pytest.mark.parametrize("scale", [None, 5.88])
def test_the_picture_stays_where_it_is_when_a_message_comes_and_goes(
    open_sample: MainWindow, qtbot: QtBot, scale: float | None
) -> None:
    window = open_sample
    if scale is not None:
        window.canvas.zoom_by(scale / window.canvas.view_transform.scale)
        window.canvas.centre_on(MARK)
    before = on_screen(window)
    press_locked(window, qtbot)
    assert window.banner.isVisible()
    assert on_screen(window) == before
    dismiss(window, qtbot)
    assert not window.banner.isVisible()
    assert on_screen(window) == before


def test_a_message_has_the_canvas_width_and_its_own_height(open_sample: MainWindow) -> None:
    window = open_sample
    window.banner.say("What is wrong here is long to tell. " * 12)
    QApplication.processEvents()
    assert window.banner.width() == window.canvas.width()
    assert window.banner.height() == window.banner.covered < window.canvas.height() / 2
    assert window.banner.mapTo(window, QPoint()) == window.canvas.mapTo(window, QPoint())


def test_an_image_that_is_fitted_under_a_message_is_seen_whole(open_sample: MainWindow) -> None:
    window = open_sample
    window.banner.say("the disk is full")
    QApplication.processEvents()
    window.actions_by_name["fit"].trigger()
    assert window.canvas.widget_position(ImagePoint(0, 0)).y() >= window.banner.height()


def test_the_newest_message_is_shown_and_the_one_before_when_it_is_dismissed(
    window: MainWindow, qtbot: QtBot
) -> None:
    for text in ("first", "second", "first"):
        window.banner.say(text)
    assert window.banner.text == "first"
    dismiss(window, qtbot)
    assert window.banner.text == "second"


def test_that_a_class_is_locked_is_said_until_it_is_unlocked_or_another_chosen(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    press_locked(window, qtbot)
    assert "is locked" in window.banner.text
    window.set_diameter(31)
    assert "is locked" in window.banner.text
    qtbot.keyClick(window, Qt.Key.Key_0)
    assert window.banner.text == ""
    qtbot.keyClick(window, Qt.Key.Key_1)
    qtbot.mouseClick(window.canvas, LEFT, pos=window.canvas.widget_position(MARK).toPoint())
    assert "is locked" in window.banner.text
    click_lock(window, qtbot)
    assert window.banner.text == ""


def test_another_project_begins_without_what_was_said_of_the_one_before(
    open_sample: MainWindow, qtbot: QtBot, make_project: Callable[..., Path]
) -> None:
    window = open_sample
    window.engine.crashed.emit("the engine was ended by the system")
    press_locked(window, qtbot)
    window.banner.say("a.png: the image is truncated")
    window.workspace.open_project(make_project((60, 80)))
    (left,) = window.banner.messages
    assert left.startswith("The engine was ended by the system")


def test_a_hint_has_no_warning_sign_and_goes_with_its_image(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    qtbot.keyClick(window.canvas, Qt.Key.Key_N)
    assert "in doubt" in window.banner.text
    assert not window.banner.warns
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert "saved already" in window.banner.text
    assert len(window.banner.messages) == 1
    window.banner.say("the disk is full")
    assert window.banner.warns
    with qtbot.waitSignal(window.workspace.document_changed):
        qtbot.keyClick(window, Qt.Key.Key_D)
    assert window.banner.messages == ("the disk is full",)


def test_what_to_do_is_said_only_while_it_can_be_done(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    panel = window.regions_panel
    panel.where.setCurrentIndex(panel.where.findText("Draw a lasso…"))
    window.actions_by_name["fill_holes"].trigger()
    assert "Draw round the part" in window.banner.text
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert window.banner.text == ""


def test_the_sample_says_nothing_when_it_is_opened(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.workspace.open_project(copy_sample(tmp_path / "sample"))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert window.banner.messages == ()
