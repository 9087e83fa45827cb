"""A real window on a real project; the engine is started only by tests that need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.ui.main_window import MainWindow


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(device="cpu")
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


@pytest.fixture
def open_sample(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with the sample project open and its first image shown."""
    window.workspace.open_project(copy_sample(tmp_path / "sample"))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    return window


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Path]:
    """Makes a project of flat grey images of given sizes and returns its folder."""

    def make(*sizes: tuple[int, int]) -> Path:
        images = tmp_path / "images"
        images.mkdir()
        project = Project.create(tmp_path / "project", ("background", "cell"))
        for number, (height, width) in enumerate(sizes):
            path = images / f"{number}.png"
            Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(path)
            project.add_images([probe(path)])
        project.close()
        return tmp_path / "project"

    return make
