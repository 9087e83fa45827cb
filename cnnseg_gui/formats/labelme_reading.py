"""Reading LabelMe, of this program and of others: polygons, masks, rectangles and circles.

Shapes are painted in their order, as LabelMe does; points and lines have no area and are left out.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.formats.class_table import numbered, read_classes
from cnnseg_gui.formats.dataset import SPLITS, DataSet, ReadImage
from cnnseg_gui.formats.entries import check_inside, decode_json, inside, read_bytes, read_lines
from cnnseg_gui.formats.mask_file import other_size, paint
from cnnseg_gui.formats.outline import ellipse, fill_into

IGNORE, BACKGROUND = "__ignore__", "_background_"
_LARGEST = 1 << 29  # bytes: such a file may hold the image
_MOST_FILES = 1_000_000
_WITH_AREA = ("polygon", "rectangle", "circle", "mask")
_HEAD = 1 << 16
_OTHER_LISTS = ("classes.json", "dataset.json")


class _Shape(msgspec.Struct):
    label: str
    points: list[tuple[float, float]]
    shape_type: str = "polygon"
    mask: str | None = None


class _File(msgspec.Struct):
    shapes: list[_Shape]
    imagePath: str
    imageHeight: int | None = None
    imageWidth: int | None = None
    flags: dict[str, bool] | None = None


def read(folder: Path) -> DataSet:
    """Opens a folder with a JSON file for each image, or with folders of such.

    Raises:
        UserError: there are none.
    """
    found: list[tuple[Path, Path, tuple[str, ...]]] = []
    labels: dict[str, None] = {}
    refused: list[UserError] = []
    left_out = 0
    for path in _files(folder):
        try:
            content = _load(folder, path)
            image = inside(folder, content.imagePath, below=_below(folder, path))
        except UserError as error:
            refused.append(error)
            continue
        labels |= dict.fromkeys(s.label for s in content.shapes if s.shape_type in _WITH_AREA)
        left_out += sum(shape.shape_type not in _WITH_AREA for shape in content.shapes)
        tags = tuple(tag for tag, given in (content.flags or {}).items() if given)
        found.append((path, image, tags))
    if not found and not refused:
        raise UserError("there are no JSON files of LabelMe here", path=folder)
    classes, value = _classes(folder, list(labels))
    images = [
        ReadImage(
            image.relative_to(folder).as_posix(),
            image,
            partial(_drawn, folder, path, value),
            tags,
            _split_of(path.relative_to(folder)),
        )
        for path, image, tags in found
    ]
    notes = (f"{left_out} points and lines were left out",) if left_out else ()
    return DataSet(classes, images, notes, tuple(refused))


def recognises(path: Path) -> bool:
    """Whether the first JSON file begins as LabelMe's do."""
    first = next(iter(_files(path)), None) if path.is_dir() else None
    if first is None:
        return False
    try:
        check_inside(path, first)
        with first.open("rb") as file:
            return b'"shapes"' in file.read(_HEAD)
    except (OSError, UserError):
        return False


def labels_of(classes: Sequence[PixelClass]) -> dict[int, str]:
    """Labels by mask value, all different and none but one LabelMe's own."""
    found = {0: BACKGROUND, UNLABELLED: IGNORE}
    for cls in classes:
        if cls.index != 0:
            label, number = cls.name, 1
            while label in found.values():
                number += 1
                label = f"{cls.name}-{number}"
            found[cls.index] = label
    return found


# ---------------------------------------------------------------------- inside


def _files(folder: Path) -> list[Path]:
    """JSON files of the folder, of images/ and of one level of folders in them, but not lists."""
    found: list[Path] = []
    for base in (folder, folder / "images"):
        for pattern in ("*.json", "*/*.json"):
            for path in sorted(base.glob(pattern)):
                if len(found) == _MOST_FILES:
                    raise UserError("there are too many JSON files here", path=folder)
                if path.parent != folder or path.name not in _OTHER_LISTS:
                    found.append(path)
    return list(dict.fromkeys(found))


def _load(folder: Path, path: Path) -> _File:
    return decode_json(read_bytes(folder, path, largest=_LARGEST), _File, path)


def _below(folder: Path, path: Path) -> str:
    return path.parent.relative_to(folder).as_posix()


def _split_of(path: Path) -> str:
    return next((part for part in path.parts[:-1] if part in SPLITS), "")


def _classes(folder: Path, labels: list[str]) -> tuple[tuple[PixelClass, ...], dict[str, int]]:
    own = {BACKGROUND: 0, IGNORE: UNLABELLED}
    table = read_classes(folder)
    if table is not None:
        return table[0], {label: index for index, label in labels_of(table[0]).items()}
    path = folder / "labels.txt"
    listed = read_lines(folder, path) if path.is_file() else []
    names = [name for name in dict.fromkeys([*listed, *sorted(labels)]) if name not in own]
    classes = numbered(names, folder)
    return classes, {name: number for number, name in enumerate(names, start=1)} | own


def _drawn(folder: Path, path: Path, value: dict[str, int], shape: tuple[int, int]) -> Pixels:
    content = _load(folder, path)
    said = content.imageHeight, content.imageWidth
    if None not in said and said != shape:
        raise other_size((said[0] or 0, said[1] or 0), shape, path)
    mask = np.zeros(shape, np.uint8)
    try:
        for item in content.shapes:
            if item.shape_type in _WITH_AREA:
                _draw(mask, item, value[item.label])
    except (ValueError, KeyError) as error:
        raise UserError(f"a shape is damaged ({error})", path=path) from error
    return mask


def _draw(mask: Pixels, item: _Shape, value: int) -> None:
    points = [(y, x) for x, y in item.points]
    if item.shape_type == "polygon":
        fill_into(mask, [points], value)
        return
    if len(points) != 2:
        raise ValueError(f"a {item.shape_type} of {len(points)} points")
    (y0, x0), (y1, x1) = points
    if item.shape_type == "mask":
        _draw_bitmap(mask, item.mask or "", Rect(int(y0), int(x0), int(y1) + 1, int(x1) + 1), value)
    elif item.shape_type == "rectangle":
        fill_into(mask, [[(y0, x0), (y0, x1), (y1, x1), (y1, x0)]], value)
    else:
        radius = math.hypot(y1 - y0, x1 - x0)
        fill_into(mask, [ellipse(y0, x0, radius, radius)], value)


def _draw_bitmap(mask: Pixels, encoded: str, box: Rect, value: int) -> None:
    try:
        data = base64.b64decode(encoded, validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.size != (box.width, box.height) or box.width * box.height > mask.size:
                raise ValueError(f"a mask of {image.size} in a box of {box.width} × {box.height}")
            bitmap = np.array(image.convert("L")) > 0
    except (OSError, SyntaxError, binascii.Error, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from error
    paint(mask, box, bitmap, value)
