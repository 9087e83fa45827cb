"""A region command that takes long is said in the status bar, and can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import TILE
from cnnseg_gui.editor.region_editing import RegionKind
from cnnseg_gui.ui.main_window import MainWindow

_SIDE = 3072


@pytest.fixture
def discs(
    window: MainWindow, make_project: Callable[..., Path], qtbot: QtBot
) -> tuple[MainWindow, np.ndarray]:
    """The window with an image full of discs, whose splitting takes seconds."""
    window.workspace.open_project(make_project((_SIDE, _SIDE)))
    qtbot.waitUntil(lambda: window.workspace.document is not None, timeout=10_000)
    document = window.workspace.document
    assert document is not None
    y, x = np.mgrid[:TILE, :TILE] % 32 - 15.5
    tile = (y * y + x * x < 150).astype(np.bool_)
    mask = np.tile(tile, (_SIDE // TILE, _SIDE // TILE))
    document.fill("Discs", [((0, 0, mask), 1)])
    window.choose_class_by_key(1)
    return window, document.mask.to_array()


@pytest.mark.parametrize("how", ["button", "key"])
def test_it_is_stopped_and_the_mask_stays(
    discs: tuple[MainWindow, np.ndarray], how: str, qtbot: QtBot
) -> None:
    window, before = discs
    document = window.workspace.document
    assert document is not None
    status = window.computing_status
    assert not status.stop_button.isVisible()
    window.actions_by_name[RegionKind.SPLIT.value].trigger()
    assert document.computing
    assert status.text.startswith("Split ")
    assert status.stop_button.isVisible()
    if how == "button":
        qtbot.mouseClick(status.stop_button, Qt.MouseButton.LeftButton)
    else:
        window.canvas.setFocus()
        QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not document.computing, timeout=2000)
    assert status.text == ""
    assert not status.stop_button.isVisible()
    assert np.array_equal(document.mask.to_array(), before)
    assert document.undo_name == "Discs"


def test_left_alone_it_becomes_one_step(discs: tuple[MainWindow, np.ndarray], qtbot: QtBot) -> None:
    window, before = discs
    document = window.workspace.document
    assert document is not None
    window.actions_by_name[RegionKind.SHRINK.value].trigger()
    assert document.computing
    qtbot.waitUntil(lambda: not document.computing, timeout=20_000)
    assert (document.mask.to_array() != before).any()
    document.undo()
    assert np.array_equal(document.mask.to_array(), before)
