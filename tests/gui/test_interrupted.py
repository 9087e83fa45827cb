"""A fine-tune that is interrupted: by an engine that dies or hangs, and by a closed window."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.unfinished import UnfinishedRun, aside, find, state_path
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.engine.client import State, local_command
from cnnseg_gui.engine.messages import TrainProgress
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag, mask_of
from .test_teaching import PATIENCE_MS, live, paint_two_classes, teach, wait_for_proposal

__all__ = ["live"]

needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs POSIX signals")


def project_of(window: MainWindow) -> Project:
    assert window.workspace.project is not None
    return window.workspace.project


def learning(window: MainWindow, qtbot: QtBot, *, seconds: int) -> UnfinishedRun:
    """A fine-tune that runs, with its state on disk."""
    paint_two_classes(window, qtbot)
    window.fine_tuning.keep_every = 0.5
    teach(window, qtbot, seconds=seconds)
    return kept(window, qtbot)


def kept(window: MainWindow, qtbot: QtBot, *, beyond: int = 0) -> UnfinishedRun:
    """The run on disk, once it is past a step."""
    found: list[UnfinishedRun] = []

    def there() -> bool:
        run = find(project_of(window).folder)
        if run is None or run.step <= beyond:
            return False
        found.append(run)
        return True

    qtbot.waitUntil(there, timeout=PATIENCE_MS)
    return found[-1]


def shut(window: MainWindow) -> float:
    """Closes the window; returns how long it took, in seconds."""
    begun = time.monotonic()
    assert window.close()
    return time.monotonic() - begun


def reopened(folder: Path, qtbot: QtBot) -> MainWindow:
    window = MainWindow(device="cpu")
    qtbot.addWidget(window, before_close_func=lambda made: made.close())
    window.show()
    window.workspace.open_project(folder)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    return window


@needs_signals
def test_an_engine_that_dies_costs_no_stroke_and_the_fine_tune_goes_on_by_itself(
    live: MainWindow, qtbot: QtBot
) -> None:
    run = learning(live, qtbot, seconds=14)
    painted = mask_of(live)
    progress: list[TrainProgress] = []
    with qtbot.waitSignal(live.engine.crashed, timeout=PATIENCE_MS):
        os.kill(live.engine.process_id, signal.SIGSEGV)
    live.fine_tuning.progressed.connect(progress.append)
    drag(qtbot, live, ImagePoint(220, 60), ImagePoint(220, 200))
    assert "engine was ended" in live.banner.text
    assert live.fine_tuning.running
    qtbot.waitUntil(lambda: live.engine.state == State.READY, timeout=PATIENCE_MS)
    wait_for_proposal(live, qtbot)
    assert live.workspace.document is not None
    assert live.workspace.document.proposal_complete
    qtbot.waitUntil(lambda: bool(progress), timeout=PATIENCE_MS)
    assert progress[0].step >= run.step
    assert "goes on from step" in live.training_panel.outcome
    with qtbot.waitSignal(live.fine_tuning.finished, timeout=PATIENCE_MS):
        pass
    project = project_of(live)
    (revision,) = project.revisions.all()
    assert json.loads(revision.card)["resumed"] == 1
    qtbot.waitUntil(lambda: [p.name for p in (project.folder / "models").iterdir()] == ["r001"])
    stored = project.load_mask(1).to_array()
    assert np.array_equal(stored[painted != UNLABELLED], painted[painted != UNLABELLED])
    assert (stored[220, 60:200] == 0).all()


@needs_signals
def test_an_engine_that_hangs_is_said_and_the_fine_tune_goes_on(
    live: MainWindow, qtbot: QtBot
) -> None:
    learning(live, qtbot, seconds=300)
    live.engine.set_patience(1.0)
    os.kill(live.engine.process_id, signal.SIGSTOP)
    with qtbot.waitSignal(live.fine_tuning.resumed, timeout=PATIENCE_MS):
        pass
    assert "did not answer" in live.banner.text
    with qtbot.waitSignal(live.fine_tuning.progressed, timeout=PATIENCE_MS):
        pass
    assert live.fine_tuning.running


@needs_signals
def test_an_engine_that_keeps_dying_is_left_alone_and_the_state_stays(
    live: MainWindow, qtbot: QtBot
) -> None:
    learning(live, qtbot, seconds=300)
    live.fine_tuning.keep_every = 1000.0
    with qtbot.waitSignal(live.fine_tuning.stopped, timeout=PATIENCE_MS):
        for _ in range(3):
            qtbot.waitUntil(lambda: live.engine.process_id != 0, timeout=PATIENCE_MS)
            with qtbot.waitSignal(live.engine.crashed, timeout=PATIENCE_MS):
                os.kill(live.engine.process_id, signal.SIGKILL)
            qtbot.wait(100)
    assert not live.fine_tuning.running
    qtbot.waitUntil(live.training_panel.go_on.isVisible)
    live.engine.restart()
    qtbot.mouseClick(live.training_panel.go_on, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(live.fine_tuning.progressed, timeout=PATIENCE_MS):
        pass
    assert not live.training_panel.go_on.isVisible()


def test_a_closed_window_keeps_the_state_and_the_next_one_goes_on_at_a_click(
    live: MainWindow, qtbot: QtBot
) -> None:
    run = learning(live, qtbot, seconds=12)
    folder = project_of(live).folder
    assert shut(live) < 1.0
    assert find(folder) is not None
    assert not list((folder / "models").glob("r*"))
    window = reopened(folder, qtbot)
    panel = window.training_panel
    qtbot.waitUntil(panel.go_on.isVisible)
    assert not window.fine_tuning.running
    window.engine.start()
    progress: list[TrainProgress] = []
    window.fine_tuning.progressed.connect(progress.append)
    qtbot.mouseClick(panel.go_on, Qt.MouseButton.LeftButton)
    assert not panel.go_on.isVisible()
    with qtbot.waitSignal(window.fine_tuning.finished, timeout=PATIENCE_MS):
        pass
    assert progress[0].step >= run.step
    (revision,) = project_of(window).revisions.all()
    card = json.loads(revision.card)
    assert card["resumed"] == 1
    assert 9 < card["seconds"] < 16


def test_what_was_interrupted_can_be_discarded(live: MainWindow, qtbot: QtBot) -> None:
    learning(live, qtbot, seconds=300)
    folder = project_of(live).folder
    live.workspace.close_project()
    live.workspace.open_project(folder)
    qtbot.waitUntil(live.training_panel.go_on.isVisible)
    qtbot.mouseClick(live.training_panel.discard, Qt.MouseButton.LeftButton)
    assert not live.training_panel.go_on.isVisible()
    qtbot.waitUntil(lambda: not list((folder / "models").iterdir()))


def test_a_damaged_state_is_said_and_set_aside_and_learning_begins_anew(
    live: MainWindow, qtbot: QtBot
) -> None:
    learning(live, qtbot, seconds=300)
    folder = project_of(live).folder
    live.workspace.close_project()
    live.workspace.open_project(folder)
    qtbot.waitUntil(live.training_panel.go_on.isVisible)
    run = find(folder)
    assert run is not None
    state_path(folder, run.sha256).write_bytes(b"not a state")
    progress: list[TrainProgress] = []
    live.fine_tuning.progressed.connect(progress.append)
    qtbot.mouseClick(live.training_panel.go_on, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(progress), timeout=PATIENCE_MS)
    assert progress[0].step == 0
    assert any(state_path(folder, run.sha256).name in line for line in live.banner.messages)
    qtbot.waitUntil(lambda: aside(folder).is_dir())


def test_after_a_cancel_at_any_moment_the_last_revision_stays_and_nothing_else(
    live: MainWindow, qtbot: QtBot
) -> None:
    moments = random.Random(1)
    paint_two_classes(live, qtbot)
    live.fine_tuning.keep_every = 0.2
    for _ in range(5):
        teach(live, qtbot, seconds=300)
        qtbot.wait(moments.randrange(1500))
        with qtbot.waitSignal(live.fine_tuning.stopped, timeout=PATIENCE_MS):
            qtbot.mouseClick(live.training_panel.cancel, Qt.MouseButton.LeftButton)
        models = project_of(live).folder / "models"
        qtbot.waitUntil(lambda models=models: not list(models.glob("*")))
        assert project_of(live).revisions.all() == []
        assert not live.training_panel.go_on.isVisible()


SHORT_OF_MEMORY = """
import cnnseg_gui.learning
import torch
from cnnseg_gui.engine import server
from cnnseg_models.segmentation import SegmentationNetwork

