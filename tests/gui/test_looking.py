"""Looking at the image: the navigator, and mask and proposal side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.pyramid import ImagePyramid
from cnnseg_gui.core.windowing import to_rgb8
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.scale_bar import bar_length
from cnnseg_gui.ui.main_window import MainWindow

LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def colour_at(window: MainWindow, point: ImagePoint) -> QColor:
    picture = window.canvas.grab().toImage()
    while not window.canvas.complete:
        QApplication.processEvents()
        picture = window.canvas.grab().toImage()
    return picture.pixelColor(window.canvas.widget_position(point).toPoint())


def test_the_navigators_frame_is_what_the_canvas_shows(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.canvas.zoom_by(4)
    frame, area = window.navigator.frame, window.navigator._area()
    visible = window.canvas.visible_rect
    assert frame.width() / area.width() == pytest.approx(visible.width / 320, rel=0.01)
    assert frame.height() / area.height() == pytest.approx(visible.height / 256, rel=0.01)
    window.canvas.fit()
    assert window.navigator.frame == area


def test_a_click_and_a_drag_in_the_navigator_move_the_view(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.canvas.zoom_by(4)
    area = window.navigator._area()
    corner = area.topLeft().toPoint() + QPoint(4, 4)
    qtbot.mousePress(window.navigator, LEFT, NO_KEYS, corner)
    visible = window.canvas.visible_rect
    assert visible.top == 0
    assert visible.left == 0
    qtbot.mouseMove(window.navigator, area.bottomRight().toPoint() - QPoint(4, 4))
    assert window.canvas.visible_rect.bottom == 256
    qtbot.mouseRelease(window.navigator, LEFT, NO_KEYS, corner)


def test_compare_shows_the_mask_on_the_left_and_the_proposal_on_the_right(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    document = window.workspace.document
    assert document is not None
    left, right = ImagePoint(128.5, 60.5), ImagePoint(128.5, 260.5)
    plain = {point: colour_at(window, point) for point in (left, right)}
    shape = document.mask.shape
    document.show_proposal(0, 0, np.full(shape, 1, np.uint8), np.full(shape, 200, np.uint8))
    assert colour_at(window, left) != plain[left]
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert colour_at(window, left) == plain[left]  # nothing is decided there
    assert colour_at(window, right) != plain[right]
    window.tools.choose_tool("box")
    for point in (left, right):
        corners = [
            window.canvas.widget_position(ImagePoint(point.y + d, point.x + d)).toPoint()
            for d in (-20, 20)
        ]
        qtbot.mousePress(window.canvas, LEFT, NO_KEYS, corners[0])
        qtbot.mouseMove(window.canvas, corners[1])
        qtbot.mouseRelease(window.canvas, LEFT, NO_KEYS, corners[1])
    decided = colour_at(window, left)
    assert decided not in (plain[left], colour_at(window, right))
    window.canvas._split.move_to(0.0)
    assert colour_at(window, left) != decided
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert colour_at(window, left) == decided
    assert colour_at(window, right) not in (plain[right],)


def test_the_scale_bar_is_as_long_as_it_says(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "cells.ome.tif"
    pixels = np.full((400, 600, 3), 90, np.uint8)
    tifffile.imwrite(path, pixels, metadata={"axes": "YXS", "PhysicalSizeX": 0.5}, ome=True)
    project = Project.create(tmp_path / "project")
    project.add_images([probe(path)])
    project.close()
    window.workspace.open_project(tmp_path / "project")
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    window.canvas.one_to_one()
    picture = window.canvas.grab().toImage()
    ratio = window.canvas.devicePixelRatioF()
    white = [
        sum(picture.pixelColor(x, y) == QColor("white") for x in range(picture.width()))
        for y in range(picture.height() - round(60 * ratio), picture.height())
    ]
    assert max(white) == pytest.approx(100 * ratio, abs=2)  # 50 µm at half a micrometre a pixel
    place = window.canvas.widget_position(ImagePoint(200, 300)).toPoint()
    qtbot.mouseMove(window.canvas, place)
    assert "· 90 · unlabelled" in window.status.place_text


@pytest.mark.parametrize(
    ("pixel_size", "scale", "length"), [(0.5, 1.0, 50.0), (1.0, 1.0, 100.0), (0.325, 8.0, 5.0)]
)
def test_the_bar_has_a_round_length(pixel_size: float, scale: float, length: float) -> None:
    assert bar_length(pixel_size, scale) == pytest.approx(length)


def test_the_windows_sliders_change_the_picture_and_nothing_else(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "deep.tif"
    values = np.linspace(1000, 9000, 300 * 400).reshape(300, 400).astype(np.uint16)
    tifffile.imwrite(path, values)
    project = Project.create(tmp_path / "project")
    project.add_images([probe(path)])
    project.close()
    window.workspace.open_project(tmp_path / "project")
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    document, panel = window.workspace.document, window.display_panel
    assert document is not None
    middle = ImagePoint(150.5, 200.5)
    seen_by_tools = document.image.tile(0, 0, 0).copy()
    before = colour_at(window, middle).red()
    assert abs(before - 127) < 6
    panel.high.setValue(6000.0)
    assert colour_at(window, middle).red() > before + 40
    panel.auto_button.click()
    assert colour_at(window, middle).red() == before
    panel.brightness.slider.setValue(40)
    assert colour_at(window, middle).red() > before + 60
    panel.reset_button.click()
    panel.gamma.slider.setValue(-60)
    assert colour_at(window, middle).red() < before - 20
    assert np.array_equal(document.image.tile(0, 0, 0), seen_by_tools)
    assert not document.mask.counts().any()
    place = window.canvas.widget_position(middle).toPoint()
    qtbot.mouseMove(window.canvas, QPoint(5, 5))
    qtbot.mouseMove(window.canvas, place)
    assert f"· {values[150, 200]} ·" in window.status.place_text


def test_the_histograms_lines_are_dragged(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    panel = window.display_panel
    window.bring_up(panel)
    image = np.linspace(0, 1000, 300 * 300).reshape(300, 300).astype(np.uint16)
    shown, used = to_rgb8(image)
    panel.show_image(ImagePyramid(shown, values=image, window=used))
    QApplication.processEvents()
    bars = panel.histogram
    middle = bars.height() // 2
    qtbot.mousePress(bars, LEFT, NO_KEYS, QPoint(bars.width() - 2, middle))
    qtbot.mouseMove(bars, QPoint(bars.width() // 2, middle))
    qtbot.mouseRelease(bars, LEFT, NO_KEYS, QPoint(bars.width() // 2, middle))
    assert panel.display.window is not None
    assert panel.display.window[1] == pytest.approx(500, abs=20)
    half_a_step = 0.5 / 10 ** panel.high.decimals()
    assert panel.high.value() == pytest.approx(panel.display.window[1], abs=half_a_step)
