"""What well-kept readers of others see in a written data set is what was painted."""

from __future__ import annotations

import base64
import importlib
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from painted_masks import CLASSES, rings
from PIL import Image, ImageDraw
from skimage.draw import polygon2mask
from torchvision.datasets import Cityscapes, ImageFolder, VOCSegmentation
from written_sets import write_set

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.formats.registry import FORMATS

NAMED = {"a b.jpg": rings(), "é😀.jpg": rings().T.copy(), "empty.jpg": np.zeros((9, 7), np.uint8)}
SPLITS = {"a b.jpg": "train", "é😀.jpg": "val", "empty.jpg": "train"}


def test_torchvision_reads_a_voc_data_set(tmp_path: Path) -> None:
    folder = tmp_path / "VOCdevkit" / "VOC2012"
    folder.mkdir(parents=True)
    write_set(FORMATS["voc"], folder, NAMED, splits=SPLITS)
    for image_set in ("train", "val", "trainval"):
        names = [name for name in NAMED if image_set in ("trainval", SPLITS[name])]
        names.sort(key=lambda name: SPLITS[name])
        data = VOCSegmentation(str(tmp_path), year="2012", image_set=image_set)
        assert len(data) == len(names)
        for (image, target), name in zip(data, names, strict=True):
            assert image.size == target.size
            assert np.array_equal(np.asarray(target), NAMED[name])


def test_vocs_objects_are_numbered_and_its_xml_says_where_they_are(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:5, 3:9] = mask[10:12, 20:30] = 1
    mask[15, 0] = 3
    mask[19] = UNLABELLED
    write_set(FORMATS["voc"], tmp_path, {"a.png": mask})
    with Image.open(tmp_path / "SegmentationObject" / "a.png") as image:
        objects = np.asarray(image)
    assert [int(n) for n in np.unique(objects)] == [0, 1, 2, 3, 255]
    root = ElementTree.parse(tmp_path / "Annotations" / "a.xml").getroot()
    assert root.findtext("filename") == "a.png"
    assert root.findtext("segmented") == "1"
    boxes = [[int(side.text or "") for side in box] for box in root.iterfind("object/bndbox")]
    assert boxes == [[4, 3, 9, 5], [21, 11, 30, 12], [1, 16, 1, 16]]
    assert [item.findtext("name") for item in root.iterfind("object")] == [
        "cell",
        "cell",
        "Zellwand – außen",
    ]


def test_torchvision_reads_a_cityscapes_data_set(tmp_path: Path) -> None:
    write_set(FORMATS["cityscapes"], tmp_path, NAMED, splits=SPLITS | {"empty.jpg": "test"})
    for split in ("train", "val", "test"):
        data = Cityscapes(str(tmp_path), split=split, mode="fine", target_type="semantic")
        (name,) = (n for n, own in (SPLITS | {"empty.jpg": "test"}).items() if own == split)
        ((_, target),) = list(data)
        shifted = np.asarray(target).astype(int) - 1
        assert np.array_equal(np.where(shifted < 0, UNLABELLED, shifted), NAMED[name])


def test_torchvision_reads_a_folder_for_each_tag(tmp_path: Path) -> None:
    tags = {"a b.jpg": ("sharp/ly: focused?",), "é😀.jpg": ("train", "second"), "empty.jpg": ()}
    write_set(FORMATS["folders"], tmp_path, NAMED, tags=tags)
    data = ImageFolder(str(tmp_path))
    assert len(data) == 3
    assert data.classes == ["_untagged", "sharp_ly_ focused_", "train-2"]
    again = FORMATS["folders"].read(tmp_path)
    assert {image.image.name: image.tags for image in again.images} == {
        "a b.jpg": ("sharp/ly: focused?",),
        "é😀.jpg": ("train",),
        "empty.jpg": (),
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("splits", [{}, SPLITS], ids=["whole", "split"])
def test_hugging_faces_datasets_reads_masks_and_tags(
    tmp_path: Path, splits: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("datasets", reason="an optional extra")
    datasets = importlib.import_module("datasets")
    importlib.import_module("tqdm").tqdm.monitor_interval = 0  # a thread that would stay
    tags = {"a b.jpg": ("sharp", "zwei")}
    (tmp_path / "set").mkdir()
    write_set(FORMATS["hf"], tmp_path / "set", NAMED, splits=splits, tags=tags)
    data = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "set"), cache_dir=str(tmp_path / "cache")
    )
    names = {"train": list(NAMED)}
    if splits:
        names = {"train": ["a b.jpg", "empty.jpg"], "validation": ["é😀.jpg"]}
    assert {split: len(rows) for split, rows in data.items()} == {
        split: len(own) for split, own in names.items()
    }
    for split, own in names.items():
        for row, name in zip(data[split], own, strict=True):
            assert np.array_equal(np.asarray(row["mask"]), NAMED[name])
            assert row["image"].size == row["mask"].size
            assert json.loads(row["tags"]) == list(tags.get(name, ()))


