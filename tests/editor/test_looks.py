"""An image that looks like one that was worked on gets its role, by being shown."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.workspace import Workspace


def make(folder: Path) -> Path:
    """Three pictures, and a copy of the third at half the size."""
    paths = [folder / f"{number}.png" for number in range(4)]
    for number in range(4):
        coarse = np.random.default_rng(min(number, 2)).integers(0, 256, (24, 20, 3))
        picture = Image.fromarray(coarse.astype(np.uint8)).resize((200, 240), Image.Resampling.BOX)
        picture.reduce(2 if number == 3 else 1).save(paths[number])
    project = Project.create(folder / "project")
    project.add_images([probe(path) for path in paths])
    project.close()
    return folder / "project"


def paint(project: Project, number: int) -> None:
    mask = project.load_mask(number)
    builder = PatchBuilder(mask)
    builder.paint(2, 2, np.ones((3, 3), np.bool_), 1)
    patch = builder.finish()
    assert patch is not None
    project.commit(patch, mask, name="Brush stroke")


def _looked_at(project: Project, number: int) -> bool:
    return not project.wants_look(number)


def test_a_copy_is_held_out_with_the_image_that_it_is_of(tmp_path: Path, qtbot: QtBot) -> None:
    workspace = Workspace()
    workspace.open_project(make(tmp_path))
    project = workspace.project
    assert project is not None
    for number in (1, 2, 3, 4):
        workspace.open_image(number)
        qtbot.waitUntil(partial(_looked_at, project, number))
        paint(project, number)
    assert [record.held_out for record in project.images()] == [False, False, True, True]
    workspace.close_project()


def test_a_project_that_was_closed_meanwhile_is_left_alone(tmp_path: Path, qtbot: QtBot) -> None:
    workspace = Workspace()
    workspace.open_project(make(tmp_path))
    qtbot.waitUntil(lambda: workspace.document is not None)
    workspace.close_project()
    qtbot.wait(100)
    assert workspace.project is None
