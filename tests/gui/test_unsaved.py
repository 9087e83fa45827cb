"""When the disk refuses: whatever the person does next, no finished stroke is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.mask_io import encode_mask, read_mask
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor import rescued
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.formats.export import ExportReport
from cnnseg_gui.ui import main_window
from cnnseg_gui.ui.dialogs.export import ExportDialog
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import LEFT, NO_KEYS, drag, mask_of


@pytest.fixture
def full(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    """The window with one stroke that SQLite's own "disk is full" keeps from being stored."""
    assert open_sample.workspace.project is not None
    db = open_sample.workspace.project._db
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
    open_sample.set_diameter(9)
    for row in range(4, 160, 3):
        drag(qtbot, open_sample, ImagePoint(row, 5), ImagePoint(160 - row, 310))
        if open_sample.workspace.unsaved:
            open_sample.set_diameter(20)
            return open_sample
    raise AssertionError("everything fitted")


def make_room(window: MainWindow) -> None:
    assert window.workspace.project is not None
    window.workspace.project._db.execute("PRAGMA max_page_count = 1000000")


def refuse_writes(window: MainWindow, *, refuse: bool) -> None:
    """SQLite's own "this is read-only"."""
    assert window.workspace.project is not None
    window.workspace.project._db.execute(f"PRAGMA query_only = {int(refuse)}")


def begin_stroke(window: MainWindow, qtbot: QtBot) -> None:
    canvas = window.canvas
    qtbot.mousePress(canvas, LEFT, NO_KEYS, canvas.widget_position(ImagePoint(180, 40)).toPoint())
    qtbot.mouseMove(canvas, canvas.widget_position(ImagePoint(180, 260)).toPoint())


def stored(window: MainWindow) -> np.ndarray:
    assert window.workspace.project is not None
    assert window.workspace.document is not None
    return window.workspace.project.load_mask(window.workspace.document.record.id).to_array()


def test_a_retry_while_painting_never_stores_half_a_stroke(full: MainWindow, qtbot: QtBot) -> None:
    before = mask_of(full)
    begin_stroke(full, qtbot)
    make_room(full)
    full.workspace._store_waiting()  # what the retry timer does
    qtbot.keyClick(full.canvas, Qt.Key.Key_Escape)
    full.workspace._store_waiting()
    assert np.array_equal(mask_of(full), before)
    assert np.array_equal(stored(full), before)
    assert full.workspace.project is not None
    counted = full.workspace.project.images()[0].decided
    assert sum(counted.values()) == np.count_nonzero(before != UNLABELLED)


def test_closing_with_a_stroke_under_way_rescues_it_too(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_window, "rescue_folder", lambda: tmp_path / "rescued")
    begin_stroke(open_sample, qtbot)
    painted = mask_of(open_sample)
    assert (painted[180, 60:240] == 1).all()
    refuse_writes(open_sample, refuse=True)
    assert open_sample.close()
    (path,) = (tmp_path / "rescued").iterdir()
    assert np.array_equal(read_mask(path), painted)


def test_closing_when_the_database_is_out_of_reach_rescues_all(
    full: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_window, "rescue_folder", lambda: tmp_path / "rescued")
    painted = mask_of(full)
    assert full.workspace.project is not None
    full.workspace.project._db.close()  # every use of it fails from now on
    assert full.close()
    (path,) = (tmp_path / "rescued").iterdir()
    assert np.array_equal(read_mask(path), painted)


def test_rescued_masks_are_told_of_and_put_back_when_the_project_is_open_again(
    full: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_window, "rescue_folder", lambda: tmp_path / "rescued")
    project = full.workspace.project
    assert project is not None
    painted, before = mask_of(full), stored(full)
    assert not np.array_equal(painted, before)
    folder = project.folder
    assert full.close()
    window = MainWindow(device="cpu")
    qtbot.addWidget(window)
    window.show()
    window.opening.open_paths([folder])
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    window.workspace.close_project()
    window.opening.open_paths([folder])  # told again until it is put back
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert "The mask of one image is in" in window.banner.text
    assert str(tmp_path / "rescued") in window.banner.text
    assert np.array_equal(mask_of(window), before)
    qtbot.mouseClick(window.banner.offer, LEFT)
    assert not window.banner.isVisible()
    assert np.array_equal(mask_of(window), painted)
    assert np.array_equal(stored(window), painted)
    assert window.actions_by_name["undo"].text() == "Undo Put strokes back"
    qtbot.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(mask_of(window), before)
    window.workspace.close_project()
    window.opening.open_paths([folder])
    assert not window.banner.isVisible()  # it was put back
    window.close()


