"""What a frame under the hand does not wait for: the window's layout, and images that were left."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow


class Layouts(QObject):
    """Counts how often the window is laid out."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        window = isinstance(watched, QMainWindow)
        self.count += window and event.type() == QEvent.Type.LayoutRequest
        return False


@pytest.fixture
def layouts(qapp: QApplication) -> Iterator[Layouts]:
    made = Layouts()
    qapp.installEventFilter(made)
    yield made
    qapp.removeEventFilter(made)


def place(window: MainWindow, y: float, x: float) -> QPoint:
    return window.canvas.widget_position(ImagePoint(y, x)).toPoint()


def test_strokes_and_steps_back_do_not_lay_out_the_window(
    open_sample: MainWindow, qtbot: QtBot, layouts: Layouts
) -> None:
    window, canvas = open_sample, open_sample.canvas

    def stroke(row: float) -> None:
        qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=place(window, row, 50))
        for column in range(55, 200, 5):
            qtbot.mouseMove(canvas, place(window, row, column))
            qtbot.wait(1)
        qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=place(window, row, 200))
        qtbot.wait(150)  # also for what follows after the frame

    stroke(40)  # the first one makes more possible than there was
    qtbot.wait(600)
    before = layouts.count
    stroke(60)
    stroke(80)
    for key in (Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_Z):
        qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        qtbot.wait(150)
    qtbot.keyClick(canvas, Qt.Key.Key_0)
    qtbot.wait(50)
    assert layouts.count == before


def test_a_text_longer_than_its_room_in_the_status_bar_gets_it(window: MainWindow) -> None:
    status = window.status
    status.show_place(ImagePoint(1, 2), "background")
    label = next(label for label in status.children() if getattr(label, "text", str)() != "")
    narrow = label.width()  # type: ignore[attr-defined]
    status.show_place(ImagePoint(1, 2), "a class of a very long name, longer than all before it")
    assert label.width() > narrow  # type: ignore[attr-defined]
    assert label.width() >= label.sizeHint().width()  # type: ignore[attr-defined]


def test_an_image_that_is_left_is_let_go_of_at_once(
    window: MainWindow, make_project: Callable[..., Path], qtbot: QtBot
) -> None:
    side = 5100  # more than are kept for coming back to
    window.workspace.open_project(make_project((side, side), (40, 60)))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    document = window.workspace.document
    assert document is not None
    image = weakref.ref(document.image)
    del document
    qtbot.waitUntil(lambda: window.canvas.complete)
    gc.collect()
    gc.disable()
    try:
        window.workspace.step(1)
        qtbot.waitUntil(lambda: image() is None)
    finally:
        gc.enable()
