"""The loop in the window, with a real engine: propose, teach, propose better."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.proposal import Proposal
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag, mask_of

PATIENCE_MS = 60_000


@pytest.fixture
def live(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    """The sample project with the engine running and the first image proposed."""
    window = open_sample
    window.engine.start()
    wait_for_proposal(window, qtbot)
    return window


def wait_for_proposal(window: MainWindow, qtbot: QtBot) -> None:
    def proposed() -> bool:
        document = window.workspace.document
        return (
            document is not None
            and document.proposed_by == window.proposing.source
            and not window.proposing.running
        )

    qtbot.waitUntil(proposed, timeout=PATIENCE_MS)


def proposal_of(window: MainWindow) -> np.ndarray:
    assert window.workspace.document is not None
    return window.workspace.document.proposal.classes.to_array()


def paint_two_classes(window: MainWindow, qtbot: QtBot) -> None:
    window.set_diameter(16)
    qtbot.keyClick(window, Qt.Key.Key_1)
    drag(qtbot, window, ImagePoint(60, 60), ImagePoint(60, 120))
    qtbot.keyClick(window, Qt.Key.Key_0)
    drag(qtbot, window, ImagePoint(180, 60), ImagePoint(180, 200))


def teach(window: MainWindow, qtbot: QtBot, *, seconds: int) -> None:
    qtbot.waitUntil(window.training_panel.teach.isEnabled)
    window.training_panel.set_seconds(seconds)
    qtbot.mouseClick(window.training_panel.teach, Qt.MouseButton.LeftButton)
    assert window.fine_tuning.running


def test_an_opened_image_is_proposed_whole_and_the_mask_stays_empty(
    live: MainWindow,
) -> None:
    assert (proposal_of(live) != UNLABELLED).all()
    assert (mask_of(live) == UNLABELLED).all()
    assert "bfloat16" in live.status.engine_text or "float32" in live.status.engine_text


def test_teaching_makes_a_revision_that_proposes_and_painting_goes_on_meanwhile(
    live: MainWindow, qtbot: QtBot
) -> None:
    assert not live.actions_by_name["teach"].isEnabled()
    paint_two_classes(live, qtbot)
    before = proposal_of(live)
    progress: list[object] = []
    live.fine_tuning.progressed.connect(progress.append)
    teach(live, qtbot, seconds=10)
    qtbot.waitUntil(lambda: len(progress) > 1, timeout=PATIENCE_MS)
    drag(qtbot, live, ImagePoint(220, 60), ImagePoint(220, 200))
    assert (mask_of(live)[220, 60:200] == 0).all()
    with qtbot.waitSignal(live.fine_tuning.finished, timeout=PATIENCE_MS):
        pass
    wait_for_proposal(live, qtbot)
    project = live.workspace.project
    assert project is not None
    revision = project.revisions.current
    assert revision is not None
    assert (revision.folder / "model.safetensors").is_file()
    assert live.proposing.model == f"weights:{revision.sha256}"
    assert not np.array_equal(proposal_of(live), before)
    assert not live.banner.isVisible()
    story = live.training_panel.run.story
    assert any("Began with" in line for line in story)
    assert any("Learns from 1 image" in line for line in story)
    assert any("Took new corrections in" in line for line in story)
    assert f"Revision {revision.name} proposes now" in story[-1]


def test_a_cancelled_fine_tune_leaves_no_revision_and_can_start_again(
    live: MainWindow, qtbot: QtBot
) -> None:
    paint_two_classes(live, qtbot)
    teach(live, qtbot, seconds=300)
    qtbot.wait(500)
    assert live.actions_by_name["cancel_teaching"].isEnabled()
    with qtbot.waitSignal(live.fine_tuning.stopped, timeout=PATIENCE_MS):
        qtbot.mouseClick(live.training_panel.cancel, Qt.MouseButton.LeftButton)
    assert live.workspace.project is not None
    project = live.workspace.project
    assert project.revisions.all() == []
    qtbot.waitUntil(lambda: not list((project.folder / "models").glob("*")))
    assert live.training_panel.teach.isEnabled()
    assert not live.actions_by_name["cancel_teaching"].isEnabled()


def test_proposals_that_arrive_late_never_reach_another_image(
    live: MainWindow, qtbot: QtBot
) -> None:
    for _ in range(8):
        live.workspace.step(1)
        qtbot.wait(30)
    wait_for_proposal(live, qtbot)
    document = live.workspace.document
    assert document is not None
    shown = proposal_of(live)
    document.proposal = Proposal(*document.mask.shape)
    document.proposed_by = None
    live.proposing.refresh()
    wait_for_proposal(live, qtbot)
    assert np.mean(proposal_of(live) == shown) > 0.999


def test_what_is_proposed_after_a_class_was_deleted_has_the_numbers_of_those_that_are_left(
    live: MainWindow, qtbot: QtBot
) -> None:
    before = proposal_of(live)
    live.class_editing.add("cell")
    live.class_editing.delete(1)
    qtbot.waitUntil(lambda: live.proposing.running, timeout=PATIENCE_MS)
    wait_for_proposal(live, qtbot)
    after = proposal_of(live)
    assert set(np.unique(after)) == {0, 2}
    assert np.array_equal(after == 2, before == 1)  # the second of two classes goes on