def test_rescued_masks_of_images_that_are_not_shown_are_put_back_and_no_others(
    open_sample: MainWindow, tmp_path: Path
) -> None:
    workspace = open_sample.workspace
    project = workspace.project
    assert project is not None
    record, other = project.image(5), project.image(6)
    wanted = np.full((record.height, record.width), UNLABELLED, np.uint8)
    wanted[20:40, 30:60] = 1
    wanted[50:60, 30:60] = 77  # a class that is no more
    paths = []
    for name in (f"{record.path.stem}.5", f"{record.path.stem}.{other.id}", "strange"):
        paths.append(tmp_path / f"{name}.png")
        paths[-1].write_bytes(encode_mask(wanted, project.classes))
    rescued.remember(project.folder, [*paths, tmp_path / "gone.png"])
    folder = project.folder
    workspace.close_project()
    workspace.open_project(folder)
    assert "The masks of 3 images are in" in open_sample.banner.text
    open_sample.banner.offer.click()
    assert project is not workspace.project
    project = workspace.project
    assert project is not None
    expected = np.where(wanted == 77, UNLABELLED, wanted)
    assert np.array_equal(project.load_mask(5).to_array(), expected)
    assert not project.image(6).decided
    refused = [said for said in open_sample.banner.messages if "of no image" in said]
    assert len(refused) == 2
    assert rescued.recall(folder) == paths[1:], "they are told of again"


def test_another_project_is_refused_also_with_a_stroke_under_way(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    Project.create(tmp_path / "other").close()
    begin_stroke(open_sample, qtbot)
    painted = mask_of(open_sample)
    refuse_writes(open_sample, refuse=True)
    with pytest.raises(UserError, match="not on disk yet"):
        open_sample.workspace.open_project(tmp_path / "other")
    refuse_writes(open_sample, refuse=False)
    open_sample.workspace._store_waiting()
    assert np.array_equal(stored(open_sample), painted)


def test_an_export_waits_until_all_strokes_are_on_disk(
    full: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    full.actions_by_name["export"].trigger()
    (dialog,) = full.findChildren(ExportDialog)
    dialog.folder.setText(str(tmp_path / "out"))
    qtbot.mouseClick(dialog.start_button, LEFT)
    assert "1 strokes are not on disk yet" in dialog.said
    assert dialog.start_button.isEnabled()
    assert not (tmp_path / "out").exists()
    make_room(full)
    painted = mask_of(full)
    with qtbot.waitSignal(dialog.finished_export, timeout=20_000) as caught:
        qtbot.mouseClick(dialog.start_button, LEFT)
    (report,) = caught.args or ()
    assert isinstance(report, ExportReport)
    assert report.images == 1
    (path,) = (tmp_path / "out").glob("masks/*.png")
    assert np.array_equal(read_mask(path), painted)


def test_leaving_and_coming_back_after_the_disk_took_it_works(
    full: MainWindow, qtbot: QtBot
) -> None:
    window, first = full, full.workspace.document
    make_room(window)
    drag(qtbot, window, ImagePoint(200, 20), ImagePoint(200, 300))  # both are stored now
    assert window.workspace.unsaved == 0
    assert not window.banner.isVisible()
    painted = mask_of(window)
    window.workspace.step(1)
    qtbot.waitUntil(lambda: window.workspace.document not in (first, None))
    second = window.workspace.document
    window.workspace.step(-1)
    qtbot.waitUntil(lambda: window.workspace.document not in (second, None))
    assert np.array_equal(mask_of(window), painted)
    drag(qtbot, window, ImagePoint(230, 20), ImagePoint(230, 300))
    assert (mask_of(window)[230, 30:290] == 1).all()


def test_a_second_window_on_the_same_project_is_refused_until_the_first_closes(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    assert open_sample.workspace.project is not None
    folder = open_sample.workspace.project.folder
    second = MainWindow(device="cpu")
    qtbot.addWidget(second)
    second.show()
    second.opening.open_paths([folder])
    assert "another window or command has this project open" in second.banner.text
    assert second.workspace.project is None
    open_sample.close()
    second.opening.open_paths([folder])
    assert second.workspace.project is not None
    second.close()


def test_a_project_that_cannot_be_read_leaves_the_open_one_open(
    open_sample: MainWindow, make_project: Callable[..., Path]
) -> None:
    before = open_sample.workspace.project
    folder = make_project((20, 20))
    db = sqlite3.connect(folder / "project.sqlite")
    db.execute("DROP TABLE class")
    db.commit()
    db.close()
    open_sample.opening.open_paths([folder])
    assert open_sample.banner.messages
    assert open_sample.workspace.project is before
    assert open_sample.workspace.document is not None
