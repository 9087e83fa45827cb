"""COCO: images/ and a list of objects, as run-length encoded masks exact to the pixel.

- `annotations.json`, or where the data set is split `annotations/instances_<split>.json`.
- An object is a connected component of one class; pixels that touch at a corner are connected
  (8-neighbourhood), so a line of one pixel's width is one object.
- Class 0, the background, has no objects and is no category. Category ids are class indices.
- As `polygons`, an object is one ring through the corners of its pixels, or as near to them as
  `tolerance` (pixels) says; holes are kept by a cut of no width that leads to them.
- Unlabelled pixels are no background. Each image that has some holds them as a run-length encoded
  mask in its field `unlabelled`. With `undecided` = `crowd` they are also there for programs that
  know COCO's own fields alone: one annotation with `iscrowd` 1 for each category that has an object
  in this list, since COCO's evaluation ignores, category by category, what is detected there, and
  passes over categories without any object (`COCOeval` in pycocotools). Leave annotations with
  `iscrowd` 1 out when drawing. With many categories, `field` makes a smaller file.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats import coco_checking, coco_reading, rle
from cnnseg_gui.formats.components import Components, components
from cnnseg_gui.formats.dataset import Entry, Format, WriteOptions
from cnnseg_gui.formats.entries import Names
from cnnseg_gui.formats.outline import TOLERANCES, outlines

FILE_NAME = "annotations.json"
CHOICES = {"shapes": ("rle", "polygons"), "undecided": ("crowd", "field"), "tolerance": TOLERANCES}

_UNSPLIT = PurePosixPath(FILE_NAME)
_INFO = {"description": "Exported by CNNSeg", "version": "1.0"}


def list_path(split: str) -> PurePosixPath:
    """Where the list of a split lies in the data set."""
    return PurePosixPath("annotations", f"instances_{split}.json") if split else _UNSPLIT


@dataclass
class _List:
    """A list that grows on the disk: its images and annotations in a file each, one a line."""

    images: Path
    annotations: Path
    image_count: int = 0
    annotation_count: int = 0
    categories: set[int] = field(default_factory=set)

    def add(self, image: dict[str, Any], annotations: Iterable[dict[str, Any]]) -> None:
        """Appends to both; the annotations get their ids."""
        self.image_count += 1
        _append(self.images, "" if self.image_count == 1 else ",", [image])
        self.annotate(annotations)

    def annotate(self, annotations: Iterable[dict[str, Any]]) -> None:
        lines = []
        for annotation in annotations:
            self.annotation_count += 1  # from 1: COCOeval takes an id of 0 for "no match"
            lines.append({"id": self.annotation_count, **annotation})
        first = self.annotation_count == len(lines)
        _append(self.annotations, "" if first else ",", lines)


class CocoWriter:
    """Writes each image's objects as it comes; `finish` joins them to the lists."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._polygons = options.choice(CHOICES, "shapes") == "polygons"
        self._tolerance = float(options.choice(CHOICES, "tolerance"))
        self._crowd = options.choice(CHOICES, "undecided") == "crowd"
        self._classes = options.classes
        self._lists: dict[str, _List] = {}
        self._names = Names()

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        return PurePosixPath("images", self._names.free(name))

    def add(self, entry: Entry, mask: Pixels) -> None:
        height, width = mask.shape
        into = self._list(entry.split)
        image: dict[str, Any] = {
            "id": into.image_count + 1,
            "file_name": _file_name(entry.image),
            "height": height,
            "width": width,
            **({"tags": list(entry.tags)} if entry.tags else {}),
        }
        annotations: list[dict[str, Any]] = []
        for part in components(mask):
            into.categories.add(part.index)
            objects = rle.encode_objects(part.labels, corner=part.corner, shape=mask.shape)
            shapes = self._shapes(part, objects, mask.shape)
            annotations += map(partial(_annotation, image["id"], part.index), objects, shapes)
        undecided = (mask == UNLABELLED).view(np.uint8)
        for region in rle.encode_objects(undecided):
            image["unlabelled"] = {"size": [height, width], "counts": region.counts}
        into.add(image, annotations)

    def finish(self) -> None:
        if not self._lists:
            self._list("")
        for split, into in self._lists.items():
            if self._crowd:
                _add_crowds(into, self._classes)
            path = self._folder / list_path(split)
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                file.write(b'{"info":' + _dumps(self._info()) + b',"licenses":[],"images":[')
                _move(into.images, file)
                file.write(b'],"annotations":[')
                _move(into.annotations, file)
                file.write(b'],"categories":' + _dumps(self._categories()) + b"}\n")

    def _shapes(
        self,
        part: Components,
        objects: Sequence[rle.EncodedObject],
        shape: tuple[int, ...],
    ) -> list[Any]:
        """The field `segmentation` of each object."""
        if self._polygons:
            rings = outlines(part.labels, corner=part.corner, tolerance=self._tolerance)
            return [[ring[:, ::-1].ravel().tolist()] for ring in rings]
        return [{"size": list(shape), "counts": found.counts} for found in objects]

    def _list(self, split: str) -> _List:
        if split not in self._lists:
            images, annotations = (
                self._folder / f".{kind}-{split}.part" for kind in ("images", "annotations")
            )
            images.touch()
            annotations.touch()
            self._lists[split] = _List(images, annotations)
        return self._lists[split]

    def _info(self) -> dict[str, Any]:
        grounds = [cls for cls in self._classes if cls.index == 0]
        return {**_INFO, **({"background": _category(grounds[0])} if grounds else {})}

    def _categories(self) -> list[dict[str, Any]]:
        return [_category(cls) for cls in self._classes if cls.index != 0]


