"""A gesture is answered by a new proposal; enough of them begin a fine-tune."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.editor.live_start import GESTURES
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.engine.client import State
from cnnseg_gui.engine.messages import Answered
from cnnseg_gui.ui.main_window import MainWindow


def stroke(window: MainWindow, cls: int, row: int, *columns: int) -> None:
    """With the mouse, of the active class."""
    canvas = window.canvas

    def at(column: int) -> QPoint:
        return canvas.widget_position(ImagePoint(row, column)).toPoint()

    window.choose_class_by_key(cls)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at(columns[0]))
    for column in columns[1:]:
        QTest.mouseMove(canvas, at(column))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at(columns[-1]))


def answer(window: MainWindow, qtbot: QtBot, cls: int, row: int) -> Answered:
    """A stroke, and the last thing that is said of it."""
    said: list[Answered] = []
    window.engine.answered.connect(said.append)
    stroke(window, cls, row, 20, 40, 60)
    qtbot.waitUntil(lambda: bool(said) and said[-1].last, timeout=20_000)
    return said[-1]


@pytest.fixture
def live(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    """The sample with a fresh network that has a live head, and its features read."""
    window = open_sample
    window.self_start.switch(False)
    window.choice.choose("new:fcn-lite0")
    window.set_diameter(5)
    said: list[Answered] = []
    window.engine.answered.connect(said.append)
    window.engine.start()
    qtbot.waitUntil(lambda: window.engine.state == State.READY, timeout=60_000)
    qtbot.waitUntil(lambda: bool(said) and said[-1].last, timeout=30_000)
    return window


def test_two_strokes_are_answered_with_a_proposal_of_the_whole_image(
    live: MainWindow, qtbot: QtBot
) -> None:
    window = live
    document = window.workspace.document
    assert document is not None
    assert answer(window, qtbot, 0, 30).pixels == 0, "one class says nothing"
    missing = "Paint some nucleus too, then it learns"
    qtbot.waitUntil(lambda: window.live_switches.text == missing)
    done = answer(window, qtbot, 1, 100)
    assert done.covered == (0, 0, *document.mask.shape)
    decided = int((document.mask.to_array() != UNLABELLED).sum())
    assert done.pixels == decided
    before = document.mask.to_array()
    found = document.proposal.classes.to_array()
    assert set(np.unique(found)) == {0, 1}
    assert found[before == 1].mean() > 0.9, "it says what was painted"
    assert (document.mask.to_array() == before).all(), "and paints nothing"
    assert window.live.showing
    assert window.live_switches.text == "the proposal follows your strokes"
    document.undo()
    assert window.live_switches.text == "the proposal follows your strokes"


def test_switched_off_it_answers_no_more_and_the_revision_proposes_again(
    live: MainWindow, qtbot: QtBot
) -> None:
    window = live
    answer(window, qtbot, 0, 30)
    answer(window, qtbot, 1, 100)
    with qtbot.waitSignal(window.proposing.finished, timeout=30_000):
        window.training_panel.live.answers.click()
    assert not window.actions_by_name["answer_while_painting"].isChecked()
    assert not window.live.showing
    assert window.live_switches.text == ""
    said: list[Answered] = []
    window.engine.answered.connect(said.append)
    stroke(window, 1, 140, 20, 40)
    qtbot.wait(300)
    assert not said
    window.actions_by_name["answer_while_painting"].trigger()
    assert window.training_panel.live.answers.isChecked()
    qtbot.waitUntil(lambda: bool(said) and said[-1].last, timeout=20_000)
    assert said[-1].pixels > 0, "what was painted meanwhile counts"


def test_a_network_without_a_live_head_says_so(open_sample: MainWindow) -> None:
    window = open_sample
    rows = window.training_panel.live
    window.choice.choose("starter:unet-lite0", knows=True)
    window.live._follow_choice()
    assert not rows.answers.isEnabled()
    assert "fcn-lite0" in rows.answers.toolTip()
    window.choice.choose("new:fcn-lite0?pretrained=false")
    window.live._follow_choice()
    assert rows.answers.isEnabled()
    assert rows.answers.isChecked()


def test_five_gestures_and_a_rest_begin_a_fine_tune(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    start = window.self_start
    start.rest.setInterval(50)
    begun: list[object] = []
    start.due.disconnect()
    start.due.connect(lambda: begun.append(1))
    for number in range(GESTURES - 1):
        stroke(window, number % 2, 20 + 10 * number, 20, 60)
    qtbot.wait(150)
    assert not begun
    rule = window.training_panel.live.rule
    qtbot.waitUntil(lambda: f"{GESTURES - 1} of {GESTURES}" in rule.text())
    stroke(window, 1, 120, 20, 60)
    qtbot.waitUntil(lambda: bool(begun), timeout=2000)
    window.training_panel.live.by_itself.click()
    begun.clear()
    for number in range(GESTURES):
        stroke(window, number % 2, 130 + 10 * number, 20, 60)
    qtbot.wait(150)
    assert not begun, "switched off"
    assert not window.actions_by_name["teach_by_itself"].isChecked()


def test_a_running_fine_tune_hears_of_what_is_painted(live: MainWindow, qtbot: QtBot) -> None:
    window = live
    answer(window, qtbot, 0, 30)
    answer(window, qtbot, 1, 100)
    steps: list[object] = []
    window.fine_tuning.progressed.connect(steps.append)
    window.fine_tuning.start(seconds=60)
    qtbot.waitUntil(lambda: len(steps) > 2, timeout=60_000)
    before = len(steps)
    assert answer(window, qtbot, 1, 150).pixels > 0, "and is answered meanwhile"
    qtbot.waitUntil(lambda: len(steps) > before + 3, timeout=30_000)
    window.fine_tuning.cancel()
    qtbot.waitUntil(lambda: not window.fine_tuning.running, timeout=20_000)
