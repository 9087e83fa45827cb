"""A stack is as many images as it has pages: each has its mask, its name, and its own pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_image, set_largest, stack
from cnnseg_gui.core.image_table import probe_pages
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.mirror_round import mirror_round
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.probing_process import ProbingProcess
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.export import export_project

_DEPTH, _SHAPE = 4, (30, 40)


def planes() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 4000, (_DEPTH, *_SHAPE), dtype=np.uint16)


@pytest.fixture(params=["pages", "imagej", "ome", "bigtiff"])
def stacked(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / ("cells.ome.tif" if request.param == "ome" else "cells.tif")
    options: dict[str, object] = {
        "pages": {"photometric": "minisblack", "metadata": None},
        "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
        "ome": {"ome": True, "metadata": {"axes": "ZYX"}},
        "bigtiff": {"bigtiff": True, "photometric": "minisblack"},
    }[request.param]
    tifffile.imwrite(path, planes(), **options)  # type: ignore[arg-type]
    return path


def painted_project(folder: Path, path: Path) -> Project:
    """Every page with a mask of another column."""
    project = Project.create(folder, ("background", "cell"))
    project.add_images(probe_pages(path))
    for record in project.images():
        mask = project.load_mask(record.id)
        builder = PatchBuilder(mask)
        builder.paint(0, 5 * record.page, np.ones((30, 5), np.bool_), 1)
        builder.paint(0, 30, np.ones((30, 5), np.bool_), 0)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
    return project


def test_every_page_is_an_image_of_its_own(stacked: Path, tmp_path: Path) -> None:
    assert stack(stacked) == [(page, *_SHAPE) for page in range(_DEPTH)]
    project = Project.create(tmp_path / "project")
    numbers = project.add_images(probe_pages(stacked))
    assert project.add_images(probe_pages(stacked)) == numbers, "those that are there stay"
    names = [record.name for record in project.images()]
    assert names == [stacked.name, *(f"{stacked.name} · {page}" for page in (2, 3, 4))]
    assert [row.name for row in project.listing.page(after=0, most=9)] == names
    assert len({record.content for record in project.images()}) == _DEPTH
    for record in project.images():
        values = read_image(stacked, record.page).values
        assert np.array_equal(np.squeeze(values), planes()[record.page])  # type: ignore[arg-type]
    project.close()


def test_the_process_that_looks_at_files_finds_them_too(stacked: Path, tmp_path: Path) -> None:
    Image.new("L", (9, 8)).save(tmp_path / "one.png")
    process = ProbingProcess()
    found = process.probe([tmp_path / "one.png", stacked, tmp_path / "none.png"])
    process.close()
    assert [getattr(facts, "page", None) for facts in found] == [0, 0, 1, 2, 3, None]
    assert found[1:5] == probe_pages(stacked)


def test_masks_of_pages_are_mirrored_and_exported_under_names_of_their_own(
    stacked: Path, tmp_path: Path
) -> None:
    project = painted_project(tmp_path / "project", stacked)
    project.note_mirrored(mirror_round(project.path).done)
    assert len(list((project.folder / "masks").glob("*.png"))) == _DEPTH
    export_project(project, "png", tmp_path / "out")
    stem = stacked.stem
    images = sorted((tmp_path / "out" / "images").iterdir())
    assert [path.name for path in images] == [f"{stem}.{page:03d}.tif" for page in (1, 2, 3, 4)]
    for page, path in enumerate(images):
        assert np.array_equal(np.squeeze(tifffile.imread(path)), planes()[page])
        mask = read_mask(tmp_path / "out" / "masks" / f"{path.stem}.png")
        assert (mask[:, 5 * page : 5 * page + 5] == 1).all()
    project.close()


def test_smaller_copies_of_a_slide_are_no_images(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(np.zeros((64, 64, 3), np.uint8), photometric="rgb")
        writer.write(np.zeros((32, 32, 3), np.uint8), photometric="rgb", subfiletype=1)
        writer.write(np.zeros((16, 16, 3), np.uint8), photometric="rgb", subfiletype=1)
    assert stack(path) == [(0, 64, 64)]


def test_an_animation_is_one_image(tmp_path: Path) -> None:
    frames = [Image.new("P", (9, 8), colour) for colour in (1, 2, 3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert stack(tmp_path / "a.gif") == [(0, 8, 9)]


def test_a_page_that_is_too_large_is_said(stacked: Path) -> None:
    set_largest(0.001)
    try:
        with pytest.raises(UserError, match="more than can be opened"):
            stack(stacked)
    finally:
        set_largest(1000)
