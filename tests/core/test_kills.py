"""Killed at any moment: every finished gesture is there again, with the undo history behind it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from cnnseg_gui.core.project import Project
from tests.core.killing import kill_repeatedly, make_project
from tests.core.painter_process import SHAPE, Painter, proposal
from tests.core.replay import Replay, differences, gestures, undo_differences


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_painter_loses_nothing_that_was_finished(tmp_path: Path, seed: int) -> None:
    tally = kill_repeatedly(tmp_path, count=5, seed=seed)
    assert not tally.faults
    assert tally.kills == 5
    assert tally.gestures > 50


def test_without_a_kill_the_work_equals_the_replay(qapp: object, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    painter = Painter(folder)
    project = painter.workspace.project
    assert project is not None
    images = [record.id for record in project.images()]
    replay = Replay(
        dict.fromkeys(images, SHAPE), {i: proposal(i) for i in images}, project.class_list
    )
    for gesture in islice(gestures(3, images, SHAPE), 80):
        painter.perform(gesture)
        replay.perform(gesture)
        assert not differences(project, replay), gesture
    painter.workspace.close_project()
    again = Project.open(folder)
    assert not undo_differences(again, replay, steps=60)
    again.close()


def test_the_comparison_sees_one_pixel_too_many(qapp: object, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    project = Project.open(folder)
    images = [record.id for record in project.images()]
    replay = Replay(dict.fromkeys(images, SHAPE), {}, project.class_list)
    replay.stored[images[1]] = replay.stored[images[1]].copy()
    replay.stored[images[1]][289, 299] = 1
    assert differences(project, replay)
    project.close()
