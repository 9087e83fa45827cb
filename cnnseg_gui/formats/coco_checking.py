"""A written COCO data set as pycocotools reads it, or a second plain reading where that is missing.

Neither shares code with the writer or with `coco_reading`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats.dataset import Entry, WriteOptions
from cnnseg_gui.formats.polygon_checking import draw, has_pycocotools, pycocotools_mask


def reader() -> str:
    """What is read with on this machine."""
    return "pycocotools" if has_pycocotools() else "a plain reading of the list"


def check(folder: Path, options: WriteOptions, entries: Iterable[Entry]) -> Iterator[Pixels]:
    """The mask of each entry: objects by category, undecided pixels of the image's own field."""
    lists: dict[str, dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]] = {}
    for entry in entries:
        if entry.split not in lists:
            lists[entry.split] = _by_name(folder, entry.split)
        name = entry.image
        short = name.relative_to("images") if name.is_relative_to("images") else name
        image, annotations = lists[entry.split][str(short)]
        height, width = image["height"], image["width"]
        mask = np.zeros((height, width), np.uint8)
        by_category: dict[int, list[Any]] = {}
        for annotation in annotations:
            if not annotation["iscrowd"]:
                shapes = by_category.setdefault(annotation["category_id"], [])
                shapes.append(annotation["segmentation"])
        for category, shapes in by_category.items():
            mask[_drawn(shapes, height, width)] = category
        if "unlabelled" in image:
            mask[_drawn([image["unlabelled"]], height, width)] = UNLABELLED
        yield mask


# ---------------------------------------------------------------------- inside


def _by_name(folder: Path, split: str) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    name = f"annotations/instances_{split}.json" if split else "annotations.json"
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    by_id = {image["id"]: (image, list[dict[str, Any]]()) for image in content["images"]}
    for annotation in content["annotations"]:
        by_id[annotation["image_id"]][1].append(annotation)
    return {image["file_name"]: (image, found) for image, found in by_id.values()}


def _drawn(shapes: Sequence[Any], height: int, width: int) -> npt.NDArray[np.bool_]:
    """The pixels in any of the shapes, all of which are runs or all of which are polygons."""
    if not isinstance(shapes[0], Mapping):
        return draw([ring for rings in shapes for ring in rings], height, width)
    if has_pycocotools():
        masks = pycocotools_mask()
        return np.asarray(masks.decode(masks.merge(list(shapes))), np.bool_)
    flat = np.zeros(height * width, np.bool_)
    for shape in shapes:
        place, is_set = 0, False
        for run in _runs(shape["counts"]):
            if is_set:
                flat[place : place + run] = True
            place, is_set = place + run, not is_set
    return flat.reshape(width, height).T


def _runs(counts: str) -> Iterator[int]:
    """One number after another, as `rleFrString` of pycocotools' common/maskApi.c."""
    before: list[int] = []
    number, shift = 0, 0
    for character in counts:
        code = ord(character) - 48
        number |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            number |= -1 << shift
        before.append(number + (before[-2] if len(before) > 2 else 0))
        yield before[-1]
        number, shift = 0, 0
