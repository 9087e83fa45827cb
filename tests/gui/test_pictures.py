"""What is on the screen is what the image, the mask and the colours say, at every zoom.

The expected pictures are computed, pixel by pixel, not stored. `test_hidpi.py` runs this file once
more on a screen of double density.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.canvas.tip import Tip
from cnnseg_gui.ui.main_window import MainWindow

_SHAPE = (900, 1100)
_SCALES = {"fit": 0.0, "1:1": 1.0, "8:1": 8.0}
LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture(params=["light", "dark"])
def painted(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[MainWindow]:
    """Squares of random colours of 20 pixels, a decided box and a proposed one."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.apply(application, dark=request.param == "dark")
    rng = np.random.default_rng(3)
    squares = rng.integers(0, 256, (_SHAPE[0] // 20, _SHAPE[1] // 20, 3), dtype=np.uint8)
    path = tmp_path / "squares.png"
    Image.fromarray(squares.repeat(20, axis=0).repeat(20, axis=1)).save(path)
    project = Project.create(tmp_path / "project", ("background", "cell"))
    project.add_images([probe(path)])
    project.close()
    window.workspace.open_project(tmp_path / "project")
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    document = window.workspace.document
    assert document is not None
    proposed = np.full(_SHAPE, UNLABELLED, np.uint8)
    proposed[400:500, 560:700] = 1
    document.show_proposal(0, 0, proposed, np.full(_SHAPE, 200, np.uint8))
    window.tools.choose_tool("box")
    window.canvas.one_to_one()
    window.canvas.centre_on(ImagePoint(450, 550))
    corners = [
        window.canvas.widget_position(ImagePoint(*corner)).toPoint()
        for corner in ((410, 480), (490, 620))
    ]
    qtbot.mousePress(window.canvas, LEFT, NO_KEYS, corners[0])
    qtbot.mouseMove(window.canvas, corners[1])
    qtbot.mouseRelease(window.canvas, LEFT, NO_KEYS, corners[1])
    qtbot.mouseMove(window.canvas, QPoint(2, 2))
    yield window
    theme.apply(application, dark=False)


def show(window: MainWindow, view: str) -> QImage:
    window.canvas.fit()
    if _SCALES[view]:
        window.canvas.zoom_by(_SCALES[view] / window.canvas.view_transform.scale)
        window.canvas.centre_on(ImagePoint(450, 590))
    picture = window.canvas.grab().toImage()
    while not window.canvas.complete:
        QApplication.processEvents()
        picture = window.canvas.grab().toImage()
    return picture


def expected(window: MainWindow) -> np.ndarray:
    """float64[H, W, 3]: the image under the overlay's colours, each pixel by itself."""
    document = window.workspace.document
    assert document is not None
    mask, proposed = document.mask.to_array(), document.proposal.classes.to_array()
    index = mask.astype(int)
    shown = (mask == UNLABELLED) & (proposed != UNLABELLED)
    index[shown] = 256 + proposed[shown].astype(int)
    outside = np.pad(index, 1, constant_values=UNLABELLED)
    edge = np.zeros(mask.shape, bool)
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        edge |= index != outside[dy : dy + mask.shape[0], dx : dx + mask.shape[1]]
    colours = window.painting.table()[index + 512 * edge]
    alpha = (colours >> 24)[..., None] / 255
    over = np.stack([colours >> shift & 255 for shift in (16, 8, 0)], axis=-1)
    image = np.asarray(Image.open(document.record.path)).astype(float)
    return over + image * (1 - alpha)


def seen(window: MainWindow, picture: QImage, row: int, column: int) -> np.ndarray:
    """What is drawn in the middle of a pixel."""
    place = window.canvas.widget_position(ImagePoint(row + 0.5, column + 0.5))
    ratio = window.canvas.devicePixelRatioF()
    colour = QColor(picture.pixel(int(place.x() * ratio), int(place.y() * ratio)))
    return np.array([colour.red(), colour.green(), colour.blue()])


@pytest.mark.parametrize("view", ["1:1", "8:1"])
def test_every_pixel_looked_at_has_its_own_colour(painted: MainWindow, view: str) -> None:
    picture, wanted = show(painted, view), expected(painted)
    visible = painted.canvas.visible_rect.inflated(-2)
    rng = np.random.default_rng(1)
    rows = rng.integers(visible.top, visible.bottom, 400)
    columns = rng.integers(visible.left, visible.right, 400)
    for row, column in zip(rows, columns, strict=True):
        difference = seen(painted, picture, int(row), int(column)) - wanted[row, column]
        assert np.abs(difference).max() <= 2, (row, column)


def test_at_fit_the_middle_of_every_square_has_its_colour(painted: MainWindow) -> None:
    picture, wanted = show(painted, "fit"), expected(painted)
    for row in range(50, _SHAPE[0] - 50, 20):
        for column in range(50, _SHAPE[1] - 50, 20):
            around = wanted[row - 6 : row + 7, column - 6 : column + 7]
            if np.ptp(around, axis=(0, 1)).max() == 0:  # no edge of the overlay near by
                difference = seen(painted, picture, row, column) - wanted[row, column]
                assert np.abs(difference).max() <= 3, (row, column)


@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_the_tips_line_runs_along_the_pixels_that_a_dab_covers(
    painted: MainWindow, scale: float
) -> None:
    canvas = painted.canvas
    show(painted, "1:1" if scale == 1 else "8:1")
    at = ImagePoint(300.3, 590.7) if scale == 1 else ImagePoint(450.3, 590.7)
    canvas.show_tip(None)
    bare = canvas.grab().toImage()
    canvas.show_tip(Tip(at=at, diameter=30, square=False, colour=QColor("white")))
    ringed = canvas.grab().toImage()
    ratio = canvas.devicePixelRatioF()
    for row in range(int(at.y) - 20, int(at.y) + 21):
        for column in range(int(at.x) - 20, int(at.x) + 21):
            inside = (row + 0.5 - at.y) ** 2 + (column + 0.5 - at.x) ** 2 <= 15**2
            left = (row + 0.5 - at.y) ** 2 + (column - 0.5 - at.x) ** 2 <= 15**2
            if inside != left and scale == 8:  # a border runs between these two pixels
                edge = canvas.widget_position(ImagePoint(row + 0.5, column))
                x, y = round(edge.x() * ratio), int(edge.y() * ratio)
                near = [QColor(ringed.pixel(x + dx, y)) for dx in (-1, 0, 1)]
                assert QColor("white") in near, (row, column)
            far = abs(np.hypot(row + 0.5 - at.y, column + 0.5 - at.x) - 15) > 3
            if far:
                place = canvas.widget_position(ImagePoint(row + 0.5, column + 0.5))
                x, y = int(place.x() * ratio), int(place.y() * ratio)
                assert ringed.pixel(x, y) == bare.pixel(x, y), (row, column)
