"""From one project to another, and to none: nothing is mixed up, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui import main_window
from cnnseg_gui.ui.dialogs.new_project import NewProjectDialog
from cnnseg_gui.ui.dialogs.open_folder import OpenFolderDialog
from cnnseg_gui.ui.main_window import MainWindow

from .test_layout import choose_in_menu
from .test_painting import drag, mask_of
from .test_teaching import paint_two_classes
from .test_unsaved import full
from .test_window import drop, images_in

__all__ = ["full"]

LEFT = Qt.MouseButton.LeftButton
pytestmark = pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)


def folder_of(window: MainWindow) -> Path:
    assert window.workspace.project is not None
    return window.workspace.project.folder


def ask(window: MainWindow, qtbot: QtBot) -> OpenFolderDialog:
    """Ctrl+O, with a folder chosen in the system's dialog."""
    qtbot.keyClick(window.canvas, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(OpenFolderDialog)
    assert dialog is not None
    return dialog


def close_by_menu(window: MainWindow, qtbot: QtBot) -> None:
    choose_in_menu(window, qtbot, "close_project")


def reopen(window: MainWindow, qtbot: QtBot, folder: Path) -> None:
    window.opening.open_paths([folder])
    qtbot.waitUntil(lambda: window.workspace.document is not None)


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two images, which is what is chosen to be opened."""
    folder = images_in(tmp_path / "scans", "a.png", "b.png")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    return folder


def test_a_second_folder_is_asked_about_and_cancel_changes_nothing(
    open_sample: MainWindow, qtbot: QtBot, scans: Path
) -> None:
    window, folder = open_sample, folder_of(open_sample)
    dialog = ask(window, qtbot)
    assert dialog.add_button.text() == f"Add to {folder.name}"
    qtbot.mouseClick(dialog.cancel_button, LEFT)
    qtbot.wait(300)
    assert folder_of(window) == folder
    assert len(window.workspace.images()) == 12
    assert window.findChild(NewProjectDialog) is None


def test_a_second_folder_is_added_where_that_is_wanted_and_the_count_said(
    open_sample: MainWindow, qtbot: QtBot, scans: Path
) -> None:
    window, folder = open_sample, folder_of(open_sample)
    qtbot.mouseClick(ask(window, qtbot).add_button, LEFT)
    qtbot.waitUntil(lambda: window.status.currentMessage() == "2 images were added.", timeout=9000)
    assert folder_of(window) == folder
    assert len(window.workspace.images()) == 14


def test_a_second_folder_gets_a_project_of_its_own_where_that_is_wanted(
    open_sample: MainWindow, qtbot: QtBot, scans: Path
) -> None:
    window, folder = open_sample, folder_of(open_sample)
    drag(qtbot, window, ImagePoint(90, 60), ImagePoint(90, 120))
    painted = mask_of(window)
    qtbot.mouseClick(ask(window, qtbot).new_button, LEFT)
    dialog = window.findChild(NewProjectDialog)
    assert dialog is not None
    assert folder_of(window) == folder, "until it is made"
    qtbot.mouseClick(dialog.create_button, LEFT)
    qtbot.waitUntil(lambda: window.workspace.document is not None and len(names(window)) == 2)
    assert folder_of(window) == scans / "cnnseg"
    assert names(window) == ["a.png", "b.png"]
    window.workspace.open_project(folder)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert len(names(window)) == 12
    assert np.array_equal(mask_of(window), painted)


def names(window: MainWindow) -> list[str]:
    return [record.name for record in window.workspace.images()]


def test_what_is_dropped_is_added_without_a_question(
    open_sample: MainWindow, qtbot: QtBot, scans: Path
) -> None:
    window = open_sample
    drop(window, scans / "a.png")
    qtbot.waitUntil(lambda: window.status.currentMessage() == "1 image was added.", timeout=9000)
    drop(window, scans / "a.png")
    qtbot.waitUntil(lambda: "No image was added" in window.status.currentMessage(), timeout=9000)
    assert window.findChild(OpenFolderDialog) is None
    assert len(window.workspace.images()) == 13


def test_close_project_leaves_the_start_view_and_every_stroke_on_disk(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, folder = open_sample, folder_of(open_sample)
    drag(qtbot, window, ImagePoint(90, 60), ImagePoint(90, 120))
    painted = mask_of(window)
    close_by_menu(window, qtbot)
    assert window.workspace.project is None
    assert window.empty_state.isVisible()
    assert window.windowTitle() == "CNNSeg"
    assert window.classes_panel.rows.classes == ()
    assert window.images_panel.count_text == ""
    for name in ("close_project", "add_images", "export", "approve", "disapprove", "teach"):
        assert not window.actions_by_name[name].isEnabled(), name
    reopen(window, qtbot, folder)
    assert np.array_equal(mask_of(window), painted)
    assert window.windowTitle() == f"{folder.name} – CNNSeg"
    drag(qtbot, window, ImagePoint(150, 60), ImagePoint(150, 120))
    assert (mask_of(window)[150, 60:120] == 1).all()


def test_close_project_stops_a_fine_tune(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    paint_two_classes(window, qtbot)
    qtbot.waitUntil(window.training_panel.teach.isEnabled)
    qtbot.mouseClick(window.training_panel.teach, LEFT)
    assert window.fine_tuning.running
    close_by_menu(window, qtbot)
    assert not window.fine_tuning.running
    assert not window.training_panel.cancel.isVisible()


def test_close_project_on_a_full_disk_rescues_the_strokes_and_tells_of_them_again(
    full: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_window, "rescue_folder", lambda: tmp_path / "rescued")
    window, folder, painted = full, folder_of(full), mask_of(full)
    close_by_menu(window, qtbot)
    assert window.workspace.project is None
    (path,) = (tmp_path / "rescued").iterdir()
    assert np.array_equal(read_mask(path), painted)
    reopen(window, qtbot, folder)
    assert "The mask of one image is in" in window.banner.text
    qtbot.mouseClick(window.banner.offer, LEFT)
    assert np.array_equal(mask_of(window), painted)


def test_close_project_stays_open_where_nothing_can_be_rescued(
    full: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(main_window, "rescue_folder", lambda: tmp_path / "file" / "rescued")
    painted = mask_of(full)
    close_by_menu(full, qtbot)
    assert full.workspace.project is not None
    assert "rescuing your strokes" in full.banner.text
    assert np.array_equal(mask_of(full), painted)
    monkeypatch.setattr(main_window, "rescue_folder", lambda: tmp_path / "rescued")
