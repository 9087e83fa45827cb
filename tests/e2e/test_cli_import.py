"""`cnnseg import`: what an export wrote comes back as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import SIZE, Failing, answer
from PIL import Image

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Capture = pytest.CaptureFixture[str]
EXACT = ("coco", "voc", "png", "cityscapes", "hf", "cvat")
POLYGONS = ("yolo", "labelme")
NAMES = ("ground", "Zelle", "fibre")


def paint(project: Project, number: int, values: Pixels) -> None:
    mask = project.load_mask(number)
    builder = PatchBuilder(mask)
    builder.paint(0, 0, values != UNLABELLED, values)
    patch = builder.finish()
    assert patch is not None
    project.commit(patch, mask, name="Brush")


def labels(number: int) -> Pixels:
    """A ring, a bar with a one-pixel line, and undecided corners."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    away = np.hypot(rows - 22 - number, columns - 26)
    values = np.zeros(SIZE, np.uint8)
    values[(away < 16) & (away > 6)] = 1
    values[40:46, 8:60] = 2
    values[3, 4:40] = 2
    values[:3, -5:] = UNLABELLED
    return values


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three images with three classes, tags and fixed splits."""
    folder = tmp_path_factory.mktemp("source")
    random = np.random.default_rng(1)
    paths = [folder / f"Bild {number}.png" for number in range(3)]
    for path in paths:
        Image.fromarray(random.integers(0, 255, (*SIZE, 3), dtype=np.uint8)).save(path)
    project = Project.create(folder / "project", NAMES)
    for number in project.add_images(map(probe, paths)):
        paint(project, number, labels(number))
    project.tags.add(1, "healthy")
    for number, split in enumerate(("train", "val", "train"), start=1):
        project.set_split(number, split)
    project.close()
    return folder / "project"


def empty_copy(source: Path, folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    """A project with the same images and no labels."""
    project = Project.create(folder / "copy", names)
    with_images = Project.open(source)
    project.add_images(probe(record.path) for record in with_images.images())
    with_images.close()
    project.close()
    return folder / "copy"


def masks(path: Path) -> dict[str, tuple[Pixels, dict[str, int]]]:
    """By stem: the mask, and the indices of the classes."""
    project = Project.open(path)
    names = {cls.name: cls.index for cls in project.classes}
    found = {
        record.path.stem.removesuffix("_leftImg8bit"): (
            project.load_mask(record.id).to_array(),
            names,
        )
        for record in project.images()
    }
    project.close()
    return found


def assert_same(one: Path, other: Path) -> None:
    left, right = masks(one), masks(other)
    assert left.keys() == right.keys()
    for stem, (mask, names) in left.items():
        found, others = right[stem]
        assert np.array_equal(mask == UNLABELLED, found == UNLABELLED)
        for name, index in names.items():
            assert np.array_equal(mask == index, found == others[name]), (stem, name)


@pytest.mark.parametrize("name", EXACT)
def test_masks_come_back_to_the_pixel(
    source: Path, tmp_path: Path, capsys: Capture, name: str
) -> None:
    answer(capsys, "export", source, "--format", name, "-o", tmp_path / "set")
    copy = empty_copy(source, tmp_path)
    found = answer(capsys, "import", copy, tmp_path / "set")
    assert (found["format"], found["matched"], found["added"]) == (name, 3, 0)
    assert not found["refused"]
    assert not found["classes_added"]
    assert_same(source, copy)


@pytest.mark.parametrize("name", EXACT)
def test_a_project_is_made_where_there_is_none(
    source: Path, tmp_path: Path, capsys: Capture, name: str
) -> None:
    answer(capsys, "export", source, "--format", name, "-o", tmp_path / "set")
    found = answer(capsys, "import", tmp_path / "new", tmp_path / "set")
    assert (found["made"], found["added"], found["matched"]) == (True, 3, 0)
    assert_same(source, tmp_path / "new")


@pytest.mark.parametrize("name", POLYGONS)
def test_polygons_come_back_nearly(
    source: Path, tmp_path: Path, capsys: Capture, name: str
) -> None:
    answer(capsys, "export", source, "--format", name, "-o", tmp_path / "set")
    copy = empty_copy(source, tmp_path)
    assert answer(capsys, "import", copy, tmp_path / "set")["matched"] == 3
    left, right = masks(source), masks(copy)
    for stem, (mask, names) in left.items():
        for index in (names["Zelle"], names["fibre"]):
            want, got = mask == index, right[stem][0] == index
            assert np.count_nonzero(want & got) >= 0.99 * np.count_nonzero(want | got)


def test_tags_and_splits_come_along(source: Path, tmp_path: Path, capsys: Capture) -> None:
    arguments = ("--format", "hf", "--split", "50/25/25")
    answer(capsys, "export", source, *arguments, "-o", tmp_path / "set")
    copy = empty_copy(source, tmp_path)
    found = answer(capsys, "import", copy, tmp_path / "set")
    assert (found["tags"], found["splits"]) == (1, 3)
    project = Project.open(copy)
    assert [record.split for record in project.images()] == ["train", "val", "train"]
    assert project.image(1).tags == ("healthy",)
    project.close()


def test_decided_pixels_are_kept_unless_they_are_to_be_replaced_and_both_can_be_undone(
    source: Path, tmp_path: Path, capsys: Capture
) -> None:
    answer(capsys, "export", source, "--format", "png", "-o", tmp_path / "set")
    copy = empty_copy(source, tmp_path)
    project = Project.open(copy)
    mine = np.full(SIZE, UNLABELLED, np.uint8)
    mine[10:30, 10:30] = 2
    paint(project, 1, mine)
    project.close()
    found = answer(capsys, "import", copy, tmp_path / "set")
    wanted = masks(source)["Bild 0"][0]
    there = masks(copy)["Bild 0"][0]
    assert np.array_equal(there, np.where(mine != UNLABELLED, mine, wanted))
    assert found["kept"] == np.count_nonzero((mine != UNLABELLED) & (wanted != mine))
    found = answer(capsys, "import", copy, tmp_path / "set", "--replace")
    assert found["kept"] == 0
    assert np.array_equal(masks(copy)["Bild 0"][0], wanted)
    project = Project.open(copy)
    mask = project.load_mask(1)
    assert (project.undo_name(1) or "").startswith("Import from")
    project.undo(mask)
    assert np.array_equal(mask.to_array(), there)
    project.undo(mask)
    assert np.array_equal(mask.to_array(), mine)
    project.close()


def test_classes_are_matched_by_name_mapped_or_added_with_their_colour(
    source: Path, tmp_path: Path, capsys: Capture
) -> None:
    project = Project.open(source)
    before = project.class_list
    project.edit_classes(ClassList(before.live).with_colour(2, (1, 2, 3)), name="Colour")
    project.close()
    answer(capsys, "export", source, "--format", "png", "-o", tmp_path / "set")
    copy = empty_copy(source, tmp_path, ("background", "muscle", "ZELLE"))
    found = answer(capsys, "import", copy, tmp_path / "set")
    assert found["classes_added"] == ["fibre"]
    project = Project.open(copy)
    assert project.classes[-1] == PixelClass(3, "fibre", (1, 2, 3))
    assert np.array_equal(project.load_mask(1).to_array() == 2, labels(1) == 1)
    project.close()
    other = empty_copy(source, tmp_path / "other", ("background", "muscle"))
    found = answer(capsys, "import", other, tmp_path / "set", "--map", "fibre=Muscle", "Zelle=")
    assert not found["classes_added"]
    mask = masks(other)["Bild 0"][0]
    assert np.array_equal(mask == 1, labels(1) == 2)
    assert np.array_equal(mask == UNLABELLED, np.isin(labels(1), (1, UNLABELLED)))


def test_what_is_damaged_is_named_and_the_rest_goes_in(
    source: Path, tmp_path: Path, capsys: Capture
) -> None:
    answer(capsys, "export", source, "--format", "png", "-o", tmp_path / "set")
    (tmp_path / "set" / "masks" / "Bild 1.png").write_bytes(b"no picture")
    found = answer(capsys, "import", tmp_path / "new", tmp_path / "set", code=1)
    assert (found["added"], found["skipped"]) == (2, 1)
    assert "Bild 1" in found["refused"][0]


def test_another_picture_of_the_same_name_is_added_and_not_painted_on(
    source: Path, tmp_path: Path, capsys: Capture
) -> None:
    answer(capsys, "export", source, "--format", "png", "-o", tmp_path / "set")
    random = np.random.default_rng(9)
    other = random.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    Image.fromarray(other).save(tmp_path / "set" / "images" / "Bild 2.png")
    found = answer(capsys, "import", empty_copy(source, tmp_path), tmp_path / "set")
    assert (found["matched"], found["added"]) == (2, 1)


def test_an_import_of_nothing_known_is_one_line(
    source: Path, tmp_path: Path, fails: Failing
) -> None:
    (tmp_path / "empty").mkdir()
    assert "looks like no data set" in fails("import", source, tmp_path / "empty")
    assert "no such folder" in fails("import", source, tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
