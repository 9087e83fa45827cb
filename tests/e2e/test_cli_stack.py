"""A stack from the command line: what an export writes, a new project takes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from commands import ON_CPU, Failing, answer
from PIL import Image

from cnnseg_gui.commands.train import examples_of
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.image_table import probe_pages
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.learning.sampling import PixelCache


def write_stack(path: Path) -> None:
    pages = np.random.default_rng(0).integers(0, 4000, (3, 20, 30), dtype=np.uint16)
    tifffile.imwrite(path, pages, photometric="minisblack")


def painted(folder: Path, path: Path) -> list[Pixels]:
    """A project of a stack's pages, each painted otherwise; their masks."""
    project = Project.create(folder, ("background", "cell"))
    project.add_images(probe_pages(path))
    masks = []
    for record in project.images():
        mask = project.load_mask(record.id)
        builder = PatchBuilder(mask)
        builder.paint(record.page, 0, np.ones((9, 9), np.bool_), 1)
        builder.paint(0, 20, np.ones((20, 10), np.bool_), 0)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
        masks.append(mask.to_array())
    project.close()
    return masks


def test_a_stack_goes_out_and_in_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "z.tif"
    write_stack(path)
    before = painted(tmp_path / "project", path)
    out = tmp_path / "out"
    exported = answer(capsys, "export", tmp_path / "project", "--format", "png", "-o", out)
    assert exported["images"] == 3
    assert f"by hand: {3 * (81 + 200):,}" in (out / "README.md").read_text(encoding="utf-8")
    again = tmp_path / "again"
    arguments = ["new", again, "--images", path, "--masks", out / "masks"]
    classes = ["--classes", "background,cell", "--mask-values", "0=background,1=cell"]
    told = answer(capsys, *arguments, *classes)
    assert told["images"] == 3
    taken = Project.open(again)
    for record, mask in zip(taken.images(), before, strict=True):
        assert np.array_equal(taken.load_mask(record.id).to_array(), mask)
    taken.close()


def test_every_page_is_learnt_from_with_its_own_pixels(tmp_path: Path) -> None:
    path = tmp_path / "z.tif"
    write_stack(path)
    painted(tmp_path / "project", path)
    project = Project.open(tmp_path / "project")
    cache = PixelCache()
    for example, record in zip(examples_of(project), project.images(), strict=True):
        assert np.array_equal(cache.get(example), read_image(path, record.page).pixels)
    project.close()


def test_every_page_gets_a_mask_that_is_there_when_it_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fails: Failing
) -> None:
    path, out = tmp_path / "z.tif", tmp_path / "masks"
    write_stack(path)
    call = ("segment", path, "--model", "unet-lite0", "-o", out, *ON_CPU)
    found = answer(capsys, *call)["masks"]
    assert [entry["page"] for entry in found] == [1, 2, 3]
    assert {entry["image"] for entry in found} == {str(path)}
    names = ["z.001.png", "z.002.png", "z.003.png"]
    assert [Path(entry["mask"]).name for entry in found] == names
    (out / names[1]).unlink()
    (again,) = answer(capsys, *call, "--resume")["masks"]
    assert (Path(again["mask"]).name, again["page"]) == (names[1], 2)
    Image.new("RGB", (9, 9)).save(tmp_path / "z.002.png")
    line = fails(*call[:2], tmp_path / "z.002.png", *call[2:])
    assert "another image of this name" in line
    assert "z.tif · 2" in line


def test_every_page_is_classified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "z.tif"
    write_stack(path)
    found = answer(capsys, "classify", path, "--top", 1, *ON_CPU)
    assert [entry["page"] for entry in found["images"]] == [1, 2, 3]
