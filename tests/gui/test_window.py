"""What a person meets around the canvas: opening, dropping, errors, empty states."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.dialogs.new_project import NewProjectDialog
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag, mask_of


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def images_in(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(folder / name)
    return folder


def test_an_empty_window_says_what_to_do_next(window: MainWindow) -> None:
    assert window.empty_state.isVisible()
    texts = [button.text() for button in window.empty_state.findChildren(QPushButton)]
    assert texts == ["Open a folder of images", "Open a project", "Try the sample"]
    for name in ("export", "undo", "accept", "teach", "cancel_teaching"):
        assert not window.actions_by_name[name].isEnabled()


def test_dropping_a_folder_offers_a_project_and_opens_its_first_image(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = images_in(tmp_path / "scans", "b2.png", "b10.png")
    drop(window, folder)
    dialog = window.findChild(NewProjectDialog)
    assert dialog is not None
    dialog.classes.setText("soil, root, root")
    assert not dialog.create_button.isEnabled()
    dialog.classes.setText("soil, root")
    qtbot.mouseClick(dialog.create_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert [record.name for record in window.workspace.images()] == ["b2.png", "b10.png"]
    assert window.workspace.project is not None
    assert [cls.name for cls in window.workspace.project.classes] == ["soil", "root"]
    assert window.workspace.project.folder == folder / "cnnseg"
    window.workspace.close_project()
    drop(window, folder)  # the second time it is simply opened
    assert window.workspace.project is not None


def test_a_broken_image_is_one_line_and_the_rest_of_the_folder_opens(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = images_in(tmp_path / "more", "good.png")
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    drop(open_sample, folder)
    qtbot.waitUntil(lambda: len(open_sample.workspace.images()) == 13)
    assert "bad.png" in open_sample.banner.text
    open_sample.banner.dismiss()
    assert not open_sample.banner.isVisible()


def test_a_folder_without_images_is_one_line(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    drop(open_sample, tmp_path / "empty")
    qtbot.waitUntil(lambda: "no images here" in open_sample.banner.text)


def test_an_image_that_is_gone_is_one_line_and_the_shown_one_stays(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    second = window.workspace.images()[1]
    second.path.unlink()
    window.workspace.step(1)
    qtbot.waitUntil(lambda: second.name in window.banner.text)
    assert "look for it in another folder" in window.banner.text
    assert window.workspace.document is not None
    assert window.workspace.document.record.id != second.id


def test_the_status_bar_says_what_is_under_the_pointer_also_after_a_stroke(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    drag(qtbot, open_sample, ImagePoint(50.5, 50.5), ImagePoint(50.5, 100.5))
    assert open_sample.status.place_text == "x 100  y 50 · 203 209 201 · nucleus"
    qtbot.keyClick(open_sample, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert open_sample.status.place_text == "x 100  y 50 · 203 209 201 · unlabelled"


def test_a_full_disk_keeps_the_stroke_says_so_and_saves_it_later(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    project = window.workspace.project
    assert project is not None
    fill_disk(project)
    paint_until_unsaved(window, qtbot)
    assert "disk is full" in window.banner.text
    drag(qtbot, window, ImagePoint(128, 20), ImagePoint(240, 300))
    painted = mask_of(window)
    assert "not saved" in window.status.saved_text
    project._db.execute("PRAGMA max_page_count = 1000000")
    with qtbot.waitSignal(window.workspace.recovered, timeout=8000):
        pass
    assert window.status.saved_text == "all saved"
    assert "disk is full" not in window.banner.text
    folder, number = project.folder, window.workspace.document.record.id  # type: ignore[union-attr]
    window.close()
    again = Project.open(folder)
    assert np.array_equal(again.load_mask(number).to_array(), painted)
    again.close()


def test_leaving_an_image_mirrors_its_mask_as_a_picture(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(90, 100))
    painted = mask_of(window)
    assert window.workspace.document is not None
    assert window.workspace.project is not None
    mirror = window.workspace.project.folder / "masks" / window.workspace.document.record.name
    window.workspace.step(1)
    qtbot.waitUntil(mirror.exists)
    qtbot.waitUntil(lambda: np.array_equal(read_mask(mirror), painted))


def test_a_project_that_is_none_leaves_the_open_one_alone(
    open_sample: MainWindow, tmp_path: Path
) -> None:
    before = open_sample.workspace.project
    stranger = tmp_path / "other"
    stranger.mkdir()
    sqlite3.connect(stranger / "project.sqlite").close()
    open_sample.opening.open_paths([stranger])
    assert "not a project" in open_sample.banner.text
    assert open_sample.workspace.project is before


def test_every_theme_draws_the_window(open_sample: MainWindow, qapp: QApplication) -> None:
    from cnnseg_gui.ui import theme

    pictures = []
    for dark in (True, False):
        theme.apply(qapp, dark=dark)
        pictures.append(open_sample.grab().toImage().pixelColor(5, 5).lightness())
    assert pictures[0] < 80 < 200 < pictures[1]


def test_the_window_fits_a_small_screen(open_sample: MainWindow, qtbot: QtBot) -> None:
    open_sample.resize(1024, 700)
    qtbot.waitUntil(lambda: open_sample.size() == QSize(1024, 700))
    assert open_sample.minimumSizeHint().width() <= 1024


@pytest.mark.parametrize("size", [(640, 480), (2200, 1300)])
def test_small_and_large_windows_show_the_image(
    open_sample: MainWindow, qtbot: QtBot, size: tuple[int, int]
) -> None:
    open_sample.resize(*size)
    qtbot.wait(30)
    assert open_sample.canvas.width() > 100
    shape = open_sample.workspace.document.mask.shape  # type: ignore[union-attr]
    assert open_sample.canvas.visible_rect.bottom == shape[0]


def test_exporting_from_the_dialog_writes_the_decided_pixels(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    from cnnseg_gui.ui.dialogs.export import ExportDialog

    drag(qtbot, open_sample, ImagePoint(50, 50), ImagePoint(90, 100))
    painted = mask_of(open_sample)
    open_sample.actions_by_name["export"].trigger()
    dialog = open_sample.findChild(ExportDialog)
    assert dialog is not None
    dialog.folder.setText(str(tmp_path / "out"))
    with qtbot.waitSignal(dialog.finished_export):
        qtbot.mouseClick(dialog.start_button, Qt.MouseButton.LeftButton)
    (mask,) = (tmp_path / "out" / "masks").iterdir()
    assert np.array_equal(read_mask(mask), painted)
    dialog.reject()


def fill_disk(project: Project) -> None:
    """SQLite's own "disk is full", at the next growth of the file."""
    pages = project._db.execute("PRAGMA page_count").fetchone()[0]
    project._db.execute(f"PRAGMA max_page_count = {pages}")


