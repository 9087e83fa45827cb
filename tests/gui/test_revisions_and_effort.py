"""Revisions with their verdicts, going back to one, blinking between two; effort and forecast."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from safetensors.numpy import load_file, save

from cnnseg_gui.core.promotion import BETTER, NOT_BETTER, Verdict
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.resources import starter_folder
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag

PATIENCE_MS = 120_000
LEFT = Qt.MouseButton.LeftButton


def add_revision(
    window: MainWindow, *, scale: float, images: int, verdict: Verdict, dice: float, parent: str
) -> str:
    """Stores the starter with all weights of its last layers scaled, as if it had been taught."""
    project = window.workspace.project
    assert project is not None
    folder = Path(str(starter_folder())) / "unet-lite0"
    tensors = load_file(folder / "model.safetensors")
    last = [name for name in tensors if name.endswith("bias")][-1]
    tensors[last] = tensors[last] + np.array([0, scale], tensors[last].dtype)[: tensors[last].size]
    card = json.loads((folder / "card.json").read_bytes())
    held_out = project.image(2).content
    card |= {
        "images": images,
        "held_out": 1,
        "parent": parent,
        "sha256": "",
        "dice": dice,
        "check": dataclasses.asdict(verdict),
        "metrics": {"iou_before": 0.6, "iou": 0.6 + verdict.gain},
        "by_class": {"nucleus": {"iou": 0.71, "dice": dice}},
        "by_image": {held_out: [0.5, 0.6]},
    }
    weights = save({name: value.copy() for name, value in tensors.items()})
    data = json.dumps(card).encode()
    return project.revisions.add(weights, data, promoted=verdict.promotes).name


@pytest.fixture
def taught(open_sample: MainWindow) -> MainWindow:
    """Two promoted revisions and one that was not better; the panel in front."""
    window = open_sample
    project = window.workspace.project
    assert project is not None
    better = Verdict(BETTER, 0.05, 0.02, 0.08, 0.99, 6)
    add_revision(window, scale=0.0, images=2, verdict=better, dice=0.80, parent="x")
    first = project.revisions.all()[0].sha256
    add_revision(window, scale=3.0, images=4, verdict=better, dice=0.85, parent=first)
    worse = Verdict(NOT_BETTER, 0.004, -0.02, 0.03, 0.6, 6)
    add_revision(window, scale=-3.0, images=6, verdict=worse, dice=0.84, parent=first)
    window.choice.choose("")
    window.bring_up(window.review_panels.revisions)
    window.reviewing.refresh()
    return window


def rows(window: MainWindow) -> list[str]:
    listed = window.review_panels.revisions.list
    return [listed.item(row).text() for row in range(listed.count())]


def test_revisions_are_listed_with_their_verdicts_and_numbers(taught: MainWindow) -> None:
    panel = taught.review_panels.revisions
    assert [row.partition("\n")[0] for row in rows(taught)] == ["r003", "● r002", "r001"]
    assert rows(taught)[0].endswith("not better · IoU 0.60 · 6 images")
    assert rows(taught)[1].endswith("better · IoU 0.65 · 4 images")
    assert panel.chosen_name == "r002"
    assert "Better: IoU +0.050 (+0.020 to +0.080) on 6 held-out images" in panel.text
    assert "from r001" in panel.text
    assert "nucleus: IoU 0.71, Dice 0.85" in panel.text
    project = taught.workspace.project
    assert project is not None
    assert f"{project.image(2).name}: 0.50 → 0.60" in panel.text
    assert not panel.use.isEnabled()


def test_no_revision_is_marked_where_a_starter_proposes(taught: MainWindow) -> None:
    taught.choice.choose("starter:fcn-lite0", knows=True)
    assert [row.partition("\n")[0] for row in rows(taught)] == ["r003", "r002", "r001"]
    panel = taught.review_panels.revisions
    panel.list.setCurrentRow(1)
    assert panel.use.isEnabled()
    panel.use.click()
    assert rows(taught)[1].startswith("● r002")
    assert taught.choice.proposing.startswith("weights:")


def test_one_click_goes_back_to_any_revision(taught: MainWindow, qtbot: QtBot) -> None:
    panel, project = taught.review_panels.revisions, taught.workspace.project
    assert project is not None
    place = panel.list.visualItemRect(panel.list.item(2)).center()
    QTest.mouseClick(panel.list.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    assert panel.chosen_name == "r001"
    qtbot.mouseClick(panel.use, LEFT)
    current = project.revisions.current
    assert current is not None
    assert current.name == "r001"
    assert taught.proposing.model == f"weights:{current.sha256}"
    assert rows(taught)[2].startswith("● r001")
    assert panel.use.text() == "Proposes now"


def test_blink_shows_the_other_revision_and_then_what_proposes(
    taught: MainWindow, qtbot: QtBot
) -> None:
    taught.engine.start()
    document = taught.workspace.document
    assert document is not None
    qtbot.waitUntil(
        lambda: document.proposal_complete and not taught.proposing.running, timeout=PATIENCE_MS
    )
    own = document.proposal.classes.to_array()
    panel, looks = taught.review_panels.revisions, taught.reviewing.looks
    panel.choose("r001")
    taught.canvas.setFocus()
    QTest.keyClick(taught, Qt.Key.Key_V)
    qtbot.waitUntil(lambda: looks.blinking, timeout=PATIENCE_MS)
    other = document.proposal.classes.to_array()
    assert not np.array_equal(other, own)
    assert (other == 1).sum() < (own == 1).sum(), "r002's bias is for the nuclei"
    assert panel.blink.isChecked()
    QTest.keyClick(taught, Qt.Key.Key_V)
    assert not looks.blinking
    np.testing.assert_array_equal(document.proposal.classes.to_array(), own)
    QTest.keyClick(taught, Qt.Key.Key_V)
    assert looks.blinking, "it is asked once only"
    drag(qtbot, taught, ImagePoint(60, 60), ImagePoint(60, 90))
    assert not looks.blinking
    np.testing.assert_array_equal(document.proposal.classes.to_array(), own)


def test_a_card_has_pictures_that_both_models_really_proposed(
    taught: MainWindow, qtbot: QtBot
) -> None:
    panel = taught.review_panels.revisions
    taught.engine.start()
    panel.choose("r003")
    qtbot.waitUntil(panel._pictures.isVisible, timeout=PATIENCE_MS)
    image, mask, before, after = (place.pixmap().toImage() for place in panel._places)
    assert image == mask, "nothing is painted on it"
    assert before != image
    assert before != after
    project = taught.workspace.project
    assert project is not None
    assert panel._picture_note.text() == f"On {project.image(2).name}:"


def test_effort_is_shown_with_what_is_still_to_come(taught: MainWindow, qtbot: QtBot) -> None:
    panel = taught.review_panels.effort
    assert "Paint on an image" in panel.text
    taught.actions_by_name["show_effort"].trigger()
    qtbot.waitUntil(panel.isVisible)
    drag(qtbot, taught, ImagePoint(60, 60), ImagePoint(60, 120))
    qtbot.waitUntil(lambda: "1 image" in panel.text)
    assert "1 gestures" in panel.text or "1 gesture" in panel.text
    assert "Too early to tell: 2 of 4 scores." in panel.text
    better = Verdict(BETTER, 0.05, 0.02, 0.08, 0.99, 6)
    for n, dice in ((8, 0.88), (16, 0.91), (32, 0.93)):
        add_revision(taught, scale=0.1 * n, images=n, verdict=better, dice=dice, parent="")
    taught.reviewing.refresh()
    assert "Dice 0.95" in panel.text
    assert "more image" in panel.text
    assert panel._curve is not None
    assert panel._curve.isVisible()
