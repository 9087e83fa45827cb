"""The Display panel: the window of deep values, remembered with the project."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QDoubleSpinBox, QWidget
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.display import Display
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.lazy_tiff import LazyTiff
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.pyramid import ImagePyramid
from cnnseg_gui.core.windowing import to_rgb8
from cnnseg_gui.ui.canvas.image_tiles import ImageTiles
from cnnseg_gui.ui.canvas.tiles import Deadline, Loading
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.display import DisplayPanel

LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
MakeProject = Callable[..., Path]


@pytest.fixture
def panel(qtbot: QtBot) -> DisplayPanel:
    made = DisplayPanel()
    qtbot.addWidget(made)
    made.resize(230, 320)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def make_deep_project(tmp_path: Path) -> MakeProject:
    """Makes a project of 300 × 400 TIFF files with the values that are given."""

    def make(*images: np.ndarray) -> Path:
        project = Project.create(tmp_path / "project", ("background", "cell"))
        for number, values in enumerate(images):
            path = tmp_path / f"{number}.tif"
            tifffile.imwrite(path, values)
            project.add_images([probe(path)])
        project.close()
        return tmp_path / "project"

    return make


def ramp(low: float, high: float, dtype: type = np.uint16) -> np.ndarray:
    return np.linspace(low, high, 300 * 400).reshape(300, 400).astype(dtype)


def pyramid_of(values: np.ndarray) -> ImagePyramid:
    pixels, window = to_rgb8(values)
    return ImagePyramid(pixels, values=values, window=window)


def opened(window: MainWindow, qtbot: QtBot, folder: Path) -> None:
    window.workspace.open_project(folder)
    qtbot.waitUntil(lambda: window.workspace.document is not None)


def go_to(window: MainWindow, qtbot: QtBot, name: str) -> None:
    (record,) = [record for record in window.workspace.images() if record.name == name]
    window.workspace.open_image(record.id)

    def shown() -> bool:
        document = window.workspace.document
        return document is not None and document.record.name == name

    qtbot.waitUntil(shown)


def picture(window: MainWindow) -> np.ndarray:
    image = window.canvas.grab().toImage()
    while not window.canvas.complete:
        QApplication.processEvents()
        image = window.canvas.grab().toImage()
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return grey[:, 1 : 4 * image.width() : 4].copy()


def type_into(qtbot: QtBot, box: QDoubleSpinBox, text: str) -> None:
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def shown_in(panel: DisplayPanel, *widgets: QWidget) -> bool:
    return all(widget.isVisibleTo(panel) for widget in widgets)


def test_a_deep_images_window_is_shown_as_soon_as_the_image_is(panel: DisplayPanel) -> None:
    deep = pyramid_of(ramp(1000, 9000))
    panel.show_image(deep)
    assert deep.window is not None
    assert (panel.low.value(), panel.high.value()) == pytest.approx(deep.window, abs=1)
    assert shown_in(panel, panel.histogram, panel.low, panel.high, panel.auto_button)
    assert panel.display == Display()


def test_an_image_of_8_bits_has_no_window(panel: DisplayPanel) -> None:
    panel.show_image(pyramid_of(ramp(1000, 9000)))
    for image in (ImagePyramid(np.zeros((30, 30, 3), np.uint8)), None):
        panel.show_image(image)
        for widget in (panel.histogram, panel.low, panel.high, panel.auto_button):
            assert not shown_in(panel, widget)


def test_typing_one_end_of_the_window_leaves_the_other(panel: DisplayPanel, qtbot: QtBot) -> None:
    deep = pyramid_of(ramp(0.001, 0.009, np.float32))
    panel.show_image(deep)
    assert deep.window is not None
    type_into(qtbot, panel.high, panel.high.locale().toString(0.0055, "f", 4))
    assert panel.display.window == pytest.approx((deep.window[0], 0.0055), abs=1e-9)
    type_into(qtbot, panel.low, panel.low.locale().toString(0.007, "f", 4))
    assert panel.display.window == pytest.approx((deep.window[0], 0.0055), abs=1e-9)
    assert panel.low.value() < panel.high.value()


@pytest.mark.parametrize(
    "values",
    [
        np.full((5, 5), 7, np.uint16),
        np.full((5, 5), np.nan, np.float32),
        np.array([[-1.7e308, 1.7e308], [0.0, 1.0]]),
        np.full((5, 5), 1e15) + np.arange(25).reshape(5, 5) / 8,
        np.random.default_rng(0).random((9, 9)) * (1 + 1j),
    ],
    ids=["constant", "NaN", "huge", "fine steps on a large number", "complex"],
)
def test_odd_values_do_not_trouble_the_panel(panel: DisplayPanel, values: np.ndarray) -> None:
    panel.show_image(pyramid_of(values))
    assert not panel.grab().isNull()


def test_a_chosen_window_is_that_of_all_images_and_of_the_next_start(
    window: MainWindow, qtbot: QtBot, make_deep_project: MakeProject
) -> None:
    eight_bits = (ramp(0, 255)).astype(np.uint8)
    folder = make_deep_project(ramp(1000, 9000), ramp(2000, 12000), eight_bits)
    opened(window, qtbot, folder)
    panel = window.display_panel
    window.bring_up(panel)
    as_read = picture(window)
    bars = panel.histogram
    qtbot.mousePress(bars, LEFT, NO_KEYS, QPoint(bars.width() - 2, 20))
    qtbot.mouseMove(bars, QPoint(bars.width() // 2, 20))
    qtbot.mouseRelease(bars, LEFT, NO_KEYS, QPoint(bars.width() // 2, 20))
    chosen, looked_like = panel.display.window, picture(window)
    assert chosen is not None
    assert looked_like.mean() > as_read.mean() + 5
    go_to(window, qtbot, "1.tif")
    assert panel.display.window == chosen
    go_to(window, qtbot, "2.tif")
    plain = picture(window)
    go_to(window, qtbot, "0.tif")
    window.workspace.close_project()
    assert panel.display.window is None
    opened(window, qtbot, folder)
    assert panel.display.window == chosen
    assert np.array_equal(picture(window), looked_like)
    qtbot.mouseClick(panel.auto_button, LEFT)
    assert np.array_equal(picture(window), as_read)
    go_to(window, qtbot, "2.tif")
    assert np.array_equal(picture(window), plain)
    window.workspace.close_project()
    opened(window, qtbot, folder)
    assert panel.display.window is None


def test_tools_and_the_network_see_the_image_as_it_was_read(
    window: MainWindow, qtbot: QtBot, make_deep_project: MakeProject
) -> None:
    opened(window, qtbot, make_deep_project(ramp(1000, 9000)))
    document, panel = window.workspace.document, window.display_panel
    assert document is not None
    before = picture(window)
    panel.high.setValue(5000.0)
    panel.contrast.slider.setValue(50)
    assert not np.array_equal(picture(window), before)
    sent = read_image(document.record.path.read_bytes()).pixels  # as the engine reads it
    assert np.array_equal(image_part(document.image, document.mask.bounds), sent)
    assert not document.mask.counts().any()
    assert document.undo_name is None


def test_a_tile_that_was_on_its_way_is_shown_with_the_display_of_now(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "large.tif"
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), np.uint8)
    tifffile.imwrite(path, noise, photometric="rgb", tile=(128, 128))
    source, owner = LazyTiff(path), QWidget()
    qtbot.addWidget(owner)
    tiles = ImageTiles(source, owner)
    key = (0, 1, 1)
    with qtbot.waitSignal(tiles.arrived), pytest.raises(Loading):
        tiles.picture(key, Deadline(1000))
    picture = tiles.picture(key, Deadline(1000))
    assert picture is not None
    before = picture.colours.copy()
    with pytest.raises(Loading):
        tiles.picture((0, 3, 3), Deadline(1000))
    time.sleep(0.2)  # the thread has made it; that it is there has not been said yet
    tiles.set_display(Display(brightness=1.0))
    qtbot.waitUntil(lambda: tiles.cached((0, 3, 3)) is not None)
    for place in (key, (0, 3, 3)):
        white = tiles.picture(place, Deadline(1000))
        assert white is not None
        assert (white.colours == 0xFFFFFFFF).all()
    tiles.set_display(Display())
    again = tiles.picture(key, Deadline(1000))
    assert again is not None
    assert np.array_equal(again.colours, before)
    tiles.close()
    source.close()
