"""`cnnseg measure`: the table that the masks give."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile
from commands import ON_CPU, THREE_STEPS, TINY, Failing, answer, make
from PIL import Image

from cnnseg_gui.cli import main
from cnnseg_gui.core.image_table import probe_pages
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six images, each with one square of 16 pixels."""
    return make(tmp_path_factory.mktemp("measure"))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_object_is_a_row_with_the_brightness_of_its_pixels(
    made: Path, tmp_path: Path, capsys: Capture
) -> None:
    found = answer(capsys, "measure", made, "-o", tmp_path / "objects.csv")
    assert (found["images"], found["objects"]) == (6, 6)
    rows = rows_of(tmp_path / "objects.csv")
    assert {row["class"] for row in rows} == {"cell"}
    for row in rows:
        box = [int(row[f"{side}_px"]) for side in ("top", "left", "bottom", "right")]
        assert (box[2] - box[0], box[3] - box[1], row["area_px"]) == (16, 16, "256")
        with Image.open(made.parent / "images" / row["image"]) as image:
            part = np.asarray(image)[box[0] : box[2], box[1] : box[3]]
        means = [float(row[f"mean_intensity_{channel}"]) for channel in (1, 2, 3)]
        assert means == pytest.approx(part.mean((0, 1)).tolist())


def test_a_table_is_replaced_on_request_only_and_classes_are_named(
    made: Path, tmp_path: Path, capsys: Capture, fails: Failing
) -> None:
    path = tmp_path / "objects.csv"
    path.write_text("mine")
    assert "there already" in fails("measure", made, "-o", path)
    assert "background, cell" in fails("measure", made, "-o", path, "--force", "--classes", "tree")
    assert ".csv or .parquet" in fails("measure", made, "-o", tmp_path / "objects.txt")
    assert path.read_text() == "mine"
    assert main(["measure", str(made), "-o", str(path), "--force", "--classes", "background"]) == 0
    assert "6 objects in 6 images" in capsys.readouterr().out


def test_what_cannot_be_read_is_named_and_the_rest_is_measured(
    tmp_path: Path, capsys: Capture
) -> None:
    project = make(tmp_path)
    (tmp_path / "images" / "cell 2.png").unlink()
    path = tmp_path / "objects.csv"
    assert main(["measure", str(project), "-o", str(path)]) == 1
    assert "cell 2.png" in capsys.readouterr().err
    assert len(rows_of(path)) == 5


def test_a_composite_measures_what_is_proposed_too(tmp_path: Path, capsys: Capture) -> None:
    project = make(tmp_path, 2)
    answer(capsys, "train", project, *TINY, *THREE_STEPS, *ON_CPU)
    path = tmp_path / "objects.csv"
    found = answer(capsys, "measure", project, "-o", path, "--composite", "--approved", *ON_CPU)
    assert found["images"] == 0
    assert rows_of(path) == []
    assert answer(capsys, "measure", project, "-o", path, "--composite", "--force", *ON_CPU)[
        "objects"
    ] == len(rows_of(path))


def test_images_of_one_name_are_told_apart_by_their_file_and_page(
    tmp_path: Path, capsys: Capture
) -> None:
    images = [tmp_path / folder / "img1.tif" for folder in ("x", "y")]
    pages = np.random.default_rng(0).integers(0, 255, (2, 2, 32, 32), dtype=np.uint8)
    for path, values in zip(images, pages, strict=True):
        path.parent.mkdir()
        tifffile.imwrite(path, values, photometric="minisblack")
    project = Project.create(tmp_path / "project", ("background", "cell"))
    project.add_images([page for path in images for page in probe_pages(path)])
    for record in project.images():
        mask = project.load_mask(record.id)
        builder = PatchBuilder(mask)
        builder.paint(0, 0, np.ones((record.id, 1), np.bool_), 1)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
    project.close()
    answer(capsys, "measure", tmp_path / "project", "-o", tmp_path / "objects.csv")
    rows = rows_of(tmp_path / "objects.csv")
    assert list(rows[0])[-2:] == ["file", "page"]
    assert [(row["file"], row["page"], row["area_px"]) for row in rows] == [
        ("../x/img1.tif", "1", "1"),
        ("../x/img1.tif", "2", "2"),
        ("../y/img1.tif", "1", "3"),
        ("../y/img1.tif", "2", "4"),
    ]
