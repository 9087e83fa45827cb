"""A window on images whose files are moved and changed."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QDialog, QRadioButton, QWidget
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import ImageRecord, probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.dialogs.changed_image import ChangedImageDialog
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import LEFT, drag, mask_of

_Kind = TypeVar("_Kind", bound=QDialog)


def save(path: Path, seed: int, size: tuple[int, int] = (80, 60)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    return path


def go(window: MainWindow, qtbot: QtBot, number: int) -> None:
    window.workspace.open_image(number)
    qtbot.waitUntil(lambda: shown(window) == number)


def shown(window: MainWindow) -> int | None:
    document = window.workspace.document
    return document.record.id if document is not None else None


def paint(window: MainWindow, qtbot: QtBot) -> None:
    window.set_diameter(9)
    drag(qtbot, window, ImagePoint(30, 10), ImagePoint(30, 60))
    assert (mask_of(window) == 1).any()


def image(window: MainWindow, number: int) -> ImageRecord:
    assert window.workspace.project is not None
    return window.workspace.project.image(number)


def asked(window: MainWindow, qtbot: QtBot) -> ChangedImageDialog:
    return dialog(window, qtbot, ChangedImageDialog)


def dialog(window: QWidget, qtbot: QtBot, kind: type[_Kind]) -> _Kind:
    def visible() -> list[_Kind]:
        return [found for found in window.findChildren(kind) if found.isVisible()]

    qtbot.waitUntil(lambda: bool(visible()))
    return visible()[0]


def choose(qtbot: QtBot, button: QRadioButton) -> None:
    qtbot.mouseClick(button, LEFT, pos=QPoint(8, button.height() // 2))
    assert button.isChecked()


def listed(window: MainWindow) -> list[str]:
    return [record.name for record in window.workspace.images()]


def open_scans(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """Opens four images in `scans/`, the second and the third painted on, the first shown."""
    project = Project.create(tmp_path / "work" / "project", ("background", "cell"))
    paths = [save(tmp_path / "scans" / f"{name}.png", n) for n, name in enumerate("abcd")]
    project.add_images([probe(path) for path in paths])
    project.close()
    window.workspace.open_project(tmp_path / "work" / "project")
    for number in (2, 3, 1):
        go(window, qtbot, number)
        if number != 1:
            paint(window, qtbot)
    return window
