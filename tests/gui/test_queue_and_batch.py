"""With a real engine: images in the order of what helps most, and proposals for many of them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_doubts import reading_doubts
from cnnseg_gui.core.image_table import APPROVED, FORMER, probe
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.queue_order import queue_order
from cnnseg_gui.editor.batch import stored_run
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.engine.client import State, local_command
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.image_model import REASON, RECORD

from .test_painting import NO_KEYS, drag, mask_of

PATIENCE_MS = 120_000
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def live(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    open_sample.engine.start()
    qtbot.waitUntil(lambda: complete(open_sample), timeout=PATIENCE_MS)
    return open_sample


def complete(window: MainWindow) -> bool:
    document = window.workspace.document
    return document is not None and document.proposal_complete and not window.proposing.running


def order_of(window: MainWindow) -> list[int]:
    model = window.images_panel.list.model()
    return [model.index(row, 0).data(RECORD).id for row in range(model.rowCount())]


def shown(window: MainWindow) -> int:
    assert window.workspace.document is not None
    return window.workspace.document.record.id


def choose_order(window: MainWindow, qtbot: QtBot, down: bool) -> None:
    box = window.images_panel.order
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down if down else Qt.Key.Key_Up)


def settled_queue(window: MainWindow, qtbot: QtBot) -> list[int]:
    """Once all images have been looked at, the order that the project's numbers give."""
    queueing, project = window.reviewing.queueing, window.workspace.project
    assert project is not None
    done: list[tuple[int, int]] = []
    queueing.progressed.connect(lambda *counts: done.append(counts))
    qtbot.waitUntil(lambda: bool(done) and done[-1][0] == done[-1][1] > 0, timeout=PATIENCE_MS)
    with reading_doubts(project.path) as doubts:
        return [int(number) for number in queue_order(doubts.waiting(), doubts.seen()).ids]


def test_the_list_and_the_next_image_follow_what_helps_most(live: MainWindow, qtbot: QtBot) -> None:
    folder_order = order_of(live)
    choose_order(live, qtbot, down=True)
    wanted = settled_queue(live, qtbot)
    assert wanted != folder_order
    qtbot.waitUntil(lambda: order_of(live) == wanted, timeout=PATIENCE_MS)
    model = live.images_panel.list.model()
    reasons = [model.index(row, 0).data(REASON) for row in range(model.rowCount())]
    assert all(reasons)
    assert reasons[7] == "at random"
    assert any("% sure" in reason for reason in reasons)
    assert "so that the score stays fair" in str(
        model.index(7, 0).data(Qt.ItemDataRole.ToolTipRole)
    )
    place = wanted.index(shown(live))
    for _ in range(2):
        place = min(place + 1, len(wanted) - 1)
        QTest.keyClick(live, Qt.Key.Key_D)
        qtbot.waitUntil(lambda place=place: shown(live) == wanted[place])
    qtbot.waitUntil(lambda: complete(live), timeout=PATIENCE_MS)
    drag(qtbot, live, ImagePoint(60, 60), ImagePoint(60, 120))
    assert order_of(live) == wanted, "nothing jumps while a person works"
    choose_order(live, qtbot, down=False)
    assert order_of(live) == folder_order


def test_the_order_is_chosen_for_good(live: MainWindow, qtbot: QtBot) -> None:
    choose_order(live, qtbot, down=True)
    wanted = settled_queue(live, qtbot)
    project = live.workspace.project
    assert project is not None
    folder = project.folder
    live.workspace.close_project()
    live.workspace.open_project(folder)
    qtbot.waitUntil(lambda: order_of(live) == wanted, timeout=PATIENCE_MS)
    assert live.images_panel.order.currentText() == "Order: What helps most"


