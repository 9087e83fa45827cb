"""While the image moves its frames are short; at rest it looks as if it had never moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas import view
from cnnseg_gui.ui.main_window import MainWindow


@pytest.fixture
def noisy(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """An image of 1500 × 2000 random pixels: interpolated or not is seen everywhere."""
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    project = Project.create(tmp_path / "project")
    project.add_images([probe(tmp_path / "noise.png")])
    project.close()
    window.workspace.open_project(tmp_path / "project")
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    return window


def turn_wheel(window: MainWindow, turns: int) -> None:
    canvas = window.canvas
    at = QPointF(canvas.width() / 2, canvas.height() / 2)
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    wheel = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120 * turns), *none, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(canvas, wheel)


def picture(window: MainWindow) -> QImage:
    return window.canvas.grab().toImage()


def test_a_zoomed_image_is_interpolated_as_soon_as_it_rests(
    noisy: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "_SMOOTHING_MS", 0.0)  # a machine that has no time at all
    canvas = noisy.canvas
    turn_wheel(noisy, 2)
    qtbot.waitUntil(lambda: canvas.complete)
    resting = picture(noisy)
    canvas.pan_by(QPointF(0, 0))  # it moves, by nothing: all that is seen is there already
    moving = picture(noisy)
    assert not canvas.complete
    qtbot.waitUntil(lambda: canvas.complete)
    assert picture(noisy) == resting
    assert 0 < canvas.view_transform.scale < 1
    assert spread(resting) < 0.95 * spread(moving)


def spread(image: QImage) -> float:
    """Of the middle of a picture: interpolation takes contrast from noise."""
    side = 200
    part = image.copy(image.width() // 2 - side // 2, image.height() // 2 - side // 2, side, side)
    part = part.convertToFormat(QImage.Format.Format_RGB32)
    values = np.frombuffer(part.constBits(), np.uint8).reshape(side, side, 4)
    return float(values[..., :3].std())


def test_a_pan_ends_in_the_same_picture_as_a_view_that_never_moved(
    noisy: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "_SMOOTHING_MS", 0.0)
    canvas = noisy.canvas
    qtbot.waitUntil(lambda: canvas.complete)
    before = picture(noisy)
    for step in (QPointF(40, 25), QPointF(-40, -25)):
        canvas.pan_by(step)
        picture(noisy)
    qtbot.waitUntil(lambda: canvas.complete)
    assert picture(noisy) == before


def test_a_proposal_that_arrives_during_a_stroke_is_drawn_after_it(
    window: MainWindow, qtbot: QtBot, make_project: Callable[..., Path]
) -> None:
    window.workspace.open_project(make_project((400, 600)))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    canvas, document = window.canvas, window.workspace.document
    assert document is not None
    qtbot.waitUntil(lambda: canvas.complete)
    place = canvas.widget_position(ImagePoint(300, 500)).toPoint()
    start = canvas.widget_position(ImagePoint(50, 50)).toPoint()
    before = picture(window).pixelColor(place)

    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    classes = np.ones((400, 600), np.uint8)
    document.show_proposal(0, 0, classes, np.full((400, 600), 200, np.uint8))
    assert document.proposal.classes.read(document.mask.bounds).all()  # it is there to be used
    qtbot.wait(60)
    assert picture(window).pixelColor(place) == before
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start)
    qtbot.waitUntil(lambda: canvas.complete)
    assert picture(window).pixelColor(place) != before
