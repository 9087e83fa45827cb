"""The classifier panel with a real engine: labels, tags, why, seeds, a part of the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.engine.client import local_command
from cnnseg_gui.ui.dialogs.label_all import LabelAllDialog
from cnnseg_gui.ui.dialogs.teach_tags import TeachTagsDialog
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.label_results import LabelResults, Row

from .test_painting import mask_of
from .test_teaching import PATIENCE_MS, wait_for_proposal

LITE0 = "imagenet:efficientnet-lite0"


@pytest.fixture
def labelled(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    """The sample with the Labels panel in front and the first image's labels said."""
    window = open_sample
    window.engine.start()
    wait_for_proposal(window, qtbot)
    assert said(window) == [], "nobody is looking yet"
    window.bring_up(window.labels_panel)
    wait_for_labels(window, qtbot)
    return window


def said(window: MainWindow) -> list[Row]:
    return [row for row in window.labels_panel.results.rows if row.probability is not None]


def wait_for_labels(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(said(window)) >= 5, timeout=PATIENCE_MS)


def click_row(window: MainWindow, qtbot: QtBot, text: str, *, twice: bool = False) -> None:
    results: LabelResults = window.labels_panel.results
    (item,) = results.findItems(text, Qt.MatchFlag.MatchExactly)
    at = results.visualItemRect(item).center()
    qtbot.mouseClick(results.viewport(), Qt.MouseButton.LeftButton, pos=at)
    if twice:
        qtbot.mouseDClick(results.viewport(), Qt.MouseButton.LeftButton, pos=at)


def tags_of(window: MainWindow, image_id: int = 1) -> tuple[str, ...]:
    assert window.workspace.project is not None
    return window.workspace.project.tags.of(image_id)


def on_canvas(window: MainWindow, x: float, y: float) -> QPoint:
    return window.canvas.widget_position(ImagePoint(y, x)).toPoint()


def test_the_installed_classifier_says_five_labels_and_another_image_gets_its_own(
    labelled: MainWindow, qtbot: QtBot
) -> None:
    rows = said(labelled)
    assert len(rows) == 5
    assert all(row.model == LITE0 for row in rows)
    probabilities = [row.probability or 0 for row in rows]
    assert probabilities == sorted(probabilities, reverse=True)
    labelled.workspace.open_image(12)
    qtbot.waitUntil(
        lambda: said(labelled) != rows and len(said(labelled)) == 5, timeout=PATIENCE_MS
    )


def test_a_label_becomes_a_tag_by_button_and_by_double_click(
    labelled: MainWindow, qtbot: QtBot
) -> None:
    panel = labelled.labels_panel
    first, second = said(labelled)[:2]
    assert not panel.tag.isEnabled()
    click_row(labelled, qtbot, first.text)
    qtbot.mouseClick(panel.tag, Qt.MouseButton.LeftButton)
    assert tags_of(labelled) == (first.text,)
    click_row(labelled, qtbot, second.text, twice=True)
    assert set(tags_of(labelled)) == {first.text, second.text}
    assert set(panel.tags.tags) == {first.text, second.text}


