"""Borders between objects: looked at as a heat picture, and stressed in teaching."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.border_weights import border_weights
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.engine.messages import Decoder, Train
from cnnseg_gui.ui.border_heat import border_heat
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag, mask_of, settled


@pytest.fixture
def pair(window: MainWindow, qtbot: QtBot, make_project: Callable[..., Path]) -> MainWindow:
    """Two bars painted with a gap of 6 pixels, on painted background; another image after it."""
    window.workspace.open_project(make_project((120, 160), (50, 60)))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    window.set_diameter(200)
    qtbot.keyClick(window, Qt.Key.Key_0)
    drag(qtbot, window, ImagePoint(60, 20), ImagePoint(60, 140))
    window.set_diameter(20)
    qtbot.keyClick(window, Qt.Key.Key_1)
    drag(qtbot, window, ImagePoint(40, 30), ImagePoint(40, 130))
    drag(qtbot, window, ImagePoint(66, 30), ImagePoint(66, 130))
    return window


def show(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_name["border_weights"].trigger()
    qtbot.waitUntil(lambda: window.canvas.heat is not None)


def lightness(window: MainWindow, picture: QImage, row: float, column: float) -> int:
    place = window.canvas.widget_position(ImagePoint(row, column)).toPoint()
    return picture.pixelColor(place).lightness()


def redness(window: MainWindow, picture: QImage, row: float, column: float) -> int:
    place = window.canvas.widget_position(ImagePoint(row, column)).toPoint()
    colour = picture.pixelColor(place)
    return colour.red() - colour.green()


def test_the_gap_between_two_objects_glows_and_nothing_else(pair: MainWindow, qtbot: QtBot) -> None:
    before = settled(pair)
    show(pair, qtbot)
    heat = pair.canvas.heat
    assert heat is not None
    assert np.allclose(1 + 10 * heat.values, border_weights(mask_of(pair)), atol=1e-5)
    after = settled(pair)
    gap, object_, open_ground = ((53, 80), (40, 80), (110, 80))
    assert lightness(pair, after, *gap) > lightness(pair, after, *open_ground) + 15
    assert redness(pair, after, *gap) > redness(pair, before, *gap) + 50
    for place in (object_, open_ground):
        assert lightness(pair, after, *place) < lightness(pair, before, *place)
        assert redness(pair, after, *place) < redness(pair, before, *place) + 5


def test_the_same_action_takes_it_away_to_the_last_pixel(pair: MainWindow, qtbot: QtBot) -> None:
    before = settled(pair)
    show(pair, qtbot)
    assert settled(pair) != before
    pair.actions_by_name["border_weights"].trigger()
    assert pair.canvas.heat is None
    assert settled(pair) == before


def test_it_follows_the_brush_and_undo_once_they_rest(pair: MainWindow, qtbot: QtBot) -> None:
    show(pair, qtbot)
    first = pair.canvas.heat
    assert first is not None
    drag(qtbot, pair, ImagePoint(92, 30), ImagePoint(92, 130))
    assert pair.canvas.heat is first, "nothing is measured while the person paints"
    qtbot.waitUntil(lambda: pair.canvas.heat is not first)
    second = pair.canvas.heat
    assert second is not None
    assert second.values[79, 80] > first.values[79, 80] + 0.2
    pair.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: pair.canvas.heat is not second)
    assert pair.canvas.heat is not None
    assert np.array_equal(pair.canvas.heat.values, first.values)


def test_a_stroke_that_is_taken_back_is_not_in_it(pair: MainWindow, qtbot: QtBot) -> None:
    show(pair, qtbot)
    first = pair.canvas.heat
    assert first is not None
    start, end = (
        pair.canvas.widget_position(ImagePoint(92, column)).toPoint() for column in (30, 130)
    )
    qtbot.mousePress(pair.canvas, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(pair.canvas, end)
    pair.actions_by_name["border_weights"].trigger()
    pair.actions_by_name["border_weights"].trigger()
    qtbot.wait(400)
    assert pair.canvas.heat is None, "the stroke is not finished"
    qtbot.keyClick(pair.canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: pair.canvas.heat is not None)
    assert pair.canvas.heat is not None
    assert np.array_equal(pair.canvas.heat.values, first.values)
    qtbot.mouseRelease(pair.canvas, Qt.MouseButton.LeftButton, pos=end)


def test_another_image_shows_its_own(pair: MainWindow, qtbot: QtBot) -> None:
    show(pair, qtbot)
    pair.workspace.step(1)
    qtbot.waitUntil(
        lambda: pair.canvas.heat is not None and pair.canvas.heat.values.shape == (50, 60)
    )
    assert pair.canvas.heat is not None
    assert not pair.canvas.heat.values.any()
    assert "No decided background" in pair.canvas.heat.legend


def test_without_an_image_it_cannot_be_asked_for(window: MainWindow) -> None:
    assert not window.actions_by_name["border_weights"].isEnabled()


def test_any_picture_of_numbers_can_be_laid_over_the_image(pair: MainWindow, qtbot: QtBot) -> None:
    """Also one with fewer pixels than the image."""
    values = np.zeros((3, 4), np.float32)
    values[:, 2:] = 1
    pair.canvas.show_heat(values, "Attention")
    picture = settled(pair)
    assert lightness(pair, picture, 30, 150) > lightness(pair, picture, 30, 10) + 80
    pair.canvas.show_heat(None, "")
    assert pair.canvas.heat is None


def test_the_legend_stands_in_the_corner(pair: MainWindow) -> None:
    without = settled(pair)
    pair.canvas.show_heat(np.zeros((3, 4), np.float32), "Attention", ends=("low", "high"))
    with_legend = settled(pair)
    corner = 60, pair.canvas.height() - 50
    assert with_legend.pixelColor(*corner) != without.pixelColor(*corner)


def test_of_a_large_mask_every_other_pixel_is_looked_at() -> None:
    mask = Mask.from_array(np.zeros((4000, 3000), np.uint8))
    mask.write(1000, 1000, np.ones((200, 200), np.uint8))
    mask.write(1000, 1208, np.ones((200, 200), np.uint8))
    heat = border_heat(mask)
    assert heat.shape == (2000, 1500)
    assert heat[550, 602] == pytest.approx(np.exp(-(10**2) / 50), abs=0.15)


def test_the_box_is_a_setting_of_the_project(pair: MainWindow, qtbot: QtBot) -> None:
    box = pair.training_panel.borders
    assert not box.isChecked()
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center() / 4)
    assert box.isChecked()
    assert pair.workspace.project is not None
    folder = pair.workspace.project.folder
    pair.workspace.close_project()
    box.setChecked(False)
    pair.workspace.open_project(folder)
    assert box.isChecked()


def test_the_box_tells_the_engine(pair: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    """A process in the engine's place writes down what it is sent."""
    sent = tmp_path / "sent"
    copy = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, open(sys.argv[1], 'wb', 0), 1)"
    pair.engine.use_command([sys.executable, "-c", copy, str(sent)])
    pair.engine.start()
    pair.training_panel.borders.click()
    qtbot.waitUntil(pair.training_panel.teach.isEnabled)
    qtbot.mouseClick(pair.training_panel.teach, Qt.MouseButton.LeftButton)
    assert pair.fine_tuning.running
    assert not pair.training_panel.borders.isEnabled()

    def told() -> bool:
        messages = [message for message, _ in Decoder().feed(sent.read_bytes())]
        return any(isinstance(message, Train) and message.borders for message in messages)

    qtbot.waitUntil(lambda: sent.exists() and told())
