"""Teach and what stands beside it: who has the keys, what is missing, what stays in sight."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.editor.live_start import GESTURES
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.editor.training_set import TrainingSet
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag
from .test_teaching import paint_two_classes

LEFT = Qt.MouseButton.LeftButton


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def ready(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """There is enough to learn from, and the image has the focus."""
    window.activateWindow()
    paint_two_classes(window, qtbot)
    qtbot.waitUntil(window.training_panel.teach.isEnabled)
    qtbot.mouseMove(window.canvas)
    window.canvas.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is window.canvas)
    return window


def test_space_after_a_click_on_teach_approves_and_cancels_nothing(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = ready(open_sample, qtbot)
    first = window.workspace.document
    qtbot.mouseClick(window.training_panel.teach, LEFT)
    assert window.fine_tuning.running
    qtbot.keyClick(focused(), Qt.Key.Key_Space)
    assert window.fine_tuning.running
    qtbot.waitUntil(lambda: window.workspace.document not in (first, None))
    assert window.workspace.images()[0].status == "approved"


def test_teach_by_tab_and_space_hands_the_keys_to_the_image_and_cancel_too(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, panel = ready(open_sample, qtbot), open_sample.training_panel
    panel.live.by_itself.setFocus()
    qtbot.keyClick(focused(), Qt.Key.Key_Tab)
    assert focused() is panel.teach
    qtbot.keyClick(panel.teach, Qt.Key.Key_Space)
    assert window.fine_tuning.running
    assert focused() is window.canvas
    panel.live.by_itself.setFocus()
    qtbot.keyClick(focused(), Qt.Key.Key_Tab)
    assert focused() is panel.cancel
    qtbot.keyClick(panel.cancel, Qt.Key.Key_Space)
    assert not window.fine_tuning.running
    assert focused() is window.canvas


def test_how_it_ended_stays_in_sight_and_the_story_at_its_end(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, panel = ready(open_sample, qtbot), open_sample.training_panel
    window.resize(1000, 600)
    for number in range(20):
        panel.run.say(f"line {number}")
    story = panel.run._story.verticalScrollBar()
    qtbot.waitUntil(lambda: story.maximum() > 0)
    story.setValue(0)
    window.fine_tuning.stopped.emit("It is over.")
    assert panel.outcome == "It is over."
    qtbot.waitUntil(lambda: not panel._outcome.visibleRegion().isEmpty())
    assert story.value() == story.maximum()


def test_with_one_class_painted_panel_status_and_tips_say_which_one_is_missing(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, panel = open_sample, open_sample.training_panel
    act = window.actions_by_name["teach"]
    assert panel.live.rule.text() == "Paint some nucleus and some background, then it learns"
    qtbot.keyClick(window.canvas, Qt.Key.Key_1)
    for row in range(GESTURES):
        drag(qtbot, window, ImagePoint(20 + 10 * row, 20), ImagePoint(20 + 10 * row, 60))
    missing = "Paint some background too, then it learns"
    qtbot.waitUntil(lambda: panel.live.rule.text() == missing)
    assert window.live_switches.text == missing
    assert not act.isEnabled()
    assert not panel.teach.isEnabled()
    assert act.toolTip() == panel.teach.toolTip() == missing
    qtbot.keyClick(window.canvas, Qt.Key.Key_0)
    drag(qtbot, window, ImagePoint(180, 20), ImagePoint(180, 60))
    qtbot.waitUntil(lambda: panel.live.rule.text().endswith(f"{GESTURES} of {GESTURES}"))
    assert window.live_switches.text == "answers while you paint"
    assert act.isEnabled()
    assert act.toolTip() == panel.teach.toolTip()
    assert "Ctrl+T" in act.toolTip()
    for _ in range(GESTURES + 1):
        qtbot.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not act.isEnabled())
    assert "some nucleus and some background" in panel.teach.toolTip()


def test_what_is_missing_is_said_in_the_words_of_the_classes() -> None:
    classes = make_classes(["soil", "root", "stone"])

    def missing(pixels: dict[int, int], count: int = 3) -> str:
        return TrainingSet(1, 0, pixels).missing(classes[:count])

    assert missing({}) == "Paint some of two classes, then it learns"
    assert missing({1: 9}) == "Paint some soil too, then it learns"
    assert missing({0: 9}) == "Paint some of another class too, then it learns"
    assert missing({0: 9}, 2) == "Paint some root too, then it learns"
    assert missing({1: 9, 2: 9}) == ""
    assert missing({0: 9}, 1).startswith("Add a class")