def paint_until_unsaved(window: MainWindow, qtbot: QtBot) -> None:
    for turn in range(12):  # a stroke takes some hundred bytes, and the last page has room yet
        window.choose_class_by_key(turn % 2)
        for row in range(10, 250, 12):
            drag(qtbot, window, ImagePoint(row, 5 + turn), ImagePoint(row + 5, 310 - turn))
            if window.workspace.unsaved:
                return
    raise AssertionError("everything fitted")


def test_coming_back_to_an_image_with_unsaved_strokes_shows_them(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    project, first = window.workspace.project, window.workspace.document
    assert project is not None
    assert first is not None
    fill_disk(project)
    paint_until_unsaved(window, qtbot)
    painted = mask_of(window)
    window.workspace.step(1)
    qtbot.waitUntil(lambda: window.workspace.document not in (first, None))
    window.workspace.step(-1)
    qtbot.waitUntil(lambda: window.workspace.document is first)
    assert np.array_equal(mask_of(window), painted)
    project._db.execute("PRAGMA max_page_count = 1000000")


def test_closing_on_a_full_disk_rescues_the_masks_elsewhere(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnseg_gui.ui import main_window

    window = open_sample
    assert window.workspace.project is not None
    fill_disk(window.workspace.project)
    paint_until_unsaved(window, qtbot)
    painted = mask_of(window)
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")  # a file where the folder should be: that fails as well
    monkeypatch.setattr(main_window, "rescue_folder", lambda: blocked / "masks")
    assert not window.close()
    assert "rescuing your strokes failed" in " ".join(window.banner.messages)
    monkeypatch.setattr(main_window, "rescue_folder", lambda: tmp_path / "rescued")
    assert window.close()
    (mask,) = (tmp_path / "rescued").iterdir()
    assert np.array_equal(read_mask(mask), painted)


def test_another_project_is_refused_while_strokes_are_unsaved(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_sample
    project = window.workspace.project
    assert project is not None
    fill_disk(project)
    paint_until_unsaved(window, qtbot)
    other = Project.create(tmp_path / "other")
    other.close()
    window.opening.open_paths([tmp_path / "other"])
    assert window.workspace.project is project
    assert "not on disk yet" in " ".join(window.banner.messages)
    project._db.execute("PRAGMA max_page_count = 1000000")


def test_another_projects_images_have_their_own_thumbnails(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    model = open_sample.images_panel.list.model()

    def first_picture() -> QImage | None:
        picture = model.index(0, 0).data(Qt.ItemDataRole.DecorationRole)
        return picture if isinstance(picture, QImage) else None

    qtbot.waitUntil(lambda: first_picture() is not None)
    before = first_picture()
    folder = images_in(tmp_path / "grey", "grey.png")
    project = Project.create(tmp_path / "other")
    project.add_images([probe(folder / "grey.png")])
    project.close()
    open_sample.opening.open_paths([tmp_path / "other"])
    qtbot.waitUntil(lambda: first_picture() is not None)
    assert first_picture() != before


def test_a_cancelled_export_says_so_and_leaves_nothing(
    open_sample: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    from cnnseg_gui.ui.dialogs.export import ExportDialog

    drag(qtbot, open_sample, ImagePoint(50, 50), ImagePoint(90, 100))
    open_sample.actions_by_name["export"].trigger()
    dialog = open_sample.findChild(ExportDialog)
    assert dialog is not None
    assert not dialog.isModal()
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.start()
    dialog.reject()  # Cancel while it works
    qtbot.waitUntil(dialog.start_button.isEnabled)
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert "Cancelled; nothing was written." in texts
    assert list(tmp_path.glob("*out*")) == []
    dialog.close()


def test_another_programs_lock_keeps_the_stroke_in_memory_not_the_window_waiting(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    assert window.workspace.project is not None
    other = sqlite3.connect(window.workspace.project.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(90, 100))
    assert "another program is using the project" in window.banner.text
    assert window.workspace.unsaved == 1
    other.execute("COMMIT")
    other.close()
    drag(qtbot, window, ImagePoint(150, 50), ImagePoint(190, 100))
    assert window.workspace.unsaved == 0
    assert not window.banner.isVisible()
