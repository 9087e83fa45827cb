"""Data sets as other tools write them: read as they mean them."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from written_sets import disc, masks_of, only_mask, save

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.formats.registry import FORMATS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_the_voc_of_the_challenge_has_its_twenty_classes(tmp_path: Path) -> None:
    kit = tmp_path / "VOCdevkit" / "VOC2012"
    save(kit / "JPEGImages" / "2007_000032.jpg")
    mask = np.where(disc(10, 10, 6), 15, 0).astype(np.uint8)
    mask[0] = 255
    image = Image.fromarray(mask, "P")
    image.putpalette(bytes(range(256)) * 3)
    (kit / "SegmentationClass").mkdir()
    image.save(kit / "SegmentationClass" / "2007_000032.png")
    lists = kit / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_000032\n")
    (lists / "trainval.txt").write_text("2007_000032\n")
    data = FORMATS["voc"].read(tmp_path)
    assert data.classes[15].name == "person"
    assert [image.split for image in data.images] == ["train"]
    assert np.array_equal(only_mask(data), mask)


def test_cvats_voc_with_a_labelmap_and_coloured_masks(tmp_path: Path) -> None:
    save(tmp_path / "JPEGImages" / "a.jpg")
    colours = np.zeros((30, 40, 3), np.uint8)
    colours[disc(10, 10, 6)] = (200, 10, 90)
    save(tmp_path / "SegmentationClass" / "a.png", colours)
    (tmp_path / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nleaf:200,10,90::\nbackground:0,0,0::\n"
    )
    data = FORMATS["voc"].read(tmp_path)
    assert [cls.name for cls in data.classes] == ["background", "leaf"]
    assert np.array_equal(only_mask(data), disc(10, 10, 6).astype(np.uint8))


def test_cityscapes_own_ids(tmp_path: Path) -> None:
    save(tmp_path / "leftImg8bit" / "val" / "ulm" / "ulm_000000_000019_leftImg8bit.png")
    ids = np.full((30, 40), 7, np.uint8)
    ids[:5] = 3
    ids[10:, 20:] = 26
    save(tmp_path / "gtFine" / "val" / "ulm" / "ulm_000000_000019_gtFine_labelIds.png", ids)
    data = FORMATS["cityscapes"].read(tmp_path)
    names = {cls.index: cls.name for cls in data.classes}
    mask = only_mask(data)
    assert data.images[0].split == "val"
    assert (mask[:5] == UNLABELLED).all()
    assert names[int(mask[8, 0])] == "road"
    assert names[int(mask[20, 30])] == "car"


def test_roboflows_yolo_with_its_paths_and_boxes(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        save(tmp_path / split / "images" / "a.png")
        (tmp_path / split / "labels").mkdir()
        (tmp_path / split / "labels" / "a.txt").write_text(
            "1 0.25 0.5 0.5 0.5 0.5 1 0.25 1\n0 0.5 0.5 0.1 0.1\n"
        )
    (tmp_path / "data.yaml").write_text(
        "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['box', 'leaf: big']\n"
    )
    data = FORMATS["yolo"].read(tmp_path)
    assert [cls.name for cls in data.classes] == ["background", "box", "leaf: big"]
    assert [image.split for image in data.images] == ["train", "val"]
    for mask in masks_of(data):
        expected = np.zeros((30, 40), np.uint8)
        expected[15:, 10:20] = 2
        assert np.array_equal(mask, expected)


def test_a_yolo_file_of_boxes_alone_is_refused_and_a_missing_one_is_no_mask(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png")
    save(tmp_path / "images" / "b.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (tmp_path / "classes.txt").write_text("cell\n")
    boxes, missing = FORMATS["yolo"].read(tmp_path).images
    assert missing.read_mask is None
    assert boxes.read_mask is not None
    with pytest.raises(UserError, match=r"a\.txt: these labels are boxes"):
        boxes.read_mask((30, 40))


def test_labelmes_shapes_are_painted_in_their_order(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    bitmap = np.eye(4, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(bitmap * 255).save(buffer, "PNG")
    shapes = [
        {"label": "leaf", "shape_type": "rectangle", "points": [[30.0, 20.0], [10.0, 5.0]]},
        {"label": "hole", "shape_type": "circle", "points": [[20.0, 12.0], [20.0, 16.0]]},
        {"label": "__ignore__", "points": [[0, 0], [5, 0], [5, 5], [0, 5]], "flags": {}},
        {
            "label": "root",
            "shape_type": "mask",
            "points": [[36, 26], [39, 29]],
            "mask": base64.b64encode(buffer.getvalue()).decode(),
        },
        {"label": "tip", "shape_type": "point", "points": [[1, 1]]},
    ]
    content = {
        "version": "5.4.1",
        "flags": {"blurred": True, "dark": False},
        "shapes": shapes,
        "imagePath": "a.png",
        "imageData": "AAAA" * 1000,
        "imageHeight": 30,
        "imageWidth": 40,
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    data = FORMATS["labelme"].read(tmp_path)
    names = [cls.name for cls in data.classes]
    assert names == ["background", "hole", "leaf", "root"]
    assert data.images[0].tags == ("blurred",)
    assert data.notes == ("1 points and lines were left out",)
    expected = np.zeros((30, 40), np.uint8)
    expected[5:20, 10:30] = 2
    expected[disc(12, 20, 4)] = 1
    expected[:5, :5] = UNLABELLED
    expected[26:, 36:][bitmap == 1] = 3
    assert (only_mask(data) != expected).sum() <= 4  # a circle of 180 corners is no disc


def test_cvats_polygons_boxes_and_order(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png")
    (tmp_path / "annotations.xml").write_text(
        """<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task>
        <labels><label><name>leaf</name><color>#ff0000</color></label><label><name>root</name>
        <type>any</type></label><label><name>sharp</name><type>tag</type></label></labels></task>
        </meta><image id="0" name="a.png" subset="Validation" width="40" height="30">
        <polygon label="root" points="2.00,2.00;12.00,2.00;12.00,9.00;2.00,9.00" z_order="1"
         occluded="0"><attribute name="old">true</attribute></polygon>
        <box label="leaf" xtl="0.0" ytl="0.0" xbr="20.0" ybr="20.0" z_order="0"/>
        <mask label="root" rle="1, 2, 3" left="38" top="28" width="2" height="3" z_order="0"/>
        <points label="leaf" points="1,1" z_order="0"/><tag label="sharp" source="manual"/>
        </image></annotations>"""
    )
    data = FORMATS["cvat"].read(tmp_path)
    assert [(c.name, c.colour) for c in data.classes[1:2]] == [("leaf", (255, 0, 0))]
    (image,) = data.images
    assert (image.tags, image.split) == (("sharp",), "val")
    expected = np.zeros((30, 40), np.uint8)
    expected[:20, :20] = 1
    expected[2:9, 2:12] = 2
    expected[28, 39] = expected[29, 38] = 2
    assert np.array_equal(only_mask(data), expected)


def test_cvats_videos_are_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text("<annotations><track id='0'/></annotations>")
    with pytest.raises(UserError, match="Export as CVAT for images"):
        FORMATS["cvat"].read(tmp_path)


def test_rootpainters_colours_are_foreground_background_and_undecided(tmp_path: Path) -> None:
    project = tmp_path / "projects" / "roots"
    save(tmp_path / "datasets" / "soil" / "a.jpg")
    drawn = np.zeros((30, 40, 4), np.uint8)
    drawn[disc(10, 10, 6)] = (255, 0, 0, 180)
    drawn[20:] = (0, 255, 0, 180)
    drawn[25:, 30:] = (255, 0, 0, 0)  # erased: only the colour is left
    save(project / "annotations" / "train" / "a.png", drawn)
    (project / "roots.seg_proj").write_text(json.dumps({"dataset": "soil", "file_names": []}))
    expected = np.full((30, 40), UNLABELLED, np.uint8)
    expected[disc(10, 10, 6)] = 1
    expected[20:] = 0
    expected[25:, 30:] = UNLABELLED
    for folder in (tmp_path, project):
        assert FORMATS["rootpainter"].recognises(folder)
        data = FORMATS["rootpainter"].read(folder)
        assert [image.split for image in data.images] == ["train"]
        assert np.array_equal(only_mask(data), expected)


@pytest.mark.parametrize(
    ("ending", "kind"),
    [(".png", np.uint16), (".tif", np.uint16), (".tif", np.int32), (".png", np.uint8)],
)
def test_cellposes_cells_are_one_class(tmp_path: Path, ending: str, kind: type) -> None:
    import tifffile

    save(tmp_path / "a.png")
    labels = np.zeros((30, 40), kind)
    labels[disc(8, 8, 5)] = 1
    labels[disc(20, 30, 7)] = np.iinfo(kind).max if kind == np.uint8 else 300
    path = tmp_path / f"a_cp_masks{ending}"
    if ending == ".tif":
        tifffile.imwrite(path, labels)
    else:
        Image.fromarray(labels).save(path)
    data = FORMATS["cellpose"].read(tmp_path)
    assert [cls.name for cls in data.classes] == ["background", "cell"]
    assert np.array_equal(only_mask(data), (labels > 0).astype(np.uint8))


def test_png_masks_that_nothing_describes(tmp_path: Path) -> None:
    values = np.where(disc(10, 10, 6), 3, 0).astype(np.uint8)
    save(tmp_path / "values" / "images" / "a.jpg")
    save(tmp_path / "values" / "masks" / "a.png", values)
    data = FORMATS["png"].read(tmp_path / "values")
    assert [cls.name for cls in data.classes] == ["background", "class 1", "class 2", "class 3"]
    assert np.array_equal(only_mask(data), values)
    colours = np.zeros((30, 40, 3), np.uint8)
    colours[values == 3] = (255, 0, 128)
    save(tmp_path / "colours" / "images" / "a.jpg")
    save(tmp_path / "colours" / "masks" / "a.png", colours)
    data = FORMATS["png"].read(tmp_path / "colours")
    assert [cls.name for cls in data.classes] == ["background", "#ff0080"]
    assert np.array_equal(only_mask(data), (values == 3).astype(np.uint8))


@pytest.mark.parametrize("dtype", [np.uint8, np.bool_])
def test_black_and_white_masks_that_nothing_describes_are_background_and_foreground(
    tmp_path: Path, dtype: type
) -> None:
    own = disc(10, 10, 6)
    save(tmp_path / "images" / "a.jpg")
    save(tmp_path / "masks" / "a.png", own if dtype is np.bool_ else own.astype(np.uint8) * 255)
    data = FORMATS["png"].read(tmp_path)
    assert [cls.name for cls in data.classes] == ["background", "foreground"]
    assert np.array_equal(only_mask(data), own.astype(np.uint8))
