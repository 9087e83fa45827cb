"""A stack from the command line: what an export writes, a new project takes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from commands import answer

from cnnseg_gui.core.image_table import probe_pages
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project


def test_a_stack_goes_out_and_in_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = np.random.default_rng(0).integers(0, 4000, (3, 20, 30), dtype=np.uint16)
    path = tmp_path / "z.tif"
    tifffile.imwrite(path, pages, photometric="minisblack")
    project = Project.create(tmp_path / "project", ("background", "cell"))
    project.add_images(probe_pages(path))
    before = []
    for record in project.images():
        mask = project.load_mask(record.id)
        builder = PatchBuilder(mask)
        builder.paint(record.page, 0, np.ones((9, 9), np.bool_), 1)
        builder.paint(0, 20, np.ones((20, 10), np.bool_), 0)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
        before.append(mask.to_array())
    project.close()
    out = tmp_path / "out"
    exported = answer(capsys, "export", tmp_path / "project", "--format", "png", "-o", out)
    assert exported["images"] == 3
    again = tmp_path / "again"
    arguments = ["new", again, "--images", path, "--masks", out / "masks"]
    classes = ["--classes", "background,cell", "--mask-values", "0=background,1=cell"]
    told = answer(capsys, *arguments, *classes)
    assert told["images"] == 3
    taken = Project.open(again)
    for record, mask in zip(taken.images(), before, strict=True):
        assert np.array_equal(taken.load_mask(record.id).to_array(), mask)
    taken.close()
