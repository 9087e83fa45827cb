"""The doctor finds what is wrong with a project, says it once, and mends what can be mended."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fault_operations import painted
from PIL import Image

from cnnseg_gui.core.check_project import Checked, Repair, check_project
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.mirror_round import mirror_round
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.repair_project import repair

_SHAPE = (300, 290)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = Project.create(tmp_path / "project", ("background", "cell", "debris"))
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        Image.new("RGB", _SHAPE[::-1], (number, 0, 0)).save(tmp_path / name)
        project.add_images([probe(tmp_path / name)])
    for image in (1, 2):
        mask = project.load_mask(image)
        for turn in range(3):
            project.commit(painted(mask, 50 * turn, turn), mask, name="Brush stroke")
    project.edit_classes(project.class_list.with_added("mitosis"), name="Add")
    project.revisions.add(b"weights", b"{}")
    project.note_mirrored(mirror_round(project.path).done)
    project.close()
    return project.folder


def within(folder: Path, act: Callable[[Project], object]) -> None:
    project = Project.open(folder)
    act(project)
    project.close()


def test_a_whole_project_has_no_findings(folder: Path) -> None:
    assert check_project(folder) == Checked(3, 2, 7, 1, ())


def _count(folder: Path) -> None:
    within(folder, lambda project: project._db.execute("UPDATE pixel_count SET pixels = 3"))


def _mirror(folder: Path) -> None:
    Image.fromarray(np.zeros(_SHAPE, np.uint8)).save(folder / "masks" / "a.png")


def _mirror_gone(folder: Path) -> None:
    (folder / "masks" / "b.png").unlink()


def _leftover(folder: Path) -> None:
    (folder / "masks" / ".cnnseg-0123").write_bytes(b"half")
    part = folder / "models" / ".r002.part"
    part.mkdir()
    os.utime(part, (0, 0))


def _page(folder: Path) -> None:
    data = bytearray((folder / "project.sqlite").read_bytes())
    data[8192:12288] = b"\xff" * 4096
    (folder / "project.sqlite").write_bytes(data)


def _tile(folder: Path) -> None:
    within(folder, lambda project: project._db.execute("UPDATE tile SET data = x'00'"))


def _gone(folder: Path) -> None:
    (folder / "project.sqlite").unlink()


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (_count, Repair.RECOUNT),
        (_mirror, Repair.MIRROR),
        (_mirror_gone, Repair.MIRROR),
        (_leftover, Repair.SWEEP),
        (_page, Repair.REBUILD),
        (_tile, Repair.REBUILD),
        (_gone, Repair.REBUILD),
    ],
)
def test_it_is_found_and_mended_and_nothing_else_is_changed(
    folder: Path, damage: Callable[[Path], None], kind: Repair
) -> None:
    masks = []
    within(folder, lambda p: masks.extend(p.load_mask(n).to_array() for n in (1, 2, 3)))
    damage(folder)
    checked = check_project(folder)
    assert {finding.repair for finding in checked.findings} >= {kind}
    repair(folder, kind, checked.findings)
    assert check_project(folder).findings == ()
    after = []
    within(folder, lambda p: after.extend(p.load_mask(n).to_array() for n in (1, 2, 3)))
    assert all(np.array_equal(a, b) for a, b in zip(masks, after, strict=True))
    assert np.array_equal(read_mask(folder / "masks" / "a.png"), masks[0])


def test_what_only_a_person_can_mend_is_said_with_what_to_do(folder: Path) -> None:
    (folder.parent / "a.png").unlink()
    Image.new("RGB", _SHAPE[::-1], (9, 9, 9)).save(folder.parent / "b.png")
    (folder / "models" / "r001" / "model.safetensors").write_bytes(b"others")
    within(folder, lambda p: p._db.execute("UPDATE journal SET patch = x'00' WHERE id = 2"))
    found = {str(finding) for finding in check_project(folder).findings}
    assert len(found) == 4
    for words in (
        "a.png: this image is not there any more",
        "b.png: this file has changed since it was added",
        "model.safetensors: these weights are not those that were stored",
        "step 2 of the history, “Brush stroke”, is damaged",
    ):
        assert any(words in line for line in found), words


def test_where_there_is_no_project_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no project here"):
        check_project(tmp_path)
