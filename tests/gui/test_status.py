"""The status bar: one text at a time, and what it says of the place under the pointer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

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
