"""What pycocotools reads from an exported COCO folder is what was painted."""

from __future__ import annotations

import json
import time
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from painted_masks import CLASSES, masks, rings
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy import ndimage
from written_sets import read_back, write_set

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats import coco, coco_checking, polygon_checking, rle
from cnnseg_gui.formats.dataset import Entry, WriteOptions

# pycocotools 2.0.11 hands numpy 2 arrays in the manner of numpy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def written(folder: Path, named: dict[str, Pixels]) -> COCO:
    write_set(coco.FORMAT, folder, named)
    return COCO(str(folder / coco.FILE_NAME))


def drawn(data: COCO, image_id: int) -> Pixels:
    """The mask as a user of pycocotools would put it together."""
    image = data.imgs[image_id]
    mask = np.zeros((image["height"], image["width"]), np.uint8)
    for annotation in data.loadAnns(data.getAnnIds(imgIds=[image_id])):
        value = UNLABELLED if annotation["iscrowd"] else annotation["category_id"]
        mask[data.annToMask(annotation) == 1] = value
    return mask


@given(st.lists(masks(), min_size=1, max_size=3))
def test_pycocotools_and_read_back_see_every_pixel_as_painted(
    tmp_path_factory: pytest.TempPathFactory, painted: list[Pixels]
) -> None:
    folder = tmp_path_factory.mktemp("coco")
    named = {f"image {number}.png": mask for number, mask in enumerate(painted)}
    data = written(folder, named)
    again = read_back("coco", folder)
    assert list(again) == list(named)
    for image_id, (name, mask) in enumerate(named.items(), start=1):
        assert data.imgs[image_id]["file_name"] == name
        assert np.array_equal(drawn(data, image_id), mask)
        assert np.array_equal(again[name], mask)


@given(masks())
def test_areas_boxes_and_objects_are_those_of_the_painted_components(
    tmp_path_factory: pytest.TempPathFactory, mask: Pixels
) -> None:
    data = written(tmp_path_factory.mktemp("coco"), {"a.png": mask})
    objects = [a for a in data.dataset["annotations"] if not a["iscrowd"]]
    components = sum(ndimage.label(mask == value, np.ones((3, 3)))[1] for value in (1, 2, 3))
    assert len(objects) == components
    for annotation in objects:
        alone = data.annToMask(annotation)
        rows, columns = np.nonzero(alone)
        assert annotation["area"] == alone.sum()
        assert annotation["bbox"] == [
            columns.min(),
            rows.min(),
            columns.max() - columns.min() + 1,
            rows.max() - rows.min() + 1,
        ]
        assert ndimage.label(alone, np.ones((3, 3)))[1] == 1


def test_holes_stay_holes_and_a_diagonal_line_is_one_object(tmp_path: Path) -> None:
    mask = rings()
    data = written(tmp_path, {"a.png": mask})
    assert np.array_equal(drawn(data, 1), mask)
    assert len(data.getAnnIds(catIds=[3])) - 1 == ndimage.label(mask == 3, np.ones((3, 3)))[1]


def test_background_is_no_category_and_an_image_of_background_stays(tmp_path: Path) -> None:
    data = written(tmp_path, {"empty.png": np.zeros((9, 7), np.uint8)})
    assert data.getCatIds() == [1, 2, 3]
    assert [cat["name"] for cat in data.loadCats([1, 3])] == ["cell", "Zellwand – außen"]
    assert list(data.imgs) == [1]
    assert data.anns == {}


def test_the_same_masks_give_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, {"a.png": rings(), "b.png": rings().T})
    first, second = ((tmp_path / name / coco.FILE_NAME).read_bytes() for name in ("one", "two"))
    assert first == second


def detection(data: COCO, top: int, left: int) -> dict[str, object]:
    """A detected cell of 10 × 10 pixels."""
    bitmap = np.zeros((60, 60), np.bool_)
    bitmap[top : top + 10, left : left + 10] = True
    counts = rle.encode(bitmap)
    return {
        "image_id": 1,
        "category_id": 1,
        "segmentation": {"size": [60, 60], "counts": counts},
        "score": 0.99 if top else 0.5,
    }