def test_a_tag_is_typed_and_taken_off_again(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    window.bring_up(window.labels_panel)
    field = window.labels_panel.tags.field
    field.setFocus()
    before = window.canvas.view_transform
    qtbot.keyClicks(field, "bed f1")  # B, E, D, F and 1 are keys of the window
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert tags_of(window) == ("bed f1",)
    assert field.text() == ""
    assert window.canvas.view_transform == before
    assert window.workspace.document is not None
    assert window.workspace.document.record.id == 1
    (chip,) = window.labels_panel.tags.findChildren(type(window.labels_panel.ask))[:1]
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert tags_of(window) == ()
    assert window.labels_panel.tags.tags == []


def test_a_tag_that_is_no_name_is_refused_in_one_line(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.workspace.add_tag(1, "x" * 300)
    assert "300 characters" in window.banner.text
    assert tags_of(window) == ()


def test_why_lies_over_the_image_until_it_is_asked_away(labelled: MainWindow, qtbot: QtBot) -> None:
    panel = labelled.labels_panel
    click_row(labelled, qtbot, said(labelled)[0].text)
    qtbot.mouseClick(panel.why, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: labelled.canvas.heat is not None, timeout=PATIENCE_MS)
    heat = labelled.canvas.heat
    assert heat is not None
    assert said(labelled)[0].text in heat.legend
    assert heat.values.max() == pytest.approx(1, abs=0.02)
    assert panel.why.isChecked()
    qtbot.mouseClick(panel.why, Qt.MouseButton.LeftButton)
    assert labelled.canvas.heat is None


def test_the_hottest_region_becomes_a_proposal_and_never_a_mask(
    labelled: MainWindow, qtbot: QtBot
) -> None:
    document = labelled.workspace.document
    assert document is not None
    panel = labelled.labels_panel
    click_row(labelled, qtbot, said(labelled)[0].text)
    qtbot.mouseClick(panel.why, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.seed.isEnabled, timeout=PATIENCE_MS)
    heat = labelled.canvas.heat
    assert heat is not None
    row, column = np.unravel_index(int(heat.values.argmax()), heat.values.shape)
    height, width = document.mask.shape
    at = (
        int((row + 0.5) * height / heat.values.shape[0]),
        int((column + 0.5) * width / heat.values.shape[1]),
    )
    qtbot.keyClick(labelled, Qt.Key.Key_1)
    qtbot.mouseClick(panel.seed, Qt.MouseButton.LeftButton)
    bounds = document.mask.bounds
    qtbot.waitUntil(lambda: bool(document.proposal.confidence.read(bounds)[at] > 240))
    assert document.proposal.classes.to_array()[at] == 1
    assert (mask_of(labelled) == UNLABELLED).all()
    assert labelled.canvas.heat is None


def test_a_part_is_looked_at_by_a_line_round_it_or_a_click_on_an_object(
    labelled: MainWindow, qtbot: QtBot
) -> None:
    panel, canvas = labelled.labels_panel, labelled.canvas
    whole = [row.text for row in said(labelled)]
    qtbot.mouseClick(panel.region, Qt.MouseButton.LeftButton)
    picker = labelled.labelling._picker
    assert picker.isVisible()
    qtbot.mousePress(picker, Qt.MouseButton.LeftButton, pos=on_canvas(labelled, 20, 20))
    for x, y in ((60, 20), (60, 70), (20, 70)):
        qtbot.mouseMove(picker, on_canvas(labelled, x, y))
    qtbot.mouseRelease(picker, Qt.MouseButton.LeftButton, pos=on_canvas(labelled, 20, 22))
    region = labelled.labelling._classifying.region
    assert region is not None
    assert abs(region.top - 20) <= 1
    assert abs(region.bottom - 71) <= 1
    assert abs(region.right - 61) <= 1
    qtbot.waitUntil(
        lambda: len(said(labelled)) == 5 and [r.text for r in said(labelled)] != whole,
        timeout=PATIENCE_MS,
    )
    assert (mask_of(labelled) == UNLABELLED).all(), "nothing is painted meanwhile"
    document = labelled.workspace.document
    assert document is not None
    classes = document.proposal.classes.to_array()
    classes[:] = 0
    classes[100:120, 130:170] = 1
    document.show_proposal(0, 0, classes, np.full_like(classes, 200))
    qtbot.mouseClick(panel.region, Qt.MouseButton.LeftButton)  # the whole image again
    assert labelled.labelling._classifying.region is None
    qtbot.mouseClick(panel.region, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(picker, Qt.MouseButton.LeftButton, pos=on_canvas(labelled, 150, 110))
    assert labelled.labelling._classifying.region == (100, 130, 120, 170)
    qtbot.mouseClick(panel.region, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.region, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(picker, Qt.MouseButton.LeftButton, pos=on_canvas(labelled, 20, 20))
    assert "no object there" in labelled.banner.text
    qtbot.mouseClick(panel.region, Qt.MouseButton.LeftButton)
    qtbot.keyClick(picker, Qt.Key.Key_Escape)
    assert not panel.region.isChecked()
    assert canvas.isVisible()


def test_all_images_are_labelled_and_only_the_sure_ones_tagged(
    labelled: MainWindow, qtbot: QtBot
) -> None:
    labelled.workspace.add_tag(1, "seen before")
    qtbot.mouseClick(labelled.labels_panel.label_all, Qt.MouseButton.LeftButton)
    (dialog,) = labelled.findChildren(LabelAllDialog)
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: dialog.table.rowCount() == 11 and dialog.start.isEnabled(), timeout=PATIENCE_MS
    )
    sure = sorted(float(dialog.table.item(row, 2).text().removesuffix(" %")) for row in range(11))
    dialog.sure.setValue(round(sure[5]) + 1)
    qtbot.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    project = labelled.workspace.project
    assert project is not None
    tagged = sum(bool(record.tags) for record in project.images())
    assert 1 < tagged < 12
    assert tags_of(labelled) == ("seen before",)
    dialog.close()


def test_tags_are_taught_and_the_new_classifier_is_asked(
    labelled: MainWindow, qtbot: QtBot
) -> None:
    panel = labelled.labels_panel
    assert not panel.teach.isEnabled()
    for number in range(1, 13):
        labelled.workspace.add_tag(number, "odd" if number % 2 else "even")
    assert panel.teach.isEnabled()
    qtbot.mouseClick(panel.teach, Qt.MouseButton.LeftButton)
    (dialog,) = labelled.findChildren(TeachTagsDialog)
    assert dialog.pretrained.isChecked()
    dialog.seconds.setValue(5)
    qtbot.mouseClick(dialog.teach, Qt.MouseButton.LeftButton)
    assert not dialog.teach.isEnabled()
    with qtbot.waitSignal(labelled.labelling._tag_training.finished, timeout=PATIENCE_MS):
        pass
    assert "Taught as t001" in dialog.said
    assert dialog.confusion.isVisible() == ("held-out" in dialog.said)
    dialog.close()
    project = labelled.workspace.project
    assert project is not None
    (stored,) = project.classifiers.all()
    assert (stored.folder / "model.safetensors").is_file()
    qtbot.waitUntil(
        lambda: (
            {row.text for row in said(labelled) if row.model.startswith("tags:")} == {"odd", "even"}
        ),
        timeout=PATIENCE_MS,
    )


def test_closing_while_tags_are_taught_loses_nothing(labelled: MainWindow, qtbot: QtBot) -> None:
    for number in range(1, 13):
        labelled.workspace.add_tag(number, "odd" if number % 2 else "even")
    labelled.labelling._tag_training.start("efficientnet-lite0", pretrained=True, seconds=300)
    qtbot.wait(200)
    folder = labelled.workspace.project.folder if labelled.workspace.project else None
    labelled.close()
    assert folder is not None
    assert not list((folder / "models").glob("t*")) or not (folder / "models").exists()


def test_labels_for_one_project_never_become_tags_of_another(
    labelled: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    qtbot.mouseClick(labelled.labels_panel.label_all, Qt.MouseButton.LeftButton)
    (dialog,) = labelled.findChildren(LabelAllDialog)
    dialog.sure.setValue(0)
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.table.rowCount() >= 3, timeout=PATIENCE_MS)
    labelled.workspace.open_project(copy_sample(tmp_path / "another"))
    qtbot.waitUntil(lambda: not labelled.findChildren(LabelAllDialog))
    assert not labelled.labelling._label_all.running
    project = labelled.workspace.project
    assert project is not None
    assert project.tags.counts() == {}


def test_another_device_ends_the_labelling_of_all(labelled: MainWindow, qtbot: QtBot) -> None:
    label_all = labelled.labelling._label_all
    label_all.start(LITE0)
    assert label_all.running
    with qtbot.waitSignal(label_all.finished, timeout=PATIENCE_MS):
        labelled.engine.use_command(local_command(device="cpu", threads=1))
    assert not label_all.running


def test_another_image_takes_the_picker_away(labelled: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(labelled.labels_panel.region, Qt.MouseButton.LeftButton)
    assert labelled.labelling._picker.isVisible()
    labelled.workspace.open_image(2)
    qtbot.waitUntil(lambda: not labelled.labelling._picker.isVisible(), timeout=PATIENCE_MS)


def test_why_that_is_not_wanted_any_more_does_not_come_back(
    labelled: MainWindow, qtbot: QtBot
) -> None:
    panel = labelled.labels_panel
    click_row(labelled, qtbot, said(labelled)[0].text)
    qtbot.mouseClick(panel.why, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.why, Qt.MouseButton.LeftButton)
    qtbot.wait(1000)
    assert labelled.canvas.heat is None
    assert not panel.why.isChecked()


def test_behind_another_panel_nothing_is_asked(labelled: MainWindow, qtbot: QtBot) -> None:
    labelled.bring_up(labelled.training_panel)
    asked: list[str] = []
    labelled.labelling._classifying.asked.connect(asked.append)
    labelled.workspace.open_image(3)
    wait_for_proposal(labelled, qtbot)
    qtbot.wait(200)
    assert asked == []
    labelled.bring_up(labelled.labels_panel)
    assert asked == [LITE0]
