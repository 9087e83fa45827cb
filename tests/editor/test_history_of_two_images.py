"""A click in the history of one image leaves what others are painted with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.pyramid import build_pyramid
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.editor.document import Document

_PLACE = Coverage(0, 0, np.ones((9, 9), np.bool_))


def test_going_back_before_or_to_a_class_that_is_painted_elsewhere(
    qtbot: QtBot, tmp_path: Path
) -> None:
    project = Project.create(tmp_path / "project", ("background", "cell"))
    pixels = np.zeros((40, 50, 3), np.uint8)
    for name in "ab":
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    project.add_images([probe(tmp_path / f"{name}.png") for name in "ab"])
    one, other = (
        Document(project, record, build_pyramid(pixels), project.load_mask(record.id))
        for record in project.images()
    )
    one.fill("older", [(_PLACE, 1)])
    project.edit_classes(project.class_list.with_added("new"), name="Add class")
    new = project.classes[-1].index
    for document in (one, other):
        document.read_as(project.class_list.meaning)
    other.fill("painted", [(_PLACE, new)])
    one.fill("newer", [(_PLACE, 0)])

    older, added, newer = one.history()
    one.go_to(added.id)
    assert [step.undone for step in one.history()] == [False, False, True]
    one.go_to(newer.id)
    one.go_to(older.id)
    assert [step.undone for step in one.history()] == [False, False, True]
    one.go_to(None)
    assert [step.undone for step in one.history()] == [True, False, True]
    assert not one.mask.counts().any()
    assert project.load_mask(other.record.id).counts()[new] == 81
    one.go_to(newer.id)
    assert one.mask.counts()[0] == 81
    for document in (one, other):
        document.settle()
        document.deleteLater()
    project.close()