@pytest.mark.parametrize(("ground", "precision"), [(UNLABELLED, 1.0), (0, 0.5)])
def test_coco_evaluation_ignores_what_is_detected_in_undecided_areas(
    tmp_path: Path, ground: int, precision: float
) -> None:
    mask = np.full((60, 60), ground, np.uint8)
    mask[:10, :10] = 1
    data = written(tmp_path, {"a.png": mask})
    found = data.loadRes([detection(data, 0, 0), detection(data, 40, 40)])
    evaluation = COCOeval(data, found, "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(precision, abs=0.01)


def test_a_megapixel_with_500_objects_is_written_in_well_under_a_second(tmp_path: Path) -> None:
    y, x = np.mgrid[:1000, :1000]
    mask = np.where(np.hypot(y % 44 - 22, x % 44 - 22) < 15, 1 + (x // 44 + y // 44) % 3, 0)
    mask = mask.astype(np.uint8)
    began = time.perf_counter()
    write_set(coco.FORMAT, tmp_path, {"a.png": mask})
    seconds = time.perf_counter() - began
    assert len(json.loads((tmp_path / coco.FILE_NAME).read_text())["annotations"]) >= 500
    assert seconds < 1.0
    assert np.array_equal(read_back("coco", tmp_path)["a.png"], mask)


def test_crowds_are_there_for_the_categories_that_have_objects_and_not_more(tmp_path: Path) -> None:
    mask = np.full((20, 20), UNLABELLED, np.uint8)
    mask[:5, :5] = 2
    data = written(tmp_path, {"a.png": mask, "b.png": np.full((4, 4), UNLABELLED, np.uint8)})
    crowds = [a for a in data.dataset["annotations"] if a["iscrowd"]]
    assert [(a["image_id"], a["category_id"], a["area"]) for a in crowds] == [
        (1, 2, 375),
        (2, 2, 16),
    ]
    assert crowds[0]["bbox"] == [0, 0, 20, 20]
    (tmp_path / "field").mkdir()
    write_set(coco.FORMAT, tmp_path / "field", {"a.png": mask}, choices={"undecided": "field"})
    content = json.loads((tmp_path / "field" / coco.FILE_NAME).read_text())
    assert [a["iscrowd"] for a in content["annotations"]] == [0]
    assert content["images"][0]["unlabelled"]["size"] == [20, 20]


@given(masks())
@pytest.mark.parametrize("shapes", ["rle", "polygons"])
def test_without_pycocotools_a_plain_reading_checks_the_same(
    tmp_path_factory: pytest.TempPathFactory, shapes: str, mask: Pixels
) -> None:
    folder = tmp_path_factory.mktemp("coco")
    entries, options = write_set(coco.FORMAT, folder, {"a.png": mask}, choices={"shapes": shapes})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polygon_checking.importlib.util, "find_spec", lambda name: None)
        assert coco.FORMAT.checked_by() == "a plain reading of the list"
        (found,) = coco_checking.check(folder, options, entries)
    assert np.array_equal(found, mask)
    assert coco.FORMAT.checked_by() == "pycocotools"


def test_an_image_that_is_referred_to_keeps_its_path_and_is_not_opened_when_read(
    tmp_path: Path,
) -> None:
    entry = Entry(PurePosixPath("/data/images/a.png"), (60, 50))
    options = WriteOptions(CLASSES)
    writer = coco.CocoWriter(tmp_path, options)
    writer.add(entry, rings())
    writer.finish()
    (found,) = coco_checking.check(tmp_path, options, [entry])
    assert np.array_equal(found, rings())
    (error,) = coco.FORMAT.read(tmp_path).refused
    assert "“/data/images/a.png” leads out of the data set" in str(error)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"images": 3}',
        '{"annotations": [], "images": [{"id": 1, "height": 0, "width": 3}]}',
        '{"annotations": [{"image_id": 1}], "images": []}',
        '{"images": ' + "[" * 200_000,
        '{"images": [], "more": ' + "[" * 200_000 + "]" * 200_000 + "}",
    ],
)
def test_a_file_that_is_no_list_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / coco.FILE_NAME).write_text(content)
    with pytest.raises(UserError, match=r"annotations\.json: this (is not|JSON is nested)"):
        coco.FORMAT.read(tmp_path)
