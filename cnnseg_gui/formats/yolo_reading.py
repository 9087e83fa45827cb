"""Reading YOLO segmentation, of this program and of others.

Larger objects are painted first, so that what lies in them stays. A line of five numbers is a box
and no outline: a file of boxes alone is refused.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.class_table import numbered, read_classes
from cnnseg_gui.formats.dataset import SPLITS, DataSet, ReadImage
from cnnseg_gui.formats.entries import (
    check_inside,
    image_files,
    inside,
    read_bytes,
    read_lines,
    stem_of,
)
from cnnseg_gui.formats.outline import area, fill_into

_KEYS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_LARGEST = 1 << 28  # bytes of one image's labels
_LARGEST_YAML = 1 << 20


def read(path: Path) -> DataSet:
    """Opens a folder with images/ and labels/, or its data.yaml.

    Raises:
        UserError: there is none, or it is not understood.
    """
    root, described = (path.parent, path) if path.is_file() else (path, _yaml_in(path))
    if not recognises(path):
        raise UserError("there is neither data.yaml nor images/ and labels/ here", path=path)
    content = _load(root, described) if described else {}
    refused: list[UserError] = []
    names = _names(root, content.get("names"))
    table = read_classes(root)
    classes = table[0] if table else numbered(names, root)
    index = [cls.index for cls in classes if cls.index != 0]
    images: dict[str, ReadImage] = {}
    for split, name in _listed(root, content, refused):
        try:
            image = inside(root, name)
            labels = inside(root, _labels_of(name))
        except UserError as error:
            refused.append(error)
            continue
        reader = partial(_drawn, root, labels, index) if labels.is_file() else None
        twice = name in images  # unsplit data is both train and val
        images[name] = ReadImage(name, image, reader, split="" if twice else split)
    return DataSet(classes, list(images.values()), refused=tuple(refused))


def recognises(path: Path) -> bool:
    """Whether there is a data.yaml, or images/ and labels/."""
    if path.is_file():
        return path.suffix.lower() in (".yaml", ".yml")
    both = (path / "images").is_dir() and (path / "labels").is_dir()
    return both or _yaml_in(path) is not None


# ---------------------------------------------------------------------- inside


def _yaml_in(folder: Path) -> Path | None:
    named = [folder / "data.yaml", folder / "dataset.yaml", folder / "data.yml"]
    return next((path for path in named if path.is_file()), None)


def _load(root: Path, path: Path) -> dict[str, object]:
    import yaml

    try:
        content = yaml.safe_load(read_bytes(root, path, largest=_LARGEST_YAML))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"this is no YAML ({reason})", path=path) from error
    if not isinstance(content, dict):
        raise UserError("this YAML does not describe a data set", path=path)
    return {str(key): value for key, value in content.items()}


def _names(root: Path, given: object) -> list[str]:
    if isinstance(given, dict):
        numbers = [key for key in given if isinstance(key, int) and 0 <= key < 255]
        return [str(given.get(key, f"class {key}")) for key in range(max(numbers, default=-1) + 1)]
    if isinstance(given, list):
        return [str(name) for name in given]
    path = root / "classes.txt"
    return read_lines(root, path) if path.is_file() else []


def _listed(
    root: Path, content: dict[str, object], refused: list[UserError]
) -> list[tuple[str, str]]:
    """(split, relative name) of every image that the description leads to."""
    found: list[tuple[str, str]] = []
    for key, split in _KEYS.items():
        given = content.get(key)
        for place in given if isinstance(given, list) else [given]:
            if isinstance(place, str):
                try:
                    found += [(split, name) for name in _images_of(root, place)]
                except UserError as error:
                    refused.append(error)
    if not found and not refused:
        bases = [f"images/{split}" for split in SPLITS if (root / "images" / split).is_dir()]
        for base in bases or ["images"]:
            split = PurePosixPath(base).name if bases else ""
            names = image_files(root / base, depth=4) if (root / base).is_dir() else []
            found += [(split, f"{base}/{name}") for name in names]
    return found


def _images_of(root: Path, place: str) -> list[str]:
    """Of a folder, or of a text file that lists images."""
    # Roboflow writes ../train/images, and Ultralytics takes it as train/images.
    own = place.replace("\\", "/").removeprefix("../").removeprefix("./")
    path = inside(root, own)
    if path.suffix == ".txt":
        return [line.removeprefix("./") for line in read_lines(root, path)]
    if not path.is_dir():
        raise UserError(f"“{place}” is not there", path=root)
    check_inside(root, path)
    return [f"{own.rstrip('/')}/{name}" for name in image_files(path, depth=4)]


def _labels_of(name: str) -> str:
    """The last folder images becomes labels, as in Ultralytics' img2label_paths."""
    parts = list(PurePosixPath(stem_of(name)).parts)
    for place in reversed(range(len(parts) - 1)):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return "/".join(parts) + ".txt"


def _drawn(root: Path, path: Path, index: list[int], shape: tuple[int, int]) -> Pixels:
    mask = np.zeros(shape, np.uint8)
    objects = []
    boxes = 0
    try:
        for number, line in enumerate(read_bytes(root, path, largest=_LARGEST).splitlines(), 1):
            if not line.strip():
                continue
            cls, *rest = line.split()
            values = np.array(rest, np.float64)
            if values.size == 4:
                boxes += 1
            elif values.size < 6 or values.size % 2:
                raise ValueError(f"line {number} is no outline")
            else:
                with np.errstate(over="ignore"):  # refused as what is beyond any image
                    ring = values.reshape(-1, 2)[:, ::-1] * shape
                objects.append((area(ring), _class(index, cls), ring))
        for _, value, ring in sorted(objects, key=lambda item: -item[0]):
            fill_into(mask, [ring], value)
    except ValueError as error:
        raise UserError(f"the labels are not understood ({error})", path=path) from error
    if boxes and not objects:
        raise UserError(
            "these labels are boxes and no outlines", path=path, remedy="Use a segmentation set."
        )
    return mask


def _class(index: list[int], text: bytes) -> int:
    number = float(text)  # some programs write 0.0
    if not (0 <= number < len(index) and number.is_integer()):
        raise ValueError(f"there is no class {number:g}")
    return index[int(number)]
