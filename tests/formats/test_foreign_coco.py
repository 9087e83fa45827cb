"""COCO as other tools write it: read as they mean it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as reference
from written_sets import disc, masks_of, only_mask, save

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.formats.registry import FORMATS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def coco_list(**changes: object) -> dict[str, object]:
    image = {"id": 900001, "file_name": "a.png", "height": 30, "width": 40, "license": 3}
    return {
        "info": {"year": 2017},
        "licenses": [{"id": 3}],
        "images": [image],
        "annotations": [],
        "categories": [{"id": 0, "name": "dog"}, {"id": 4711, "name": "cat"}],
    } | changes


def annotation(category: int, shape: object, **more: object) -> dict[str, object]:
    return {"id": 7, "image_id": 900001, "category_id": category, "segmentation": shape} | more


def test_cocos_own_layout_with_gaps_in_the_ids_and_both_kinds_of_runs(tmp_path: Path) -> None:
    save(tmp_path / "val2017" / "a.png")
    packed = reference.encode(np.asfortranarray(disc(8, 9, 5).astype(np.uint8)))
    loose = disc(20, 30, 6).astype(np.uint8)
    flat = loose.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    content = coco_list(
        annotations=[
            annotation(4711, {"size": [30, 40], "counts": packed["counts"].decode()}, iscrowd=0),
            annotation(0, {"size": [30, 40], "counts": runs}, iscrowd=1),
            annotation(0, [], bbox=[1, 2, 3, 4]),
        ]
    )
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "captions_val2017.json").write_text("{}")
    (tmp_path / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    data = FORMATS["coco"].read(tmp_path)
    assert [cls.name for cls in data.classes] == ["background", "dog", "cat"]
    assert [image.split for image in data.images] == ["val"]
    assert data.notes == ("1 annotations without a shape were left out",)
    expected = np.zeros((30, 40), np.uint8)
    expected[disc(8, 9, 5)] = 2
    expected[loose == 1] = 1
    assert np.array_equal(only_mask(data), expected)


def test_polygons_of_coco_are_read_as_pycocotools_draws_them_nearly(tmp_path: Path) -> None:
    save(tmp_path / "sub" / "dir" / "a.png")
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([20 + 11.3 * np.cos(turns), 15 + 9.7 * np.sin(turns)], axis=1).ravel().tolist()
    inner = [18.0, 13.0, 22.0, 13.0, 22.0, 17.0, 18.0, 17.0]
    image = {"id": 900001, "file_name": "sub/dir/a.png", "height": 30, "width": 40}
    content = coco_list(
        images=[image],
        annotations=[annotation(4711, [inner], area=16.0), annotation(0, [ring], area=344.0)],
    )
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    mask = only_mask(FORMATS["coco"].read(path))
    assert (mask == 2).sum() == 16  # the smaller one stays although it comes first
    theirs = reference.decode(reference.frPyObjects([ring], 30, 40))[..., 0] > 0
    assert (theirs & (mask > 0)).sum() / (theirs | (mask > 0)).sum() > 0.97


def test_roboflows_coco_has_a_list_for_each_split(tmp_path: Path) -> None:
    for split, number in (("train", 2), ("valid", 1)):
        folder = tmp_path / split
        save(folder / "a.png")
        shape = [[0, 0, 10, 0, 10, number, 0, number]]
        content = coco_list(annotations=[annotation(4711, shape)])
        (folder / "_annotations.coco.json").write_text(json.dumps(content))
    data = FORMATS["coco"].read(tmp_path)
    assert {
        image.split: (mask == 2).sum()
        for image, mask in zip(data.images, masks_of(data), strict=True)
    } == {
        "train": 20,
        "val": 10,
    }
    assert {image.image.parent.name for image in data.images} == {"train", "valid"}


@pytest.mark.parametrize(
    ("name", "split"),
    [("latest", ""), ("constraints", ""), ("my_test_set", "test"), ("instances_val2017", "val")],
)
def test_a_split_is_a_word_of_the_lists_name(tmp_path: Path, name: str, split: str) -> None:
    (tmp_path / f"{name}.json").write_text(json.dumps(coco_list()))
    (image,) = FORMATS["coco"].read(tmp_path).images
    assert image.split == split


def test_more_categories_than_a_mask_can_hold_are_refused(tmp_path: Path) -> None:
    content = coco_list(categories=[{"id": n, "name": f"c{n}"} for n in range(255)])
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="255 classes are more than the 254"):
        FORMATS["coco"].read(tmp_path)
