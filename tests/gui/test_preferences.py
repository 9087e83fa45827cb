"""Preferences hold at once, for the next project, and at the next start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_io import MAX_PIXELS, largest, set_largest
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.dialogs.preferences import PreferencesDialog
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def _limit_restored() -> Iterator[None]:
    yield
    set_largest(MAX_PIXELS / 1e6)


def opened(window: MainWindow, qtbot: QtBot) -> PreferencesDialog:
    qtbot.waitUntil(lambda: window.findChildren(PreferencesDialog) == [])
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    (dialog,) = window.findChildren(PreferencesDialog)
    return dialog


def type_into(box: object, text: str) -> None:
    box.setFocus()  # type: ignore[attr-defined]
    box.selectAll()  # type: ignore[attr-defined]
    QTest.keyClicks(box, text)  # type: ignore[arg-type]


def test_the_history_of_the_open_project_is_cut_to_it(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    for row in (20, 40, 60):
        drag(qtbot, window, ImagePoint(row, 20), ImagePoint(row, 200))
    project = window.workspace.project
    assert project is not None
    assert len(project.history(1)) == 3
    dialog = opened(window, qtbot)
    assert dialog.history.value() == 512
    type_into(dialog.history, "16")
    qtbot.mouseClick(dialog.ok, LEFT)
    assert project._journal.max_bytes == 16 * 2**20
    project.limit_history(1)  # what 16 MB would do after many thousand strokes
    drag(qtbot, window, ImagePoint(80, 20), ImagePoint(80, 200))
    assert len(project.history(1)) == 1


def test_it_holds_for_the_next_project_and_the_next_start(
    window: MainWindow, make_project: Callable[..., Path], qtbot: QtBot
) -> None:
    dialog = opened(window, qtbot)
    type_into(dialog.history, "99")
    qtbot.mouseClick(dialog.ok, LEFT)
    window.workspace.open_project(make_project((20, 20)))
    assert window.workspace.project is not None
    assert window.workspace.project._journal.max_bytes == 99 * 2**20
    again = MainWindow(device="cpu")
    qtbot.addWidget(again)
    assert again.preferences.history_mb == 99
    again.close()


def test_a_larger_image_is_refused_and_opens_once_it_is_allowed(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_sample
    path = tmp_path / "large.png"
    Image.new("L", (1500, 1000)).save(path)
    before = len(window.workspace.images())
    dialog = opened(window, qtbot)
    type_into(dialog.largest, "1")
    qtbot.mouseClick(dialog.ok, LEFT)
    assert largest() == 1_000_000
    window.workspace.add_images([path])
    qtbot.waitUntil(lambda: "the image says it has 1,500,000 pixels" in window.banner.text)
    assert len(window.workspace.images()) == before
    dialog = opened(window, qtbot)
    qtbot.mouseClick(dialog.defaults, LEFT)
    qtbot.mouseClick(dialog.ok, LEFT)
    window.workspace.add_images([path])
    qtbot.waitUntil(lambda: len(window.workspace.images()) == before + 1, timeout=10_000)


def test_cancel_and_odd_settings_change_nothing(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(window, qtbot)
    type_into(dialog.history, "1234")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.preferences.history_mb == 512
    for odd in ("many", "-5", "", "1e9"):
        QSettings().setValue("preferences/history_mb", odd)
        assert window.preferences.history_mb == 512
