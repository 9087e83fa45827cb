"""What held-out pixels say of a fine-tune is told with its numbers, and decides."""

from __future__ import annotations

import dataclasses
import json

from cnnseg_gui.core.promotion import BETTER, NOT_BETTER, UNPROVEN, Verdict
from cnnseg_gui.core.unfinished import UnfinishedRun
from cnnseg_gui.engine.messages import Trained
from cnnseg_gui.ui.main_window import MainWindow


def comes_back(window: MainWindow, verdict: Verdict, weights: bytes, *, kept_step: int = 20) -> str:
    """What the panel says after a fine-tune brought this back, without the fine-tune."""
    teaching, choice = window.fine_tuning, window.choice
    teaching._request, teaching._project = 99, window.workspace.project
    teaching._run = UnfinishedRun(
        model=choice.teaching,
        proposing=choice.proposing,
        chosen=choice.chosen,
        classes=(),
        seconds=5.0,
    )
    card = {
        "network": "unet",
        "metrics": {
            "iou_before": 0.6,
            "iou": 0.6 + max(0.001, verdict.gain),
            "kept_step": kept_step,
        },
        "check": dataclasses.asdict(verdict),
    }
    window.engine.trained.emit(Trained(request=99), json.dumps(card).encode(), weights)
    return window.training_panel.outcome


def test_better_not_better_and_unproven_are_told_apart(open_sample: MainWindow) -> None:
    window, project = open_sample, open_sample.workspace.project
    assert project is not None

    def current() -> str:
        found = project.revisions.current
        return found.name if found else ""

    said = comes_back(window, Verdict.without_evidence(), b"one")
    assert "Revision r001 proposes now. Unproven: nothing is held out yet." in said
    assert current() == "r001"

    said = comes_back(window, Verdict(BETTER, 0.05, 0.02, 0.08, 0.99, 6), b"two")
    assert "Better: IoU +0.050 (+0.020 to +0.080) on 6 held-out images." in said
    assert current() == "r002"

    said = comes_back(window, Verdict(NOT_BETTER, 0.004, -0.02, 0.03, 0.6, 6), b"three")
    assert "Not better: IoU +0.004 (−0.020 to +0.030) on 6 held-out images" in said
    assert "what proposed before stays. What was learnt is kept as r003." in said
    assert current() == "r002"
    assert window.choice.teaching.startswith("weights:"), "it is taught on"
    assert window.choice.teaching != window.choice.proposing
    assert window.choice.answering == window.choice.proposing, "and yet it does not answer"

    said = comes_back(window, Verdict(UNPROVEN, -0.2, -0.2, -0.2, 0.5, 1, "tiles"), b"four")
    assert "Unproven: IoU −0.200 on 1 held-out tile, too few to tell" in said
    assert current() == "r002"


def test_weights_that_learnt_nothing_are_no_revision(open_sample: MainWindow) -> None:
    """Too little is held out to refuse them, and everything learnt was clearly worse."""
    window, project = open_sample, open_sample.workspace.project
    assert project is not None
    verdict = Verdict(UNPROVEN, 0.0, 0.0, 0.0, 0.5, 3, "tiles")
    said = comes_back(window, verdict, b"as before", kept_step=0)
    assert "proposes now" not in said
    assert project.revisions.all() == []
