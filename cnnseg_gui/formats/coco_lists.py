"""COCO's lists: their structure, where they lie, and where the images lie that they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cnnseg_gui.formats.class_table import Colour
from cnnseg_gui.formats.dataset import SPLITS
from cnnseg_gui.formats.entries import decode_json, read_bytes

LISTS = ("annotations.json", "_annotations.coco.json", "result.json", "instances_default.json")
_SPLIT_OF_WORD = {split: split for split in SPLITS} | {"valid": "val", "validation": "val"}
_OTHER_LISTS = ("captions", "person_keypoints", "image_info")


class Runs(msgspec.Struct):
    counts: str | list[int]
    size: list[int] = []


class Category(msgspec.Struct):
    id: int
    name: str = ""
    color: Colour | None = None


class ListedImage(msgspec.Struct):
    id: int | str
    file_name: str
    height: float | None = None
    width: float | None = None
    unlabelled: Runs | None = None
    tags: list[str] = []


class Annotation(msgspec.Struct):
    image_id: int | str
    category_id: int
    segmentation: list[list[float] | float] | Runs | None = None
    area: float = 0.0
    iscrowd: int = 0


class Info(msgspec.Struct):
    background: Category | None = None


class Content(msgspec.Struct):
    images: list[ListedImage]
    annotations: list[Annotation] = []
    categories: list[Category] = []
    info: Info | list[object] | str | None = None


@dataclass(frozen=True)
class Source:
    """A list, the split it is of, and the data set's folder."""

    path: Path
    split: str
    root: Path
    content: Content


def find_lists(path: Path) -> tuple[Path, list[Path]]:
    """The data set's folder and its lists, those of objects where there are others too."""
    if path.is_file():
        parent = path.parent
        return (parent.parent if parent.name == "annotations" else parent), [path]
    for name in LISTS:
        if (path / name).is_file():
            return path, [path / name]
    found = sorted((path / "annotations").glob("*.json"))
    found = [f for f in found if f.name.startswith("instances")] or [
        f for f in found if not f.name.startswith(_OTHER_LISTS)
    ]
    folders = [path / name for name in (*SPLITS, "valid")]
    found = found or [f / name for f in folders for name in LISTS if (f / name).is_file()]
    return path, found or sorted(path.glob("*.json"))[:1]


def open_list(root: Path, path: Path) -> Source:
    """A list and what it is of.

    Raises:
        UserError: it is not COCO's.
    """
    content = decode_json(read_bytes(root, path), Content, path)
    return Source(path, _split_of(path, root), root, content)


def image_folders(source: Source) -> list[str]:
    """Folders, below the data set's, that file names may be relative to."""
    own = source.path.parent.relative_to(source.root).as_posix()
    folders = [] if own in (".", "annotations") else [own]
    starts = {"val": ("val", "valid"), "": ()}.get(source.split, (source.split,))
    below = sorted(path.name for path in source.root.iterdir() if path.is_dir())
    named = [name for name in below if starts and name.lower().startswith(starts)]
    return ["images", *(f"images/{start}" for start in starts[:1]), *folders, "", *named]


# ---------------------------------------------------------------------- inside


def _split_of(path: Path, root: Path) -> str:
    """From a word of the list's name, or of its folder's, such as instances_train2017."""
    said = path.stem if path.parent in (root, root / "annotations") else path.parent.name
    words = re.findall("[a-z]+", said.lower())
    return next((_SPLIT_OF_WORD[word] for word in words if word in _SPLIT_OF_WORD), "")
