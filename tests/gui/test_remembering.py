"""What is as it was left when a project, or the window, is opened again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.class_rows import eye_area, lock_area
from cnnseg_gui.ui.panels.training import DEFAULT_SECONDS

from .test_classes import click_row
from .test_painting import drag, mask_of


def mark(window: MainWindow, qtbot: QtBot, *, locked: int, hidden: int) -> None:
    """Clicks on the lock of one class and the eye of another."""
    rows, view = window.classes_panel.rows, window.classes_panel.list
    for row, area in ((locked, lock_area), (hidden, eye_area)):
        click_row(qtbot, window, row, area(view.visualRect(rows.index(row))).center())


def open_anew(window: MainWindow, qtbot: QtBot, folder: Path) -> MainWindow:
    """Another window on a project, after this one was closed."""
    assert window.close()
    again = MainWindow(device="cpu")
    qtbot.addWidget(again, before_close_func=lambda made: made.close())
    again.resize(1200, 800)
    again.show()
    again.workspace.open_project(folder)
    qtbot.waitUntil(lambda: again.workspace.document is not None)
    return again


def folder_of(window: MainWindow) -> Path:
    assert window.workspace.project is not None
    return window.workspace.project.folder


def test_a_locked_class_is_still_locked_and_kept_when_the_project_is_open_again(
    open_sample: MainWindow, qtbot: QtBot, make_project: Callable[..., Path]
) -> None:
    window = open_sample
    window.set_diameter(20)
    drag(qtbot, window, ImagePoint(90, 60), ImagePoint(90, 120))
    before = mask_of(window)
    mark(window, qtbot, locked=1, hidden=0)
    folder, other = folder_of(window), make_project((60, 80))
    window.workspace.open_project(other)
    assert not window.tools.locked, "the other project has none"
    assert not window.classes_panel.rows.hidden
    window = open_anew(window, qtbot, folder)
    assert window.tools.locked == window.classes_panel.rows.locked == {1}
    assert window.classes_panel.rows.hidden == {0}
    qtbot.keyClick(window.canvas, Qt.Key.Key_E)
    drag(qtbot, window, ImagePoint(90, 60), ImagePoint(90, 120))
    assert np.array_equal(mask_of(window), before)
    mark(window, qtbot, locked=1, hidden=0)  # and unlocked, shown again
    window = open_anew(window, qtbot, folder)
    assert not window.tools.locked
    assert not window.classes_panel.rows.hidden


def test_the_seconds_are_the_projects_own(
    open_sample: MainWindow, qtbot: QtBot, make_project: Callable[..., Path]
) -> None:
    window, seconds = open_sample, open_sample.training_panel.seconds
    folder = folder_of(window)
    seconds.setFocus()
    seconds.selectAll()
    qtbot.keyClicks(seconds, "245")
    window.workspace.open_project(make_project((60, 80)))
    assert seconds.value() == DEFAULT_SECONDS
    window = open_anew(window, qtbot, folder)
    assert window.training_panel.seconds.value() == 245


def test_tool_and_brush_size_are_as_they_were_in_the_next_window(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    qtbot.keyClick(window.canvas, Qt.Key.Key_L)
    for _ in range(3):
        qtbot.keyClick(window.canvas, Qt.Key.Key_BracketRight)
    size = window.tools.diameter
    window = open_anew(window, qtbot, folder_of(window))
    assert window.tools.tool.key == "lasso"
    assert window.actions_by_name["lasso"].isChecked()
    assert window.tools.diameter == pytest.approx(size)


@pytest.mark.parametrize("odd", ["x", "1 999 -3 ²", "9" * 5000])
def test_a_project_that_holds_something_odd_there_opens(
    window: MainWindow, qtbot: QtBot, make_project: Callable[..., Path], odd: str
) -> None:
    folder = make_project((60, 80))
    project = Project.open(folder)
    for key in ("locked_classes", "hidden_classes", "training_seconds"):
        project.set_setting(key, odd)
    project.close()
    window.workspace.open_project(folder)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert window.tools.locked == ({1} if odd.startswith("1") else set())
    assert window.training_panel.seconds.value() == DEFAULT_SECONDS
