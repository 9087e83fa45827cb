"""A project whose file is damaged or gone is offered to be made again, and nothing before that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.dialogs.rebuild import RebuildDialog
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag, mask_of

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def left_behind(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> tuple[MainWindow, Path, np.ndarray]:
    """The window with nothing open, and a project that was painted on and closed."""
    folder = copy_sample(tmp_path / "sample")
    window.opening.open_paths([folder])
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(90, 100))
    painted = mask_of(window)
    window.workspace.add_tag(1, "stained")
    window.workspace.close_project()
    return window, folder, painted


def offered(window: MainWindow, qtbot: QtBot, folder: Path) -> RebuildDialog:
    window.opening.open_paths([folder])
    dialogs = window.findChildren(RebuildDialog)
    assert len(dialogs) == 1
    qtbot.waitUntil(dialogs[0].start.isEnabled)
    return dialogs[0]


@pytest.mark.parametrize("damage", ["overwritten", "gone"])
def test_it_is_made_again_by_one_click_and_is_open_then(
    left_behind: tuple[MainWindow, Path, np.ndarray], qtbot: QtBot, damage: str
) -> None:
    window, folder, painted = left_behind
    if damage == "gone":
        (folder / "project.sqlite").unlink()
    else:
        (folder / "project.sqlite").write_bytes(b"not a database" * 999)
    dialog = offered(window, qtbot, folder)
    assert "1 mask of 12 images, 1 tag" in dialog.said
    assert "background, nucleus" in dialog.said
    qtbot.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: window.workspace.document is not None, timeout=10_000)
    assert np.array_equal(mask_of(window), painted)
    assert window.workspace.images()[0].tags == ("stained",)
    kept = list(folder.glob("project (damaged *).sqlite"))
    assert len(kept) == (0 if damage == "gone" else 1)
    drag(qtbot, window, ImagePoint(10, 10), ImagePoint(30, 30))
    assert window.status.saved_text == "all saved"


def test_left_alone_nothing_is_changed(
    left_behind: tuple[MainWindow, Path, np.ndarray], qtbot: QtBot
) -> None:
    window, folder, _ = left_behind
    (folder / "project.sqlite").write_bytes(b"not a database" * 999)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    dialog = offered(window, qtbot, folder)
    qtbot.mouseClick(dialog.leave, LEFT)
    assert window.workspace.project is None
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) <= {folder / ".cnnseg.lock"}


def test_without_a_mirror_it_says_what_is_wrong_and_nothing_is_offered(
    window: MainWindow, tmp_path: Path
) -> None:
    folder = copy_sample(tmp_path / "sample")
    (folder / "project.sqlite").write_bytes(b"not a database" * 999)
    window.opening.open_paths([folder])
    assert window.findChildren(RebuildDialog) == []
    assert "not a project. Keep it as it is, and restore a copy" in window.banner.text


def test_masks_that_say_nothing_are_no_mirror_and_that_is_said(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = copy_sample(tmp_path / "sample")
    (folder / "project.sqlite").write_bytes(b"not a database" * 999)
    (folder / "masks").mkdir()
    Image.new("L", (9, 9)).save(folder / "masks" / "a.png")
    window.opening.open_paths([folder])
    (dialog,) = window.findChildren(RebuildDialog)
    qtbot.waitUntil(lambda: "does not say what project" in dialog.said)
    assert not dialog.start.isEnabled()
    assert "Nothing was changed." in dialog.said
    qtbot.mouseClick(dialog.leave, LEFT)


def test_while_another_window_has_it_open_it_is_left_alone(
    left_behind: tuple[MainWindow, Path, np.ndarray], qtbot: QtBot
) -> None:
    from cnnseg_gui.editor.project_lock import lock_project

    window, folder, _ = left_behind
    (folder / "project.sqlite").write_bytes(b"not a database" * 999)
    dialog = offered(window, qtbot, folder)
    lock = lock_project(folder)
    assert lock is not None
    qtbot.mouseClick(dialog.start, LEFT)
    assert "another window or command has this project open" in dialog.said
    assert (folder / "project.sqlite").read_bytes() == b"not a database" * 999
    lock.unlock()
    qtbot.mouseClick(dialog.leave, LEFT)