def test_a_batch_accepts_what_is_sure_beside_what_was_painted_and_goes_on_after_a_cancel(
    live: MainWindow, qtbot: QtBot
) -> None:
    project, panel = live.workspace.project, live.review_panels.batch
    assert project is not None
    drag(qtbot, live, ImagePoint(60, 60), ImagePoint(60, 120))
    painted = mask_of(live)
    live.actions_by_name["propose_batch"].trigger()
    qtbot.waitUntil(panel.start.isVisible)
    qtbot.mouseClick(panel.accepts, LEFT)
    panel.sure.setValue(90)
    steps: list[int] = []
    live.reviewing.batch.progressed.connect(lambda run: steps.append(run.done))
    qtbot.mouseClick(panel.start, LEFT)
    qtbot.waitUntil(lambda: len(steps) >= 2, timeout=PATIENCE_MS)
    qtbot.mouseClick(panel.cancel, LEFT)
    assert not live.reviewing.batch.running
    run = stored_run(project)
    assert run is not None
    assert run.done == steps[-1] < run.total == 12
    assert "Cut short after" in panel.said
    ended: list[tuple[object, ...]] = []
    live.reviewing.batch.finished.connect(lambda *told: ended.append(told))
    qtbot.mouseClick(panel.go_on, LEFT)
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert steps == list(range(1, 13)), "each image once"
    assert stored_run(project) is None
    assert "12 images proposed" in panel.said
    after = mask_of(live)
    decided = painted != UNLABELLED
    np.testing.assert_array_equal(after[decided], painted[decided])
    document = live.workspace.document
    assert document is not None
    sure = document.proposal.confidence.read(document.mask.bounds)
    new = (after != UNLABELLED) & ~decided
    assert new.any()
    assert sure[new].mean() > 0.88 * 255
    assert project.image(2).decided, "an image that was never shown"
    assert document.undo_name == "Accept above 90%"
    QTest.keyClick(live, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(mask_of(live), painted)


def test_a_batch_waits_for_the_end_of_the_stroke(live: MainWindow, qtbot: QtBot) -> None:
    batch, document, canvas = live.reviewing.batch, live.workspace.document, live.canvas
    assert document is not None
    start, end = (canvas.widget_position(ImagePoint(60, x)).toPoint() for x in (60, 200))
    qtbot.mousePress(canvas, LEFT, NO_KEYS, start)
    ended: list[tuple[object, ...]] = []
    batch.finished.connect(lambda *told: ended.append(told))
    batch.start(above=0.9, total=0, images=[document.record.id])
    qtbot.waitUntil(lambda: batch._request is None, timeout=PATIENCE_MS)  # proposed
    qtbot.wait(500)
    assert batch.running
    assert document.painting
    qtbot.mouseMove(canvas, end)
    assert (mask_of(live)[60, 60:200] == 1).all()
    painted = mask_of(live)
    qtbot.mouseRelease(canvas, LEFT, NO_KEYS, end)
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert document.undo_name == "Accept above 90%"
    document.undo()
    np.testing.assert_array_equal(mask_of(live), painted)
    assert document.undo_name == "Brush stroke"


def test_a_batch_is_kept_where_the_engine_is_given_up_and_goes_on_with_another(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    project, panel, batch = window.workspace.project, window.review_panels.batch, window.reviewing
    assert project is not None
    project.image(5).path.unlink()
    window.engine.use_command([sys.executable, "-c", "raise SystemExit(1)"])
    window.actions_by_name["propose_batch"].trigger()
    qtbot.waitUntil(panel.start.isVisible)
    window.engine.start()
    qtbot.mouseClick(panel.start, LEFT)
    qtbot.waitUntil(lambda: window.engine.state == State.BROKEN, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not batch.batch.running)
    run = stored_run(project)
    assert run is not None
    assert (run.done, run.last, run.refused) == (0, 0, 0), "it was no image's fault"
    assert "the batch was stopped, since the engine does not run" in window.banner.text
    qtbot.mouseClick(panel.go_on, LEFT)  # there still is none
    qtbot.waitUntil(lambda: not batch.batch.running)
    assert stored_run(project) == run
    window.engine.use_command(local_command(device="cpu"))
    ended: list[tuple[object, ...]] = []
    batch.batch.finished.connect(lambda *told: ended.append(told))
    qtbot.mouseClick(panel.go_on, LEFT)
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert panel.said == "11 images proposed, 1 images could not be proposed."
    assert stored_run(project) is None


@pytest.mark.parametrize("status", [APPROVED, FORMER])
def test_what_became_of_an_image_while_it_was_proposed_for_stays(
    live: MainWindow, qtbot: QtBot, status: str
) -> None:
    project, batch = live.workspace.project, live.reviewing.batch
    assert project is not None
    ended: list[tuple[object, ...]] = []
    batch.finished.connect(lambda *told: ended.append(told))
    batch.start(above=0.0, total=0, images=[3, 4])
    project.set_status(3, status)
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert (project.image(3).status, project.image(3).decided) == (status, {})
    assert project.image(4).decided


def test_a_file_that_was_saved_again_meanwhile_is_proposed_for_as_it_is(
    live: MainWindow, qtbot: QtBot
) -> None:
    project, batch = live.workspace.project, live.reviewing.batch
    assert project is not None
    ended: list[tuple[object, ...]] = []
    batch.finished.connect(lambda *told: ended.append(told))
    path = project.image(3).path

    def save_again() -> None:
        Image.fromarray(np.full((40, 50, 3), 90, np.uint8)).save(path)
        project.files.adopt(3, probe(path))

    once = Qt.ConnectionType.SingleShotConnection
    live.engine.proposed.connect(save_again, once)  # before it is stored
    batch.start(above=0.0, total=0, images=[3])
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert sum(project.image(3).decided.values()) == 40 * 50


def test_only_the_images_that_the_list_shows_are_proposed_for(
    live: MainWindow, qtbot: QtBot
) -> None:
    project, panel = live.workspace.project, live.review_panels.batch
    assert project is not None
    live.workspace.add_tag(4, "odd")
    live.workspace.add_tag(9, "odd")
    live.images_panel.search.setText("tag:odd")
    live.actions_by_name["propose_batch"].trigger()
    qtbot.waitUntil(panel.start.isVisible)
    panel.listed.setChecked(True)
    ended: list[tuple[object, ...]] = []
    live.reviewing.batch.finished.connect(lambda *told: ended.append(told))
    qtbot.mouseClick(panel.start, LEFT)
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert "2 images proposed." in panel.said
    starter = live.proposing.model
    left = project.doubts.out_of_date(starter, most=99)
    assert {4, 9}.isdisjoint(left)
    assert 5 in left
    assert not project.image(4).decided, "nothing was to be accepted"
