"""The export dialog: what it counts, what it warns of, what it writes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.export import ExportReport, written_formats
from cnnseg_gui.ui.dialogs import export_counts
from cnnseg_gui.ui.dialogs.export import ExportDialog
from cnnseg_gui.ui.main_window import MainWindow

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(qtbot: QtBot, make_project: Callable[..., Path]) -> Iterator[ExportDialog]:
    """Of three images: a cell in the first, background alone in the second, the third undecided."""
    folder = make_project((40, 60), (40, 60), (40, 60))
    project = Project.open(folder)
    for record in project.images()[:2]:
        mask = project.load_mask(record.id)
        for box, value in (((0, 0, 40, 60), 0), ((5, 5, 20, 30), 1)):
            if value == 0 or record.id == 1:
                builder = PatchBuilder(mask)
                builder.paint(
                    box[0], box[1], np.ones((box[2] - box[0], box[3] - box[1]), np.bool_), value
                )
                patch = builder.finish()
                assert patch is not None
                project.commit(patch, mask, name="Brush")
    made = ExportDialog(project, require_saved=lambda: None)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    project.close()


def settled(dialog: ExportDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog.dry_run.busy, timeout=10_000)


def pick(box: QComboBox, value: str) -> None:
    """With the keyboard, as a person would."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.count()):
        if box.currentData() == value:
            return
        QTest.keyClick(box, Qt.Key.Key_Down)
    raise AssertionError(value)


def write_into(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)


def export(dialog: ExportDialog, qtbot: QtBot, folder: Path) -> ExportReport:
    if dialog.folder.text() != str(folder):
        write_into(dialog.folder, str(folder))
    with qtbot.waitSignal(dialog.finished_export, timeout=20_000) as caught:
        qtbot.mouseClick(dialog.start_button, LEFT)
    (report,) = caught.args or ()
    assert isinstance(report, ExportReport)
    return report


def test_it_offers_what_can_be_written(dialog: ExportDialog) -> None:
    offered = [dialog.format.itemData(n) for n in range(dialog.format.count())]
    assert tuple(offered) == written_formats()


def test_counts_warnings_and_previews_are_there_before_anything_is_written(
    dialog: ExportDialog, qtbot: QtBot
) -> None:
    settled(dialog, qtbot)
    assert "2 images, 1 with background alone; 1 left out" in dialog.counts.text()
    assert dialog.warnings.text() == ""
    assert [name.text() for name in dialog.preview.names] == ["0", "1", "", ""]
    assert not dialog.preview.pictures[0].pixmap().isNull()
    assert dialog.preview.pictures[2].pixmap().isNull()


def test_changing_an_option_counts_anew(dialog: ExportDialog, qtbot: QtBot) -> None:
    pick(dialog.form.which, "all")
    settled(dialog, qtbot)
    assert dialog.counts.text().startswith("3 images")
    assert "without a decided pixel" in dialog.warnings.text()
    pick(dialog.form.which, "approved")
    settled(dialog, qtbot)
    assert "no image is approved" in dialog.warnings.text()


def test_what_cannot_be_read_as_a_split_is_said_at_once(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog.form.split.setFocus()
    QTest.keyClick(dialog.form.split, Qt.Key.Key_Space)
    write_into(dialog.form.ratios, "lots")
    assert "70/15/15" in dialog.warnings.text()
    qtbot.mouseClick(dialog.start_button, LEFT)
    assert "“lots” is no split" in dialog.said
    assert dialog.start_button.isEnabled()


def test_an_export_is_read_back_and_says_so(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    pick(dialog.format, "coco")
    report = export(dialog, qtbot, tmp_path / "set")
    assert report.images == 2
    assert dialog.said.startswith("2 images exported to")
    assert "Identical: 2 of 2 images read back by pycocotools" in dialog.said
    assert dialog.show_button.isVisible()


def test_options_of_the_form_are_those_of_the_data_set(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    pick(dialog.format, "png")
    pick(dialog.form.choices["values"], "grey")
    dialog.form.split.setFocus()
    QTest.keyClick(dialog.form.split, Qt.Key.Key_Space)
    write_into(dialog.form.ratios, "0/100/0")
    dialog.form.classes.set_name("cell", "thing")
    dialog.form.tiles.setFocus()
    dialog.form.tiles.selectAll()
    QTest.keyClicks(dialog.form.tiles, "32")
    line = dialog.form.licence.lineEdit()
    assert line is not None
    write_into(line, "CC0-1.0")
    report = export(dialog, qtbot, tmp_path / "set")
    card = json.loads((report.folder / "dataset.json").read_text(encoding="utf-8"))
    assert card["licence"] == "CC0-1.0"
    assert [row["name"] for row in card["classes"]] == ["background", "thing"]
    assert card["options"]["choices"] == {"values": "grey"}
    assert {row["split"] for row in card["images"]} == {"val"}
    assert {(row["height"], row["width"]) for row in card["images"]} == {(32, 32)}
    assert report.images == 2 * 4


def test_a_second_export_needs_the_word_to_replace_the_first(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    export(dialog, qtbot, tmp_path / "set")
    qtbot.mouseClick(dialog.start_button, LEFT)
    qtbot.waitUntil(dialog.start_button.isEnabled)
    assert "nothing is overwritten" in dialog.said
    assert dialog.replace.isEnabled()
    dialog.replace.setFocus()
    QTest.keyClick(dialog.replace, Qt.Key.Key_Space)
    pick(dialog.format, "voc")
    export(dialog, qtbot, tmp_path / "set")
    assert (tmp_path / "set" / "SegmentationClass").is_dir()
    assert not (tmp_path / "set" / "masks").exists()


def test_a_small_dialog_shows_every_control_by_scrolling(
    dialog: ExportDialog, qtbot: QtBot
) -> None:
    settled(dialog, qtbot)
    dialog.resize(dialog.minimumSizeHint())
    QApplication.processEvents()
    assert dialog.height() < 480
    assert dialog.start_button.isVisible()
    assert dialog.start_button.geometry().bottom() <= dialog.height()


def test_closing_while_it_counts_leaves_no_defect_behind(
    open_sample: MainWindow,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone, asked = threading.Event(), threading.Event()

    def wait(*_: object, **__: object) -> list[object]:
        asked.set()
        gone.wait(10)
        return []

    monkeypatch.setattr(export_counts, "previews", wait)
    qtbot.mouseClick(open_sample.canvas, Qt.MouseButton.LeftButton)
    open_sample.actions_by_name["export"].trigger()
    (shown,) = open_sample.findChildren(ExportDialog)
    qtbot.waitUntil(asked.is_set)
    with qtbot.waitSignal(shown.destroyed):
        qtbot.keyClick(shown, Qt.Key.Key_Escape)
    gone.set()
    assert QThreadPool.globalInstance().waitForDone(10_000)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
