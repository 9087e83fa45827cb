"""COCO: one annotations.json, objects as run-length encoded masks, exact to the pixel.

- An object is a connected component of one class; pixels that touch at a corner are connected
  (8-neighbourhood), so a line of one pixel's width is one object.
- Class 0, the background, has no objects and is no category. Category ids are class indices.
- Unlabelled pixels are no background. Each image that has some holds them as a run-length encoded
  mask in its field `unlabelled`, and for programs that know only COCO's own fields there is one
  annotation with `iscrowd` 1 per category: COCO's evaluation ignores what is detected there
  (`COCOeval.evaluateImg` in pycocotools). Leave annotations with `iscrowd` 1 out when drawing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_io import MAX_PIXELS
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.formats import rle

FILE_NAME = "annotations.json"

_TOUCHING = np.ones((3, 3), np.bool_)


class CocoWriter:
    """Collects the masks; `finish` writes annotations.json into the folder."""

    def __init__(self, folder: Path, classes: Sequence[PixelClass]) -> None:
        self._folder = folder
        self._categories: list[dict[str, Any]] = [
            {"id": cls.index, "name": cls.name, "supercategory": "", "color": list(cls.colour)}
            for cls in classes
            if cls.index != 0
        ]
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, image_file: str, mask: Pixels, tags: tuple[str, ...] = ()) -> None:
        """Adds an image by its name in images/, with its uint8[H, W] mask and its tags."""
        height, width = mask.shape
        image: dict[str, Any] = {
            "id": len(self._images) + 1,
            "file_name": image_file,
            "height": height,
            "width": width,
            **({"tags": list(tags)} if tags else {}),
        }
        self._images.append(image)
        for index, box in _present(mask):
            crop = mask[box.slices] == index
            corner = box.top, box.left
            if index == UNLABELLED:
                (region,) = rle.encode_objects(crop.view(np.uint8), corner=corner, shape=mask.shape)
                image["unlabelled"] = {"size": [height, width], "counts": region.counts}
                for category in self._categories:
                    self._annotate(image, category["id"], region, crowd=True)
            elif index != 0:
                labels, _ = ndimage.label(crop, _TOUCHING)
                for found in rle.encode_objects(labels, corner=corner, shape=mask.shape):
                    self._annotate(image, index, found, crowd=False)

    def finish(self) -> None:
        content = {
            "info": {"description": "Exported by CNNSeg", "version": "1.0"},
            "licenses": [],
            "images": self._images,
            "annotations": self._annotations,
            "categories": self._categories,
        }
        # ASCII, because pycocotools opens the file in the encoding of the system it runs on.
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
        (self._folder / FILE_NAME).write_text(text + "\n", encoding="ascii", newline="\n")

    def _annotate(
        self, image: dict[str, Any], category: int, found: rle.EncodedObject, *, crowd: bool
    ) -> None:
        box = found.box
        self._annotations.append(
            {
                "id": len(self._annotations) + 1,  # COCOeval takes an id of 0 for "no match"
                "image_id": image["id"],
                "category_id": category,
                "bbox": [box.left, box.top, box.width, box.height],
                "area": found.area,
                "iscrowd": int(crowd),
                "segmentation": {"size": [image["height"], image["width"]], "counts": found.counts},
            }
        )


def read_back(folder: Path) -> dict[str, Pixels]:
    """The masks of an exported folder, uint8[H, W] by the images' file names.

    Raises:
        UserError: annotations.json is missing, or is not what `CocoWriter` writes.
    """
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        by_image: dict[int, list[dict[str, Any]]] = {}
        for annotation in content["annotations"]:
            if not annotation["iscrowd"]:
                by_image.setdefault(annotation["image_id"], []).append(annotation)
        return {
            str(image["file_name"]): _drawn(image, by_image.get(image["id"], []))
            for image in content["images"]
        }
    except OSError as error:
        raise from_os_error(error, doing="reading the data set", path=path) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"this is not a data set exported from here ({error})",
            path=path,
            remedy="Export the project again.",
        ) from error


def _present(mask: Pixels) -> list[tuple[int, Rect]]:
    """The values above 0 of a mask, ascending, each with the box around its pixels."""
    found = []
    for number, place in enumerate(ndimage.find_objects(mask), start=1):
        if place is not None:
            rows, columns = place
            found.append((number, Rect(rows.start, columns.start, rows.stop, columns.stop)))
    return found


def _drawn(image: dict[str, Any], annotations: Sequence[dict[str, Any]]) -> Pixels:
    shape = int(image["height"]), int(image["width"])
    if min(shape) < 1 or shape[0] * shape[1] > MAX_PIXELS:
        raise ValueError(f"an image of {shape[0]} × {shape[1]} pixels")
    columns = np.zeros(shape[0] * shape[1], np.uint8)
    for annotation in annotations:
        pixels = rle.pixels_of(annotation["segmentation"]["counts"], shape)
        columns[pixels] = annotation["category_id"]
    if "unlabelled" in image:
        columns[rle.pixels_of(image["unlabelled"]["counts"], shape)] = UNLABELLED
    return np.ascontiguousarray(columns.reshape(shape[1], shape[0]).T)