def hold(module, inputs):
    if isinstance(module, SegmentationNetwork) and module.training and len(inputs[0]) > 2:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

torch.nn.modules.module.register_module_forward_pre_hook(hold)
server.main(["--device", "cpu", "--threads", "1"])
"""


def test_memory_that_runs_out_is_told_in_the_panel_and_learning_goes_on(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    open_sample.choice.choose("starter:unet-lite0", knows=True)  # which learns from four at once
    open_sample.engine.use_command([sys.executable, "-c", SHORT_OF_MEMORY])
    open_sample.engine.start()
    paint_two_classes(open_sample, qtbot)
    teach(open_sample, qtbot, seconds=300)
    with qtbot.waitSignal(open_sample.fine_tuning.lightened, timeout=PATIENCE_MS):
        pass
    assert "batches of 2 instead of 4" in open_sample.training_panel.outcome
    assert "batches of 2 instead of 4" in open_sample.banner.text
    steps: list[TrainProgress] = []
    open_sample.fine_tuning.progressed.connect(steps.append)
    qtbot.waitUntil(lambda: bool(steps) and steps[-1].step > 0, timeout=PATIENCE_MS)


def test_another_device_takes_the_fine_tune_over(live: MainWindow, qtbot: QtBot) -> None:
    run = learning(live, qtbot, seconds=300)
    progress: list[TrainProgress] = []
    with qtbot.waitSignal(live.fine_tuning.resumed, timeout=PATIENCE_MS):
        live.engine.use_command(local_command(device="cpu", threads=1))
    live.fine_tuning.progressed.connect(progress.append)
    qtbot.waitUntil(lambda: bool(progress), timeout=PATIENCE_MS)
    assert progress[0].step >= run.step