def test_labelmes_schema_is_kept_and_its_masks_are_exact(tmp_path: Path) -> None:
    entries, _ = write_set(FORMATS["labelme"], tmp_path, NAMED, choices={"shapes": "masks"})
    labels = (tmp_path / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert labels[:2] == ["__ignore__", "_background_"]
    for entry, mask in zip(entries, NAMED.values(), strict=True):
        path = tmp_path / entry.image
        content = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        # What LabelFile.load reads (labelme/label_file.py, 5.5.0).
        assert content.keys() == {
            "version",
            "flags",
            "shapes",
            "imagePath",
            "imageData",
            "imageHeight",
            "imageWidth",
        }
        assert (path.parent / content["imagePath"]).is_file()
        assert (content["imageHeight"], content["imageWidth"]) == mask.shape
        found = np.zeros(mask.shape, np.uint8)
        for shape in content["shapes"]:
            assert shape.keys() == {
                "label",
                "points",
                "group_id",
                "description",
                "shape_type",
                "flags",
                "mask",
            }
            # As shapes_to_label of labelme/utils/shape.py does it.
            (x1, y1), (x2, y2) = np.array(shape["points"]).astype(int)
            with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as image:
                bitmap = np.asarray(image).astype(bool)
            value = labels.index(shape["label"]) - 1
            found[y1 : y2 + 1, x1 : x2 + 1][bitmap] = value % 256
        assert np.array_equal(found, mask)


def test_cvats_schema_is_kept(tmp_path: Path) -> None:
    tags = {"a b.jpg": ("sharp",)}
    choices = ({}, {"shapes": "polygons"})
    for number, choice in enumerate(choices):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_set(FORMATS["cvat"], folder, NAMED, splits=SPLITS, tags=tags, choices=choice)
        root = ElementTree.parse(folder / "annotations.xml").getroot()
        assert root.tag == "annotations"
        assert root.findtext("version") == "1.1"
        assert root.findtext("meta/task/size") == "3"
        names = {label.findtext("name"): label.findtext("type") for label in root.iter("label")}
        assert names == {
            **dict.fromkeys(["cell", "nucleus", "Zellwand – außen", "unlabelled"], "any"),
            "sharp": "tag",
        }
        for image_number, image in enumerate(root.iterfind("image")):
            assert image.get("id") == str(image_number)
            assert (folder / "images" / str(image.get("name"))).is_file()
            assert image.get("subset") in ("train", "val")
            for shape in image:
                assert shape.get("label") in names
                wanted = {
                    "mask": {"rle", "left", "top", "width", "height", "occluded", "z_order"},
                    "polygon": {"points", "occluded", "z_order"},
                    "tag": set(),
                }[shape.tag]
                assert shape.attrib.keys() == {"label", "source", *wanted}
                if shape.tag == "mask":
                    runs = [int(run) for run in str(shape.get("rle")).split(", ")]
                    assert sum(runs) == int(shape.get("width", 0)) * int(shape.get("height", 0))
                    assert min(runs[1:]) > 0


def test_a_description_of_yolo_is_what_ultralytics_asks_for(tmp_path: Path) -> None:
    import yaml

    write_set(FORMATS["yolo"], tmp_path, NAMED, splits=SPLITS)
    content = yaml.safe_load((tmp_path / "data.yaml").read_text(encoding="utf-8"))
    assert content == {
        "path": ".",
        "train": "images/train",
        "val": "images/val",
        "nc": 3,
        "names": {0: "cell", 1: "nucleus", 2: "Zellwand – außen"},
    }
    for name, split in SPLITS.items():
        stem = Path(name).stem
        assert (tmp_path / "labels" / split / f"{stem}.txt").is_file()
    assert (tmp_path / "labels" / "train" / "empty.txt").read_bytes() == b""
    values = [
        float(value)
        for line in (tmp_path / "labels" / "train" / "a b.txt").read_text().splitlines()
        for value in line.split()[1:]
    ]
    assert min(values) >= 0
    assert max(values) <= 1


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("side", [11, 30, 100])
def test_programs_that_draw_the_edge_too_see_nearly_the_object(tmp_path: Path, side: int) -> None:
    """Pillow's ImageDraw, LabelMe's own way, colours the pixels its edge passes as well."""
    mask = np.zeros((side + 20, side + 20), np.uint8)
    mask[10 : 10 + side, 10 : 10 + side] = 1
    entries, _ = write_set(FORMATS["labelme"], tmp_path, {"a.png": mask})
    path = (tmp_path / entries[0].image).with_suffix(".json")
    (shape,) = json.loads(path.read_text())["shapes"]
    image = Image.new("L", mask.shape[::-1])
    ImageDraw.Draw(image).polygon([tuple(p) for p in shape["points"]], fill=1, outline=1)
    # One pixel more to the right and below: that is why LabelMe's masks are offered.
    assert overlap(np.asarray(image) > 0, mask > 0) == pytest.approx((side / (side + 1)) ** 2)
    corners = np.array(shape["points"])[:, ::-1] - 0.5
    assert overlap(polygon2mask(mask.shape, corners), mask > 0) == 1.0


def test_the_background_is_in_no_list_of_classes(tmp_path: Path) -> None:
    assert CLASSES[0].name == "background"
    write_set(FORMATS["labelme"], tmp_path, NAMED)
    assert "background" not in (tmp_path / "labels.txt").read_text().split()
