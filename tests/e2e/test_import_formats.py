"""`cnnseg import` of what other programs write, of turned images, stacks and hostile sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from commands import SIZE, answer
from PIL import Image

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import probe, probe_pages
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.importing import Import, ImportOptions, import_all, read_data_set

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Capture = pytest.CaptureFixture[str]
HEIGHT, WIDTH = SIZE


def noise(path: Path, seed: int, shape: tuple[int, ...] = (*SIZE, 3)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


def project_of(folder: Path, *images: Path) -> Path:
    project = Project.create(folder / "project", ("background", "cell"))
    project.add_images(map(probe, images))
    project.close()
    return folder / "project"


def mask_of(path: Path, number: int) -> Pixels:
    project = Project.open(path)
    mask = project.load_mask(number).to_array()
    project.close()
    return mask


def coco(folder: Path, *names: str, size: tuple[int, int] = SIZE) -> Path:
    """A square of cells in the corner of every image."""
    folder.mkdir(parents=True, exist_ok=True)
    square = [[0, 0, 10, 0, 10, 20, 0, 20]]
    images = [
        {"id": number, "file_name": name, "height": size[0], "width": size[1]}
        for number, name in enumerate(names)
    ]
    annotations = [
        {
            "id": number + 1,
            "image_id": number,
            "category_id": 1,
            "segmentation": square,
            "bbox": [0, 0, 10, 20],
            "area": 200,
            "iscrowd": 0,
        }
        for number in range(len(names))
    ]
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "cell"}],
    }
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder


def test_folders_become_tags_and_parts(tmp_path: Path, capsys: Capture) -> None:
    data = tmp_path / "set"
    for number, place in enumerate(("train/healthy", "train/ill", "val/ill")):
        noise(data / place / f"{number}.png", number)
    noise(data / "train" / "_untagged" / "3.png", 3)
    project = project_of(tmp_path, data / "train" / "healthy" / "0.png")
    found = answer(capsys, "import", project, data, "--format", "folders")
    assert (found["matched"], found["added"], found["tags"], found["splits"]) == (1, 3, 3, 4)
    assert (found["masks"], found["refused"]) == (0, [])
    opened = Project.open(project)
    told = {record.name: (record.tags, record.split) for record in opened.images()}
    opened.close()
    assert told == {
        "0.png": (("healthy",), "train"),
        "1.png": (("ill",), "train"),
        "2.png": (("ill",), "val"),
        "3.png": ((), "train"),
    }


def test_rootpainters_annotations_leave_what_was_not_painted_undecided(
    tmp_path: Path, capsys: Capture
) -> None:
    root = tmp_path / "root"
    noise(root / "datasets" / "roots" / "a.jpg", 1)
    noise(root / "datasets" / "roots" / "b.jpg", 2)
    work = root / "projects" / "first"
    work.mkdir(parents=True)
    (work / "first.seg_proj").write_text(json.dumps({"name": "first", "dataset": "roots"}))
    drawn = np.zeros((*SIZE, 4), np.uint8)
    drawn[:10, :10] = (255, 0, 0, 180)
    drawn[20:30] = (0, 255, 0, 180)
    for split, name in (("train", "a"), ("val", "b")):
        (work / "annotations" / split).mkdir(parents=True)
        Image.fromarray(drawn).save(work / "annotations" / split / f"{name}.png")
    found = answer(capsys, "import", tmp_path / "new", root, "--map", "foreground=root")
    assert (found["format"], found["added"], found["splits"]) == ("rootpainter", 2, 2)
    mask = mask_of(tmp_path / "new", 1)
    assert (mask[:10, :10] == 1).all()
    assert (mask[20:30] == 0).all()
    assert np.count_nonzero(mask != UNLABELLED) == 100 + 10 * WIDTH


def test_cellposes_masks_come_in_and_its_pickle_is_refused_with_the_reason(
    tmp_path: Path, capsys: Capture
) -> None:
    data = tmp_path / "set"
    noise(data / "a.png", 1)
    noise(data / "b.png", 2)
    cells = np.zeros(SIZE, np.uint16)
    cells[:8, :8], cells[20:30, 20:30] = 1, 300
    tifffile.imwrite(data / "a_cp_masks.tif", cells)
    trace = tmp_path / "trace"
    (data / "b_seg.npy").write_bytes(b"cposix\nsystem\n(Vtouch " + bytes(trace) + b"\ntR.")
    found = answer(capsys, "import", tmp_path / "new", data, code=1)
    assert (found["format"], found["added"], found["skipped"]) == ("cellpose", 1, 1)
    assert "b_seg.npy: this is a pickle, which runs what is written" in found["refused"][0]
    assert "Save the masks as PNG or TIFF in Cellpose" in found["refused"][0]
    assert not trace.exists()
    assert np.array_equal(mask_of(tmp_path / "new", 1) == 1, cells > 0)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_labels_of_an_image_that_exif_turns_lie_as_it_is_shown(
    tmp_path: Path, capsys: Capture, orientation: int
) -> None:
    turned = orientation != 3
    shown = (HEIGHT, WIDTH)
    stored = shown[::-1] if turned else shown
    data = coco(tmp_path / "set", "a.jpg", size=shown)
    values = np.random.default_rng(1).integers(0, 255, (*stored, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(values).save(data / "a.jpg", exif=exif)
    found = answer(capsys, "import", tmp_path / "new", data)
    assert (found["added"], found["refused"]) == (1, [])
    mask = mask_of(tmp_path / "new", 1)
    assert mask.shape == shown
    assert (mask[:20, :10] == 1).all()
    assert np.count_nonzero(mask == 1) == 200


def test_labels_for_the_stored_way_of_a_turned_image_are_refused(
    tmp_path: Path, capsys: Capture
) -> None:
    data = coco(tmp_path / "set", "a.jpg", size=(HEIGHT, WIDTH))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(data / "a.jpg", exif=exif)
    found = answer(capsys, "import", tmp_path / "new", data, code=1)
    assert found["added"] == 0
    assert "a.jpg" in found["refused"][0]


def test_a_stack_is_refused_and_its_exported_pages_are_found_again(
    tmp_path: Path, capsys: Capture
) -> None:
    stack = np.random.default_rng(3).integers(0, 255, (3, *SIZE), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack")
    project = Project.create(tmp_path / "project", ("background", "cell"))
    numbers = project.add_images(probe_pages(tmp_path / "stack.tif"))
    for number in numbers[:2]:
        mask = project.load_mask(number)
        builder = PatchBuilder(mask)
        builder.paint(number, 3, np.ones((9, 9), np.bool_), 1)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush")
    project.close()
    answer(capsys, "export", tmp_path / "project", "--format", "png", "-o", tmp_path / "set")
    copy = Project.create(tmp_path / "copy", ("background", "cell"))
    copy.add_images(probe_pages(tmp_path / "stack.tif"))
    copy.close()
    found = answer(capsys, "import", tmp_path / "copy", tmp_path / "set")
    assert (found["matched"], found["added"]) == (2, 0)
    for number in numbers:
        one, other = mask_of(tmp_path / "project", number), mask_of(tmp_path / "copy", number)
        assert np.array_equal(one, other)
    data = coco(tmp_path / "whole", "stack.tif")
    tifffile.imwrite(data / "stack.tif", stack, photometric="minisblack")
    found = answer(capsys, "import", tmp_path / "new", data, code=1)
    assert "stack.tif holds 3 images, and one mask is no stack's" in found["refused"][0]


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "a/../../secret.png"])
def test_a_name_that_leads_out_is_refused_and_the_rest_goes_in(
    tmp_path: Path, capsys: Capture, name: str
) -> None:
    noise(tmp_path / "secret.png", 1)
    data = coco(tmp_path / "set", name, "good.png")
    noise(data / "good.png", 2)
    found = answer(capsys, "import", tmp_path / "new", data, code=1)
    assert (found["added"], found["skipped"]) == (1, 1)
    assert f"“{name}” leads out of the data set" in found["refused"][0]


def test_a_link_that_leads_out_is_refused_with_its_name(tmp_path: Path, capsys: Capture) -> None:
    noise(tmp_path / "secret.png", 1)
    data = coco(tmp_path / "set", "linked.png", "good.png")
    noise(data / "good.png", 2)
    try:
        (data / "linked.png").symlink_to(tmp_path / "secret.png")
    except OSError:
        pytest.skip("no links here")
    found = answer(capsys, "import", tmp_path / "new", data, code=1)
    assert found["added"] == 1
    assert "linked.png" in found["refused"][0]


def test_a_dry_run_counts_what_the_import_does_and_stores_nothing(
    tmp_path: Path, capsys: Capture
) -> None:
    data = coco(tmp_path / "set", "a.png", "b.png", "gone.png")
    images = [noise(data / name, seed) for seed, name in enumerate(("a.png", "b.png"))]
    project = project_of(tmp_path, images[0])
    before = (project / "project.sqlite").read_bytes()
    told = answer(capsys, "import", project, data, "--dry-run", code=1)
    assert (project / "project.sqlite").read_bytes() == before
    done = answer(capsys, "import", project, data, code=1)
    same = ("matched", "added", "skipped", "masks", "pixels", "tags", "splits", "refused")
    assert {key: told[key] for key in same} == {key: done[key] for key in same}
    assert told["classes"]["cell"] == {"pixels": 400, "images": 2}
    assert "gone.png" in told["refused"][0]
    answer(capsys, "import", tmp_path / "new", data, "--dry-run", code=1)
    assert not (tmp_path / "new").exists()


def test_masks_that_are_there_are_kept_filled_or_replaced(tmp_path: Path, capsys: Capture) -> None:
    data = coco(tmp_path / "set", "a.png")
    project = project_of(tmp_path, noise(data / "a.png", 1))
    opened = Project.open(project)
    mask = opened.load_mask(1)
    builder = PatchBuilder(mask)
    builder.paint(0, 0, np.ones((5, 5), np.bool_), 0)
    patch = builder.finish()
    assert patch is not None
    opened.commit(patch, mask, name="Brush")
    opened.close()
    mine = mask_of(project, 1)
    assert answer(capsys, "import", project, data, "--existing", "keep")["kept"] == 25
    assert np.array_equal(mask_of(project, 1), mine)
    assert answer(capsys, "import", project, data)["kept"] == 25
    assert np.count_nonzero(mask_of(project, 1) == 1) == 200 - 25
    assert answer(capsys, "import", project, data, "--existing", "replace")["pixels"] == 25
    assert np.count_nonzero(mask_of(project, 1) == 1) == 200


@pytest.mark.parametrize("has_image", [False, True])
def test_an_image_goes_in_whole_or_not_at_all(tmp_path: Path, has_image: bool) -> None:
    data = tmp_path / "set"
    image = noise(data / "images" / "a.png", 1)
    (data / "masks").mkdir()
    Image.fromarray(np.ones(SIZE, np.uint8)).save(data / "masks" / "a.png")
    line = {
        "file_name": "images/a.png",
        "mask_file_name": "masks/a.png",
        "tags": ["stained"],
    }
    (data / "metadata.jsonl").write_text(json.dumps(line) + "\n")
    project = Project.open(project_of(tmp_path, *([image] if has_image else [])))
    project._db.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON tag BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    format_, read = read_data_set(data)
    work = Import(project, read, ImportOptions(), title=format_.title)
    with pytest.raises(UserError):
        import_all(work)
    assert [record.id for record in project.images()] == [1] * has_image
    assert (work.report.masks, work.report.added, work.report.matched) == (0, 0, 0)
    if has_image:
        assert not project.load_mask(1).counts().any()
        assert project.undo_name(1) in (None, "Import classes")
    project._db.execute("DROP TRIGGER full")
    again = Import(project, read, ImportOptions(), title=format_.title)
    report = import_all(again)
    assert (report.masks, report.tags, report.refused) == (1, 1, [])
    assert project.load_mask(1).counts().sum() == HEIGHT * WIDTH
    project.close()


def test_a_file_that_the_project_knows_as_another_picture_is_not_painted_on(
    tmp_path: Path, capsys: Capture
) -> None:
    data = coco(tmp_path / "set", "a.png")
    project = project_of(tmp_path, noise(data / "a.png", 1))
    noise(data / "a.png", 2)
    found = answer(capsys, "import", project, data, code=1)
    assert "knows this file as another picture" in found["refused"][0]
    assert (mask_of(project, 1) == UNLABELLED).all()
