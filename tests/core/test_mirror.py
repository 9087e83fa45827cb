"""The mirror holds every mask under a name of its own, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnseg_gui.core import mirror
from cnnseg_gui.core.atomic import sweep, write_atomically
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.project import Project, probe


def test_two_images_of_one_stem_keep_two_masks(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    for name in ("cell.png", "cell.jpg", "other.png"):
        Image.new("RGB", (9, 7)).save(tmp_path / name)
        project.add_images([probe(tmp_path / name)])
    records = project.images()
    for record in records:
        pixels = np.full((7, 9), record.id, np.uint8)
        mirror.write(project.folder, records, record.id, pixels, project.classes)
    files = sorted(path.name for path in (project.folder / "masks").iterdir())
    assert files == ["cell.1.png", "cell.2.png", "other.png"]
    for record in records:
        path = project.folder / "masks" / mirror.mirror_name(record, records)
        assert (read_mask(path) == record.id).all()
    project.close()


def test_a_file_that_cannot_be_replaced_keeps_what_it_held(tmp_path: Path) -> None:
    target = tmp_path / "mask.png"
    target.mkdir()  # a rename over a folder fails, for root as well
    (target / "precious").write_bytes(b"1")
    with pytest.raises(UserError, match="saving failed"):
        write_atomically(target, b"new")
    assert (target / "precious").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


def test_what_a_crash_left_behind_is_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".cnnseg-abc").write_bytes(b"half")
    (tmp_path / "mask.png").write_bytes(b"whole")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]