FORMAT = Format(
    name="coco",
    title="COCO",
    description="images/ and annotations.json: one run-length encoded mask or polygon per object",
    writer=CocoWriter,
    read=coco_reading.read,
    recognises=coco_reading.recognises,
    check=coco_checking.check,
    checked_by=coco_checking.reader,
    inexact=frozenset({("shapes", "polygons")}),
    choices=CHOICES,
    refers=True,
)


# ---------------------------------------------------------------------- inside


def _category(cls: PixelClass) -> dict[str, Any]:
    return {"id": cls.index, "name": cls.name, "supercategory": "", "color": list(cls.colour)}


def _file_name(image: PurePosixPath) -> str:
    """Relative to images/; an image that is referred to keeps its whole path."""
    return str(image.relative_to("images")) if image.is_relative_to("images") else str(image)


def _annotation(
    image: int, category: int, found: rle.EncodedObject, shape: object, crowd: int = 0
) -> dict[str, Any]:
    box = found.box
    return {
        "image_id": image,
        "category_id": category,
        "bbox": [box.left, box.top, box.width, box.height],
        "area": found.area,
        "iscrowd": crowd,
        "segmentation": shape,
    }


def _add_crowds(into: _List, classes: Sequence[PixelClass]) -> None:
    """The unlabelled pixels of every image, once for each category that has an object."""
    first = [cls.index for cls in classes if cls.index != 0][:1]
    categories = sorted(into.categories) or first
    with into.images.open("rb") as lines:
        for line in lines:
            image = json.loads(line.lstrip(b","))
            if "unlabelled" in image:
                shape = image["unlabelled"]
                found = rle.described(shape["counts"], (image["height"], image["width"]))
                into.annotate(
                    _annotation(image["id"], category, found, shape, crowd=1)
                    for category in categories
                )


def _append(path: Path, first: str, contents: Sequence[dict[str, Any]]) -> None:
    if contents:
        with path.open("ab") as file:
            file.write(first.encode() + b",".join(_dumps(item) + b"\n" for item in contents))


def _move(part: Path, into: BinaryIO) -> None:
    with part.open("rb") as file:
        shutil.copyfileobj(file, into, 1 << 20)
    part.unlink()


def _dumps(content: object) -> bytes:
    # ASCII, because pycocotools opens the file in the encoding of the system it runs on.
    return json.dumps(content, separators=(",", ":"), ensure_ascii=True).encode("ascii")
