"""Keys in the window: who hears them, what menus and tips show, the way from panel to panel."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import SIGNAL, QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QMainWindow,
    QMenu,
    QSpinBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.log_files import LogFiles
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.tour.show import ShowMe
from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.keys.table import SPECS
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.menus import fill_menus, fill_palette, fill_toolbar
from cnnseg_gui.ui.reporting import Defects, Reporting

NO_KEYS, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def listeners(action: QAction) -> int:
    return sum(action.receivers(SIGNAL(name)) for name in ("triggered(bool)", "toggled(bool)"))


def shown_in_menus(window: QMainWindow) -> set[str]:
    menus = [window.menuBar(), *window.menuBar().findChildren(QMenu)]
    return {action.objectName() for menu in menus for action in menu.actions()}


def focus(qtbot: QtBot, widget: QWidget) -> None:
    widget.window().activateWindow()
    widget.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is widget)


def test_every_action_in_a_menu_does_something(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    ShowMe(window)  # as the program does (app.py)
    Reporting(window, LogFiles(tmp_path), Defects())
    bare = QMainWindow()  # the same menus and bars, whose own listeners do not count
    qtbot.addWidget(bare)
    deaf = Actions(bare)
    fill_toolbar(bare, deaf)
    fill_palette(bare, deaf)
    fill_menus(bare, deaf, [])
    names = {spec.name for spec in SPECS} & shown_in_menus(window)
    assert len(names) > 30
    dumb = [n for n in names if listeners(window.actions_by_name[n]) <= listeners(deaf[n])]
    assert dumb == []


def test_what_does_nothing_yet_is_neither_on_the_sheet_nor_in_a_menu(window: MainWindow) -> None:
    live = {spec.name for spec in window.actions_by_name.live()}
    assert {"brush", "accept", "pan", "pen", "cursor_left", "keys", "class_9"} <= live
    silent = {spec.name for spec in SPECS} - live
    assert not silent & shown_in_menus(window)


def test_no_button_connects_itself_anew_with_each_change_of_its_action(window: MainWindow) -> None:
    of_actions = [one for one in window.findChildren(QToolButton) if one.defaultAction()]
    buttons = [one for one in of_actions if one.defaultAction().text()]  # not a line edit's
    assert {"undo", "brush", "teach"} <= {one.defaultAction().objectName() for one in buttons}
    for button in buttons:
        action = button.defaultAction()
        before = action.receivers(SIGNAL("changed()"))
        action.setEnabled(not action.isEnabled())
        action.setEnabled(not action.isEnabled())
        assert action.receivers(SIGNAL("changed()")) == before, action.text()


@pytest.mark.parametrize("kind", [QLineEdit, QSpinBox])
def test_letters_and_digits_are_text_where_text_is_entered(
    open_sample: MainWindow, qtbot: QtBot, kind: type[QWidget]
) -> None:
    window = open_sample
    qtbot.keyClick(window, Qt.Key.Key_E)
    qtbot.keyClick(window, Qt.Key.Key_0)
    qtbot.keyClick(window, Qt.Key.Key_E)
    field = kind(window.docks[0])
    field.show()
    focus(qtbot, field)
    qtbot.keyClicks(field, "b1")
    assert window.tools.tool.key == "eraser"
    assert window.tools.class_index == 0
    if isinstance(field, QLineEdit):
        assert field.text() == "b1"
    qtbot.keyClick(window.canvas, Qt.Key.Key_B)
    assert window.tools.tool.key == "brush"


def test_a_letter_chooses_in_the_combo_box_that_has_the_focus(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    combo = window.tool_options.mode  # Everything, Only unlabelled, Only these classes
    qtbot.keyClick(window, Qt.Key.Key_L)
    focus(qtbot, combo)
    qtbot.keyClick(combo, Qt.Key.Key_E)
    assert window.tools.tool.key == "lasso"
    qtbot.keyClick(combo, Qt.Key.Key_Z, CTRL)  # other shortcuts work from there
    focus(qtbot, window.canvas)
    qtbot.keyClick(window.canvas, Qt.Key.Key_E)
    assert window.tools.tool.key == "eraser"


def test_enter_and_space_are_the_panels_own_elsewhere_than_on_the_image(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    document = window.workspace.document
    assert document is not None
    focus(qtbot, window.images_panel.search)
    qtbot.keyClick(window.images_panel.search, Qt.Key.Key_Return)
    qtbot.keyClick(window.images_panel.search, Qt.Key.Key_Space)
    assert window.images_panel.search.text() == " "
    assert window.workspace.document is document
    assert (document.mask.to_array() == UNLABELLED).all()


def test_a_new_key_works_at_once_and_the_old_one_no_more(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, bindings = open_sample, open_sample.actions_by_name.bindings
    bindings.bind("lasso", ["Q"])
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert window.tools.tool.key == "brush"
    qtbot.keyClick(window, Qt.Key.Key_Q)
    assert window.tools.tool.key == "lasso"


def test_menus_and_tips_show_the_live_key(window: MainWindow) -> None:
    act, bindings = window.actions_by_name, window.actions_by_name.bindings
    assert act["accept"].shortcut() == QKeySequence("Return")
    assert act["brush"].toolTip() == "Paint the active class (B)"
    bindings.set_profile("Krita")
    assert act["pick"].shortcut() == QKeySequence("P")
    assert act["polygon"].toolTip() == "Fill an area, corner by corner (Shift+P)"
    bindings.bind("brush", [])
    assert act["brush"].toolTip() == "Paint the active class"
    assert act["brush"].shortcut().isEmpty()


def test_another_profile_changes_every_key_without_a_restart(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.actions_by_name.bindings.set_profile("CVAT")
    first = window.workspace.document
    qtbot.keyClick(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: window.workspace.document is not first)
    qtbot.keyClick(window, Qt.Key.Key_2, SHIFT)
    assert window.tools.tool.key == "eraser"
    qtbot.keyClick(window, Qt.Key.Key_0, CTRL)
    assert window.tools.class_index == 0


def test_accepting_by_a_key_of_the_window_closes_an_open_polygon_first(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.actions_by_name.bindings.bind("accept", ["Ctrl+K"])
    qtbot.keyClick(window, Qt.Key.Key_P)
    document = window.workspace.document
    assert document is not None
    for y, x in ((100, 100), (100, 200), (200, 200)):
        place = window.canvas.widget_position(ImagePoint(y, x)).toPoint()
        qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=place)
    qtbot.keyClick(window, Qt.Key.Key_K, CTRL)
    assert not document.drawing
    assert document.undo_name == "Polygon"


def test_panning_and_approving_can_have_keys_of_their_own(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, canvas = open_sample, open_sample.canvas
    bindings = window.actions_by_name.bindings
    first = window.workspace.document
    assert first is not None
    qtbot.waitUntil(lambda: first.proposed_by is None)  # no engine runs here
    bindings.bind("pan", ["H"])
    bindings.bind("approve", ["End"])
    focus(qtbot, canvas)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, NO_KEYS, canvas.rect().center())
    before = canvas.view_transform
    qtbot.keyPress(canvas, Qt.Key.Key_H)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, NO_KEYS, QPoint(200, 200))
    qtbot.mouseMove(canvas, QPoint(230, 220))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, NO_KEYS, QPoint(230, 220))
    qtbot.keyRelease(canvas, Qt.Key.Key_H)
    after = canvas.view_transform
    assert (after.x - before.x, after.y - before.y) == pytest.approx((30, 20))
    qtbot.keyClick(canvas, Qt.Key.Key_Space)  # nothing any more
    assert window.workspace.document is first
    qtbot.keyClick(canvas, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: window.workspace.document is not first)


def test_the_overlay_comes_back_when_the_focus_goes_while_its_key_is_held(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, canvas = open_sample, open_sample.canvas
    document = window.workspace.document
    assert document is not None
    focus(qtbot, canvas)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, NO_KEYS, canvas.rect().center())
    painted = canvas.grab().toImage()
    qtbot.keyPress(canvas, Qt.Key.Key_Tab)
    assert canvas.grab().toImage() != painted
    focus(qtbot, window.images_panel.search)
    assert canvas.grab().toImage() == painted


def test_f6_goes_from_the_image_through_the_panels_and_back(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    focus(qtbot, window.canvas)
    visited: list[QWidget] = []
    for _ in range(20):
        here = QApplication.focusWidget()
        assert here is not None
        qtbot.keyClick(here, Qt.Key.Key_F6)
        visited.append(QApplication.focusWidget())
        if visited[-1] is window.canvas:
            break
    docks = {dock.objectName() for dock in window.docks for w in visited if dock.isAncestorOf(w)}
    assert {"Images", "Classes", "Tool", "Teaching"} <= docks
    assert visited[-1] is window.canvas
    qtbot.keyClick(window.canvas, Qt.Key.Key_F6, SHIFT)
    assert QApplication.focusWidget() is visited[-2]
