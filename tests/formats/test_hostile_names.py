"""A data set from anyone: what leads out of it is refused with its name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from written_sets import with_image

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.formats.entries import inside
from cnnseg_gui.formats.registry import FORMATS

LEADS_OUT = [
    "/etc/passwd",
    "../secret.png",
    "a/../../secret.png",
    "C:\\secret.png",
    "C:/s.png",
    "..\\secret.png",
    "\\\\server\\share.png",
    "file:///etc/passwd",
    "",
    "http://x/y.png",
]


def coco(folder: Path, name: str) -> None:
    image = {"id": 1, "file_name": name, "height": 6, "width": 5}
    content = {"images": [image], "annotations": [], "categories": []}
    (folder / "annotations.json").write_text(json.dumps(content))


def hf(folder: Path, name: str) -> None:
    (folder / "metadata.jsonl").write_text(json.dumps({"file_name": name}) + "\n")


def hf_mask(folder: Path, name: str) -> None:
    line = {"file_name": "images/a.png", "mask_file_name": name or "/"}
    (folder / "metadata.jsonl").write_text(json.dumps(line) + "\n")


def labelme(folder: Path, name: str) -> None:
    content = {"shapes": [], "imagePath": name, "imageHeight": 6, "imageWidth": 5}
    (folder / "a.json").write_text(json.dumps(content))


def cvat(folder: Path, name: str) -> None:
    (folder / "annotations.xml").write_text(
        f'<annotations><image id="0" name="{name}" width="5" height="6"/></annotations>'
    )


def yolo(folder: Path, name: str) -> None:
    (folder / "train.txt").write_text(f"{name or '/'}\n")
    (folder / "data.yaml").write_text("train: train.txt\nnames: [cell]\n")


def voc(folder: Path, name: str) -> None:
    lists = folder / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (folder / "SegmentationClass").mkdir()
    (lists / "train.txt").write_text(f"{name or '/'}\n")


@pytest.mark.parametrize("name", LEADS_OUT)
@pytest.mark.parametrize("written", [coco, hf, hf_mask, labelme, cvat, yolo, voc])
def test_a_name_that_leads_out_is_refused_and_named(
    tmp_path: Path, written: Callable[[Path, str], None], name: str
) -> None:
    folder = with_image(tmp_path / "set")
    Image.fromarray(np.zeros((6, 5), np.uint8)).save(tmp_path / "secret.png")
    written(folder, name)
    data = FORMATS[written.__name__.removesuffix("_mask")].read(folder)
    assert not data.images
    (error,) = data.refused
    assert (name or "without a name") in str(error) or (not name and "“/" in str(error))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes")
@pytest.mark.parametrize("written", [coco, hf, labelme, cvat, yolo])
def test_a_link_out_of_the_data_set_and_a_pipe_are_refused(
    tmp_path: Path, written: Callable[[Path, str], None]
) -> None:
    folder = with_image(tmp_path / "set")
    with_image(tmp_path, "secret.png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "round.png").symlink_to(folder / "round.png")
    for name in ("link.png", "pipe.png", "round.png"):
        written(folder, name)
        data = FORMATS[written.__name__].read(folder)
        assert not data.images
        (error,) = data.refused
        assert name in str(error)


@settings(max_examples=200)
@given(st.text(max_size=30))
def test_no_name_at_all_leads_out(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        path = inside(folder, name)
    except UserError:
        return
    assert path.resolve().is_relative_to(folder.resolve())
