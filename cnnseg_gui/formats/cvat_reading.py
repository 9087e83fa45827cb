"""Reading CVAT for images 1.1, of this program and of CVAT: masks, polygons, boxes and ellipses.

Shapes are painted by z_order, then in their order, as CVAT shows them. Polylines, points, cuboids
and skeletons are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from cnnseg_gui.core.classes import PixelClass, default_colour
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.formats.class_table import BACKGROUND, check_classes, numbered
from cnnseg_gui.formats.dataset import SPLITS, DataSet, ReadImage
from cnnseg_gui.formats.entries import inside, read_bytes
from cnnseg_gui.formats.mask_file import other_size, paint
from cnnseg_gui.formats.outline import ellipse, fill_into
from cnnseg_gui.formats.xml_file import elements

FILE_NAME = "annotations.xml"
UNDECIDED = "unlabelled"
_WITH_AREA = ("mask", "polygon", "box", "ellipse")
_WITHOUT_AREA = ("polyline", "points", "cuboid", "skeleton")


@dataclass(frozen=True)
class _Shape:
    kind: str
    values: dict[str, str]

    @property
    def label(self) -> str:
        return self.values.get("label", "")


@dataclass
class _Labels:
    """What <meta> says."""

    colours: dict[str, tuple[int, int, int] | None] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    undecided: str | None = None
    background: str = BACKGROUND
    indices: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Image:
    values: dict[str, str]
    shapes: list[_Shape]
    tags: tuple[str, ...]


def read(path: Path) -> DataSet:
    """Opens a folder with annotations.xml, or such a file.

    Raises:
        UserError: it is missing, hostile, or no XML of CVAT.
    """
    root, file = (path.parent, path) if path.is_file() else (path, path / FILE_NAME)
    labels, parsed = _Labels(), list[_Image]()
    left_out: Counter[str] = Counter()
    for element in elements(read_bytes(root, file), file):
        if element.tag == "label" and element.find("name") is not None:
            _add_label(labels, element)
        elif element.tag == "undecided":
            labels.undecided = element.text
        elif element.tag == "background":
            labels.background = element.text or BACKGROUND
        elif element.tag == "class" and element.get("index", "").isdecimal():
            labels.indices[element.get("label", "")] = int(element.get("index", "0"))
        elif element.tag == "image":
            parsed.append(_image(element))
            left_out.update(child.tag for child in element if child.tag in _WITHOUT_AREA)
            element.clear()
        elif element.tag == "track":
            raise UserError(
                "this is CVAT for video", path=file, remedy="Export as CVAT for images in CVAT."
            )
    classes, value = _classes(labels, parsed, file)
    images: list[ReadImage] = []
    refused: list[UserError] = []
    for image in parsed:
        try:
            images.append(_read_image(root, file, image, value))
        except UserError as error:
            refused.append(error)
    notes = tuple(f"{count} × {kind} left out: no area" for kind, count in left_out.items())
    return DataSet(classes, images, notes, tuple(refused))


def recognises(path: Path) -> bool:
    """Whether there is an annotations.xml."""
    return (path if path.is_file() else path / FILE_NAME).name == FILE_NAME and (
        path.is_file() or (path / FILE_NAME).is_file()
    )


# ---------------------------------------------------------------------- inside


def _add_label(labels: _Labels, element: Element) -> None:
    name = element.findtext("name", "")
    if element.findtext("type") == "tag":
        labels.tags.add(name)
        return
    shown = element.findtext("color", "").removeprefix("#")
    try:
        red, green, blue = bytes.fromhex(shown)
        labels.colours[name] = (red, green, blue)
    except ValueError:
        labels.colours[name] = None


def _image(element: Element) -> _Image:
    shapes = [_Shape(child.tag, dict(child.attrib)) for child in element if child.tag in _WITH_AREA]
    tags = tuple(child.get("label", "") for child in element if child.tag == "tag")
    return _Image(dict(element.attrib), shapes, tags)


def _classes(
    labels: _Labels, images: Sequence[_Image], path: Path
) -> tuple[tuple[PixelClass, ...], dict[str, int]]:
    used = [shape.label for image in images for shape in image.shapes]
    names = [name for name in dict.fromkeys([*labels.colours, *used]) if name != labels.undecided]
    if all(name in labels.indices for name in names):
        index = {name: labels.indices[name] for name in names}
    else:
        numbered(names, path)  # not too many
        index = {name: number for number, name in enumerate(names, start=1)}
    classes = (
        PixelClass(0, labels.background, default_colour(0)),
        *(
            PixelClass(i, name or f"class {i}", labels.colours.get(name) or default_colour(i))
            for name, i in sorted(index.items(), key=lambda item: item[1])
        ),
    )
    check_classes(classes, path)
    if labels.undecided is not None:
        index[labels.undecided] = UNLABELLED
    return classes, index


def _read_image(root: Path, file: Path, image: _Image, value: dict[str, int]) -> ReadImage:
    name = image.values.get("name", "")
    subset = image.values.get("subset", "")
    places = [inside(root, name, below=base) for base in ("images", _below(root, subset), "")]
    place = next((path for path in places if path.is_file()), places[0])
    split = {"validation": "val"}.get(subset.lower(), subset.lower())
    reader = partial(_drawn, file, image, value)
    return ReadImage(name, place, reader, image.tags, split if split in SPLITS else "")


def _below(root: Path, subset: str) -> str:
    """Where CVAT puts the images of a subset."""
    return inside(root, subset, below="images").relative_to(root).as_posix() if subset else "images"


def _drawn(path: Path, image: _Image, value: dict[str, int], shape: tuple[int, int]) -> Pixels:
    name = image.values.get("name", "")
    try:
        said = int(image.values.get("height", shape[0])), int(image.values.get("width", shape[1]))
        if said != shape:
            raise other_size(said, shape, name)
        mask = np.zeros(shape, np.uint8)
        for item in sorted(image.shapes, key=lambda item: int(item.values.get("z_order", 0))):
            _draw(mask, item, value[item.label])
    except (ValueError, KeyError, OverflowError) as error:
        raise UserError(f"a shape of {name} is damaged ({error})", path=path) from error
    return mask


def _draw(mask: Pixels, item: _Shape, value: int) -> None:
    values = item.values
    if item.kind == "mask":
        top, left, height, width = (
            round(float(values[key])) for key in ("top", "left", "height", "width")
        )
        box = Rect(top, left, top + height, left + width)
        paint(mask, box, _bitmap(values["rle"], box, mask.size).reshape(height, width), value)
    elif item.kind == "polygon":
        pairs = [point.split(",") for point in values["points"].split(";")]
        fill_into(mask, [[(float(y), float(x)) for x, y in pairs]], value)
    elif item.kind == "box":
        left_, top_, right, bottom = (float(values[k]) for k in ("xtl", "ytl", "xbr", "ybr"))
        ring = [(top_, left_), (top_, right), (bottom, right), (bottom, left_)]
        fill_into(mask, [ring], value)
    else:
        x, y, across, down = (float(values[key]) for key in ("cx", "cy", "rx", "ry"))
        fill_into(mask, [ellipse(y, x, down, across)], value)


def _bitmap(text: str, box: Rect, most: int) -> Pixels:
    runs = np.array(text.split(","), np.int64)
    area = box.width * box.height
    if box.empty or area > most or runs.min() < 0 or runs.max() > area or runs.sum() != area:
        raise ValueError(f"not the runs of {box.width} × {box.height} pixels")
    return np.repeat(np.arange(runs.size) % 2, runs).astype(np.uint8)
