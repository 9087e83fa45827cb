"""Hugging Face `imagefolder` with metadata.jsonl: `load_dataset("imagefolder", data_dir=…)`.

A line of metadata.jsonl is an image: `file_name`, `mask_file_name` (a column `mask` of images,
indexed PNG, 255 = unlabelled) and `tags` (JSON text, since the type of a list without elements
cannot be told and would differ between splits). images/ and masks/ lie beside it, in a folder for
each split where the data set is split. `classes.json` names the values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec
import numpy as np
from PIL import Image

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.mask_io import encode_mask
from cnnseg_gui.formats.class_table import write_classes
from cnnseg_gui.formats.dataset import DataSet, Entry, Format, ReadImage, WriteOptions
from cnnseg_gui.formats.entries import Names, decode_json, inside, read_bytes, splits_below
from cnnseg_gui.formats.undescribed import mask_reader

LIST = "metadata.jsonl"
_LONGEST = 1 << 20  # characters of a line


class _Line(msgspec.Struct):
    file_name: str
    mask_file_name: str | None = None
    annotation_file_name: str | None = None
    label_file_name: str | None = None
    tags: list[str] | str = []
    label: str | int | None = None


class HfWriter:
    """Writes a mask and a line per image."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._classes = options.classes
        self._names = Names()

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        return PurePosixPath(split, "images", self._names.free(name))

    def add(self, entry: Entry, mask: Pixels) -> None:
        folder = self._folder / entry.split
        (folder / "masks").mkdir(parents=True, exist_ok=True)
        name = f"masks/{entry.image.stem}.png"
        (folder / name).write_bytes(encode_mask(mask, self._classes))
        line = {
            "file_name": f"images/{entry.image.name}",
            "mask_file_name": name,
            "tags": json.dumps(entry.tags, ensure_ascii=False),
        }
        with (folder / LIST).open("ab") as file:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def finish(self) -> None:
        write_classes(self._folder, self._classes)


def read(folder: Path) -> DataSet:
    """Opens a folder with metadata.jsonl, or with one for each split.

    Raises:
        UserError: there is none, or a line of it is not understood.
    """
    rows: list[tuple[str, _Line, Path, Path | None]] = []
    refused: list[UserError] = []
    lists = _lists(folder)
    if not lists:
        raise UserError(f"there is no {LIST} here", path=folder)
    for split, path in lists:
        for number, line in enumerate(read_bytes(folder, path).splitlines(), start=1):
            if not line.strip():
                continue
            try:
                row = _row(line, path)
                name = row.mask_file_name or row.annotation_file_name or row.label_file_name
                mask = inside(path.parent, name) if name else None
                rows.append((split, row, inside(path.parent, row.file_name), mask))
            except UserError as error:
                what = f"line {number}: {error.what}"
                refused.append(UserError(what, path=error.path, remedy=error.remedy))
    masks = [mask for *_, mask in rows if mask is not None]
    classes, reader = mask_reader(folder, masks, refused)
    images = [
        ReadImage(row.file_name, image, reader(mask) if mask else None, _tags(row), split)
        for split, row, image, mask in rows
    ]
    return DataSet(classes, images, refused=tuple(refused))


def recognises(path: Path) -> bool:
    """Whether there is a metadata.jsonl."""
    return bool(_lists(path))


def check(folder: Path, options: WriteOptions, entries: Iterable[Entry]) -> Iterator[Pixels]:
    """The masks that the lists name, as Pillow alone reads them."""
    masks: dict[str, dict[str, str]] = {}
    for entry in entries:
        if entry.split not in masks:
            text = (folder / entry.split / LIST).read_text(encoding="utf-8")
            rows = [json.loads(line) for line in text.split("\n") if line]
            masks[entry.split] = {row["file_name"]: row["mask_file_name"] for row in rows}
        name = masks[entry.split][f"images/{entry.image.name}"]
        with Image.open(folder / entry.split / name) as image:
            yield np.array(image)


FORMAT = Format(
    name="hf",
    title="Hugging Face image folder",
    description="metadata.jsonl with the columns image, mask (indexed PNG) and tags",
    writer=HfWriter,
    read=read,
    recognises=recognises,
    check=check,
    checked_by=lambda: "Pillow",
)


# ---------------------------------------------------------------------- inside


def _row(line: bytes, path: Path) -> _Line:
    if len(line) > _LONGEST:
        raise UserError("a line that is too long", path=path)
    return decode_json(line, _Line, path)


def _tags(row: _Line) -> tuple[str, ...]:
    if isinstance(row.tags, list):
        return tuple(row.tags) or ((row.label,) if isinstance(row.label, str) else ())
    try:
        return tuple(msgspec.json.decode(row.tags, type=list[str])) if row.tags else ()
    except (msgspec.MsgspecError, RecursionError):
        return (row.tags,)


def _lists(folder: Path) -> list[tuple[str, Path]]:
    lists = [(split, folder / split / LIST) for split in ("", *splits_below(folder))]
    found = dict.fromkeys((split, path) for split, path in lists if path.is_file())
    return list(found)
