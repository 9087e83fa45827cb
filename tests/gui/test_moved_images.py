"""Image files that moved: found again, said in one line; what is missing is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.dialogs.export import ExportDialog
from cnnseg_gui.ui.dialogs.missing_images import MissingImagesDialog
from cnnseg_gui.ui.main_window import MainWindow

from .scans import dialog, go, image, open_scans, paint, save, shown
from .test_painting import LEFT, NO_KEYS, drag, mask_of


@pytest.fixture
def scans(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """See `open_scans`."""
    return open_scans(window, qtbot, tmp_path)


def test_a_folder_that_was_renamed_is_found_and_said_in_one_line(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "scans").rename(tmp_path / "scans 2026")
    scans.workspace.open_image(2)
    qtbot.waitUntil(lambda: shown(scans) == 2)
    assert (mask_of(scans) == 1).any()
    assert "was found again in" in scans.banner.text
    assert "with 3 more that moved along" in scans.banner.text
    assert [record.path.parent.name for record in scans.workspace.images()] == ["scans 2026"] * 4
    paint(scans, qtbot)  # and it goes on being painted on


def test_a_missing_image_is_named_and_looking_in_another_folder_finds_all(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = tmp_path / "far" / "away" / "2023"
    far.mkdir(parents=True)
    (tmp_path / "scans/b.png").rename(far / "x.png")
    (tmp_path / "scans/c.png").rename(far / "y.png")
    (tmp_path / "scans/d.png").unlink()
    scans.workspace.open_image(2)
    qtbot.waitUntil(lambda: "b.png: this image is not there any more" in scans.banner.text)
    assert shown(scans) == 1
    assert scans.banner.offer.isVisible()
    assert scans.banner.offer.text() == "Look in Another Folder…"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "far"))
    qtbot.mouseClick(scans.banner.offer, LEFT)
    found = dialog(scans, qtbot, MissingImagesDialog)
    qtbot.waitUntil(lambda: "found again" in found.said and "still missing" in found.said)
    assert found.said == "2 images found again, 1 image still missing:"
    assert found.another.isVisible()
    qtbot.mouseClick(found.cancel, LEFT)
    assert not scans.banner.isVisible()
    for number, name in ((2, "x.png"), (3, "y.png")):
        go(scans, qtbot, number)
        assert image(scans, number).path == far / name
        assert (mask_of(scans) == 1).any()


def test_next_goes_on_behind_an_image_that_is_missing(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "scans/b.png").unlink()
    scans.actions_by_name["next"].trigger()
    qtbot.waitUntil(lambda: "not there any more" in scans.banner.text)
    scans.actions_by_name["next"].trigger()
    qtbot.waitUntil(lambda: shown(scans) == 3)


def test_a_search_can_be_cancelled_and_keeps_what_it_found(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    far = tmp_path / "far" / "away"
    far.mkdir(parents=True)
    (tmp_path / "scans/b.png").rename(far / "b.png")
    for n in range(300):
        save(far / f"noise {n}.png", 1000 + n)
    (tmp_path / "scans/c.png").unlink()
    scans.moved_images.look_in(tmp_path / "far")
    found = dialog(scans, qtbot, MissingImagesDialog)
    scans.moved_images.relinking.progressed.connect(
        lambda looked, files, done: found.reject() if done == 1 and looked < 5 else None
    )
    qtbot.waitUntil(lambda: "found again," in found.said, timeout=20_000)
    assert image(scans, 2).path == far / "b.png"
    found.reject()


def test_what_a_search_finds_waits_for_the_end_of_the_stroke(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    document, canvas = scans.workspace.document, scans.canvas
    assert document is not None
    (tmp_path / "far").mkdir()
    (tmp_path / "scans/b.png").rename(tmp_path / "far/b.png")
    start, end = (canvas.widget_position(ImagePoint(30, x)).toPoint() for x in (10, 50))
    qtbot.mousePress(canvas, LEFT, NO_KEYS, start)
    relinking = scans.moved_images.relinking
    relinking.look_in([tmp_path / "far"])
    assert relinking._pool.waitForDone(20_000)
    qtbot.wait(300)
    assert document.painting
    assert image(scans, 2).path.parent.name == "scans"
    qtbot.mouseMove(canvas, end)
    qtbot.mouseRelease(canvas, LEFT, NO_KEYS, end)
    qtbot.waitUntil(lambda: image(scans, 2).path.parent.name == "far")
    assert (mask_of(scans)[30, 10:50] == 1).all()
    assert len(document.history()) == 1


def test_the_engine_gets_the_copy_that_is_there(scans: MainWindow, tmp_path: Path) -> None:
    project = scans.workspace.project
    assert project is not None
    sha256 = project.image(2).sha256
    copy = tmp_path / "copy.png"
    copy.write_bytes((tmp_path / "scans/b.png").read_bytes())
    project.add_images([probe(copy)])
    (tmp_path / "scans/b.png").unlink()
    assert scans._supply.find(sha256) == copy


def test_teaching_leaves_out_what_is_missing_or_changed_and_goes_on(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    for number in (1, 4):  # the first is the third that was worked on, and so held out
        go(scans, qtbot, number)
        qtbot.keyClick(scans, Qt.Key.Key_1)
        paint(scans, qtbot)
        qtbot.keyClick(scans, Qt.Key.Key_0)
        drag(qtbot, scans, ImagePoint(50, 10), ImagePoint(50, 60))
    (tmp_path / "scans/b.png").unlink()
    save(tmp_path / "scans/c.png", 70)
    scans.engine.start()
    ended: list[object] = []
    for signal in (scans.fine_tuning.finished, scans.fine_tuning.kept):
        signal.connect(ended.append)
    scans.fine_tuning.unimproved.connect(ended.append)
    stopped: list[str] = []
    scans.fine_tuning.stopped.connect(stopped.append)
    scans.fine_tuning.start(seconds=2)
    qtbot.waitUntil(lambda: bool(ended or stopped), timeout=60_000)
    assert not stopped
    said = " ".join(scans.banner.messages)
    assert "b.png: this image is not there any more" in said
    assert "c.png: this file has changed" in said
    assert "a.png" not in said
    assert "d.png" not in said


def test_an_export_names_what_it_leaves_out(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "scans/b.png").unlink()
    scans.opening.ask_export()
    export = dialog(scans, qtbot, ExportDialog)
    export.folder.setText(str(tmp_path / "set"))
    with qtbot.waitSignal(export.finished_export):
        qtbot.mouseClick(export.start_button, LEFT)
    assert export.said.startswith("1 image exported to")
    assert "1 could not be:" in export.said
    assert "b.png: this image is not there any more" in export.said
    assert sorted(path.name for path in (tmp_path / "set/images").iterdir()) == ["c.png"]
    export.close()
