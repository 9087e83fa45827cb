"""The status bar: one text at a time, and what it says of the place under the pointer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.live import LivePainting
from cnnseg_gui.ui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def label_of(window: MainWindow) -> QLabel:
    found = [
        label
        for label in window.status.findChildren(QLabel)
        if label.accessibleName() == "Answers while painting"
    ]
    return found[0]


def test_a_passing_message_has_its_place_alone_and_goes(
    open_sample: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    window = open_sample
    monkeypatch.setattr(LivePainting, "words", "answers while you paint")
    window.live.changed.emit()
    label = label_of(window)
    assert label.isVisible()
    window.status.say("3 objects measured", seconds=0.5)
    assert not label.isVisible()
    window.live.changed.emit()
    assert not label.isVisible()
    qtbot.waitUntil(lambda: not window.status.currentMessage())
    assert label.isVisible()


def at(window: MainWindow, y: float, x: float) -> QPoint:
    return window.canvas.widget_position(ImagePoint(y, x)).toPoint()


def test_the_place_under_a_still_pointer_says_what_is_proposed_there(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    document = window.workspace.document
    assert document is not None
    qtbot.mouseMove(window.canvas, at(window, 100, 100))
    qtbot.waitUntil(lambda: "unlabelled" in window.status.place_text)
    looked: list[object] = []
    qtbot.mousePress(window.canvas, LEFT, pos=at(window, 10, 10))
    refresh = window.painting.refresh_place
    window.painting.refresh_place = lambda: looked.append(1)
    tile = np.ones((16, 16), np.uint8)
    for row in range(0, 128, 16):
        document.show_proposal(row, 96, tile, np.full_like(tile, 200))
    qtbot.wait(250)
    assert not looked, "the hand paints"
    qtbot.mouseRelease(window.canvas, LEFT, pos=at(window, 10, 10))
    window.painting.refresh_place = refresh
    window.painting.show_place(ImagePoint(100, 100))
    document.show_proposal(96, 96, np.zeros_like(tile), np.full_like(tile, 200))
    qtbot.waitUntil(lambda: "background proposed" in window.status.place_text)


def test_on_another_image_the_place_is_that_under_the_pointer_there(
    window: MainWindow, qtbot: QtBot, make_project: Callable[..., Path]
) -> None:
    window.workspace.open_project(make_project((100, 100), (600, 600)))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    place = at(window, 80.5, 80.5)
    qtbot.mouseMove(window.canvas, place)
    qtbot.waitUntil(lambda: "x 80  y 80" in window.status.place_text)
    with qtbot.waitSignal(window.workspace.document_changed):
        qtbot.keyClick(window, Qt.Key.Key_D)
    there = window.canvas.image_point(place.toPointF())
    assert f"x {int(there.x)}  y {int(there.y)}" in window.status.place_text
