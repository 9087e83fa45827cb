"""Cityscapes' layout and label ids (Cordts et al., 2016; cityscapesScripts, helpers/labels.py).

- leftImg8bit/<split>/<city>/<name>_leftImg8bit.<own ending>
- gtFine/<split>/<city>/<name>_gtFine_labelIds.png: 0 = unlabelled, a class's index + 1 otherwise
- gtFine/<split>/<city>/<name>_gtFine_labelTrainIds.png: a class's index, 255 = unlabelled
- labels.json: name, id, trainId and colour of each class. Without it, Cityscapes' own are meant.

What is not split lies in `train`, and labels.json says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import msgspec
import numpy as np
from PIL import Image

from cnnseg_gui.core.classes import PixelClass, default_colour
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.mask_io import encode_mask
from cnnseg_gui.formats.class_table import Colour, check_classes, numbered
from cnnseg_gui.formats.dataset import DataSet, Entry, Format, ReadImage, WriteOptions
from cnnseg_gui.formats.entries import Names, decode_json, image_files, read_bytes, splits_below
from cnnseg_gui.formats.mask_file import checked_mask, only_listed

_CITY = "all"
_TABLE = "labels.json"
_IMAGE, _IDS, _TRAIN_IDS = "_leftImg8bit", "_gtFine_labelIds.png", "_gtFine_labelTrainIds.png"
NAMES = (
    *("ground", "dynamic ground", "road", "sidewalk", "parking", "rail track", "building", "wall"),
    *("fence", "guard rail", "bridge", "tunnel", "pole", "polegroup", "traffic light"),
    *("traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus"),
    *("caravan", "trailer", "train", "motorcycle", "bicycle"),
)
"""Cityscapes' ids 5 … 33; 0 … 4 are void: unlabeled, ego vehicle, …, static."""
_FIRST_ID = 5


class _Label(msgspec.Struct):
    name: str
    id: int
    color: Colour | None = None
    index: int | None = None


class _Table(msgspec.Struct):
    labels: list[_Label]
    unsplit: bool = False


class CityscapesWriter:
    """Writes two masks of ids per image; `finish` adds the table."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._classes = options.classes
        self._names = Names()
        self._unsplit = True

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        free = PurePosixPath(self._names.free(name))
        self._unsplit = self._unsplit and not split
        named = f"{free.stem}{_IMAGE}{free.suffix}"
        return PurePosixPath("leftImg8bit", split or "train", _CITY, named)

    def add(self, entry: Entry, mask: Pixels) -> None:
        path = ids_path(self._folder, entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        shifted = [PixelClass(cls.index + 1, cls.name, cls.colour) for cls in self._classes]
        path.write_bytes(encode_mask(mask + np.uint8(1), shifted))  # 255 + 1 is 0
        train = path.with_name(path.name.replace(_IDS, _TRAIN_IDS))
        train.write_bytes(encode_mask(mask, self._classes))

    def finish(self) -> None:
        labels = [
            {
                "name": cls.name,
                "id": cls.index + 1,
                "trainId": cls.index,
                "index": cls.index,
                "color": list(cls.colour),
            }
            for cls in self._classes
        ]
        table = {"unlabelled": 0, "unsplit": self._unsplit, "labels": labels}
        text = json.dumps(table, indent=2, ensure_ascii=False) + "\n"
        (self._folder / _TABLE).write_text(text, encoding="utf-8", newline="\n")


def ids_path(folder: Path, entry: Entry) -> Path:
    """Where the ids of an image lie."""
    stem = entry.image.stem.removesuffix(_IMAGE)
    return folder / "gtFine" / (entry.split or "train") / _CITY / f"{stem}{_IDS}"


def read(folder: Path) -> DataSet:
    """Opens a folder with leftImg8bit/ and gtFine/.

    Raises:
        UserError: it is none, or its table is damaged.
    """
    classes, value_by_id, unsplit = _classes(folder)
    images: list[ReadImage] = []
    for split in splits_below(folder / "leftImg8bit"):
        for name in image_files(folder / "leftImg8bit" / split, depth=1):
            place = PurePosixPath(name)
            stem = place.stem.removesuffix(_IMAGE)
            ids = folder / "gtFine" / split / place.parent / f"{stem}{_IDS}"
            images.append(
                ReadImage(
                    name,
                    folder / "leftImg8bit" / split / name,
                    partial(_read, folder, ids, value_by_id) if ids.exists() else None,
                    split="" if unsplit else split,
                )
            )
    return DataSet(classes, images)


def recognises(path: Path) -> bool:
    """Whether there are leftImg8bit/ and gtFine/."""
    return (path / "leftImg8bit").is_dir() and (path / "gtFine").is_dir()


def check(folder: Path, options: WriteOptions, entries: Iterable[Entry]) -> Iterator[Pixels]:
    """The masks of train ids as Pillow alone reads them; they were written beside the ids."""
    for entry in entries:
        with Image.open(ids_path(folder, entry)) as image:
            ids = np.array(image)
        train = ids_path(folder, entry)
        with Image.open(train.with_name(train.name.replace(_IDS, _TRAIN_IDS))) as image:
            trained = np.array(image)
        # Where the two disagree, neither is what was painted: such a pixel counts as undecided.
        yield np.where(ids - np.uint8(1) == trained, trained, UNLABELLED).astype(np.uint8)


FORMAT = Format(
    name="cityscapes",
    title="Cityscapes",
    description="leftImg8bit/ and gtFine/: …_labelIds.png (0 = unlabelled) and …_labelTrainIds.png",
    writer=CityscapesWriter,
    read=read,
    recognises=recognises,
    check=check,
    checked_by=lambda: "Pillow",
)


# ---------------------------------------------------------------------- inside


def _classes(folder: Path) -> tuple[tuple[PixelClass, ...], dict[int, int], bool]:
    """The classes, their index by id, and whether all that is not split lies in train/."""
    path = folder / _TABLE
    if not path.exists():
        official = {_FIRST_ID + place: place + 1 for place in range(len(NAMES))}
        return numbered(NAMES, path), official, False
    table = decode_json(read_bytes(folder, path, largest=1 << 24), _Table, path)
    own = [label for label in table.labels if label.id > 0]
    indices = [place if label.index is None else label.index for place, label in enumerate(own, 1)]
    classes = [
        PixelClass(index, label.name, label.color or default_colour(index))
        for index, label in zip(indices, own, strict=True)
    ]
    if 0 not in indices:
        classes.append(numbered((), path)[0])
    classes.sort(key=lambda cls: cls.index)
    check_classes(classes, path)
    by_id = {label.id: index for label, index in zip(own, indices, strict=True)}
    if any(number > 255 for number in by_id):
        raise UserError("an id is above 255", path=path)
    return tuple(classes), by_id, table.unsplit


def _read(folder: Path, path: Path, value_by_id: dict[int, int], shape: tuple[int, int]) -> Pixels:
    ids = checked_mask(folder, path, shape)
    void = range(_FIRST_ID) if 0 not in value_by_id else ()
    only_listed(ids, {*value_by_id, *void, 0}, path)
    table = np.full(256, UNLABELLED, np.uint8)
    for number, index in value_by_id.items():
        table[number] = index
    return np.asarray(table[ids], np.uint8)
