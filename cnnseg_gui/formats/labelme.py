"""LabelMe: a JSON file beside each image, with its objects as shapes.

- As `polygons`, an object is one ring through the corners of its pixels; LabelMe's polygons have no
  holes, so a cut of no width leads to each. As `masks` it is LabelMe's shape `mask`, exact to the
  pixel in every program (LabelMe 5.2 and later): a box, both of its corner pixels included, and a
  PNG of 0 and 1.
- Undecided pixels are shapes of the label `__ignore__`, as in LabelMe's own labels.txt, where
  `_background_` is class 0. What no shape covers is background.
- Tags are the image's flags.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats import labelme_reading
from cnnseg_gui.formats.class_table import write_classes
from cnnseg_gui.formats.components import Components, boxes, components
from cnnseg_gui.formats.dataset import Entry, Format, WriteOptions
from cnnseg_gui.formats.entries import Names
from cnnseg_gui.formats.labelme_reading import BACKGROUND, IGNORE, labels_of
from cnnseg_gui.formats.outline import TOLERANCES, outlines
from cnnseg_gui.formats.polygon_checking import draw, reader

_CHOICES = {"shapes": ("polygons", "masks"), "tolerance": TOLERANCES}
_VERSION = "5.5.0"


class LabelmeWriter:
    """Writes a JSON file per image; `finish` adds labels.txt."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._masks = options.choice(_CHOICES, "shapes") == "masks"
        self._tolerance = float(options.choice(_CHOICES, "tolerance"))
        self._classes = options.classes
        self._label = labels_of(options.classes)
        self._names = Names()

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        return PurePosixPath("images", split, self._names.free(name))

    def add(self, entry: Entry, mask: Pixels) -> None:
        content = {
            "version": _VERSION,
            "flags": dict.fromkeys(entry.tags, True),
            "shapes": [
                shape for part in components(mask, undecided=True) for shape in self._shapes(part)
            ],
            "imagePath": entry.image.name,
            "imageData": None,
            "imageHeight": entry.shape[0],
            "imageWidth": entry.shape[1],
        }
        path = json_path(self._folder, entry)
        path.write_bytes(json.dumps(content, ensure_ascii=False).encode() + b"\n")

    def finish(self) -> None:
        labels = [
            IGNORE,
            BACKGROUND,
            *(self._label[cls.index] for cls in self._classes if cls.index),
        ]
        lines = "".join(" ".join(label.split()) + "\n" for label in labels)
        (self._folder / "labels.txt").write_bytes(lines.encode())
        write_classes(self._folder, self._classes)

    def _shapes(self, part: Components) -> list[dict[str, Any]]:
        label = self._label[part.index]
        if not self._masks:
            rings = outlines(part.labels, corner=part.corner, tolerance=self._tolerance)
            return [_shape(label, "polygon", ring[:, ::-1].tolist()) for ring in rings]
        top, left = part.corner
        found = []
        for number, box in enumerate(boxes(part), start=1):
            inner = part.labels[
                box.top - top : box.bottom - top, box.left - left : box.right - left
            ]
            corners = [[box.left, box.top], [box.right - 1, box.bottom - 1]]
            bitmap = (inner == number).astype(np.uint8)
            found.append(_shape(label, "mask", corners, mask=_png(bitmap)))
        return found


def json_path(folder: Path, entry: Entry) -> Path:
    """Where an image's shapes lie."""
    return folder / entry.image.with_suffix(".json")


def check(folder: Path, options: WriteOptions, entries: Iterable[Entry]) -> Iterator[Pixels]:
    """The masks as Pillow and `polygon_checking` draw a plain reading of the files."""
    value = {label: index for index, label in labels_of(options.classes).items()}
    for entry in entries:
        mask = np.zeros(entry.shape, np.uint8)
        rings: dict[int, list[list[float]]] = {}
        for shape in json.loads(json_path(folder, entry).read_text(encoding="utf-8"))["shapes"]:
            number, points = value[shape["label"]], shape["points"]
            if shape["shape_type"] == "mask":
                (left, top), (right, bottom) = points
                with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as image:
                    inner = np.array(image) > 0
                mask[top : bottom + 1, left : right + 1][inner] = number
            else:
                rings.setdefault(number, []).append([side for point in points for side in point])
        for number, own in rings.items():
            mask[draw(own, *entry.shape)] = number
        yield mask


FORMAT = Format(
    name="labelme",
    title="LabelMe",
    description="a JSON file beside each image: polygons, or masks exact in every program",
    writer=LabelmeWriter,
    read=labelme_reading.read,
    recognises=labelme_reading.recognises,
    check=check,
    checked_by=lambda: f"Pillow and {reader()}, from a plain reading of the files",
    inexact=frozenset({("shapes", "polygons")}),
    choices=_CHOICES,
)


# ---------------------------------------------------------------------- inside


def _shape(
    label: str, kind: str, points: Sequence[Sequence[float]], mask: str | None = None
) -> dict[str, Any]:
    return {
        "label": label,
        "points": [list(point) for point in points],
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": mask,
    }


def _png(bitmap: Pixels) -> str:
    buffer = io.BytesIO()
    Image.fromarray(bitmap).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
