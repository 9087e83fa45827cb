"""PNG masks beside the images: masks/<stem>.png for images/<stem>.<any ending>.

`indexed` and `grey`: a pixel's value is its class index, 255 is unlabelled; the palette shows the
colours in any viewer. `rgb`: a pixel's colour is its class. `classes.json` lists index, name and
colour. Where the data set is split, both folders have one folder per split.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from cnnseg_gui.core.classes import palette_table
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.mask_io import encode_mask
from cnnseg_gui.formats.class_table import (
    VOID_COLOUR,
    distinct_colours,
    values_of_colours,
    write_classes,
)
from cnnseg_gui.formats.dataset import DataSet, Entry, Format, ReadImage, WriteOptions
from cnnseg_gui.formats.entries import Names, by_stem, image_files, splits_below
from cnnseg_gui.formats.undescribed import mask_reader

_CHOICES = {"values": ("indexed", "grey", "rgb")}


class PngWriter:
    """Writes a mask file per image; `finish` adds classes.json."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._values = options.choice(_CHOICES, "values")
        self._classes, self._void = options.classes, VOID_COLOUR
        if self._values == "rgb":
            self._classes, self._void = distinct_colours(options.classes)
        self._names = Names()

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        return PurePosixPath("images", split, self._names.free(name))

    def add(self, entry: Entry, mask: Pixels) -> None:
        path = mask_path(self._folder, entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._values == "indexed":
            path.write_bytes(encode_mask(mask, self._classes))
            return
        values = mask if self._values == "grey" else self._table()[mask]
        buffer = io.BytesIO()
        Image.fromarray(values).save(buffer, "PNG")
        path.write_bytes(buffer.getvalue())

    def finish(self) -> None:
        (self._folder / "masks").mkdir(exist_ok=True)
        void = self._void if self._values == "rgb" else None
        write_classes(self._folder, self._classes, void=void)

    def _table(self) -> Pixels:
        table = palette_table(self._classes)
        table[UNLABELLED] = self._void
        return table


def mask_path(folder: Path, entry: Entry) -> Path:
    """Where an image's mask lies."""
    return folder / "masks" / entry.split / f"{entry.image.stem}.png"


def read(folder: Path) -> DataSet:
    """Opens a folder with images/ and masks/; without classes.json, the masks are looked through.

    Raises:
        UserError: the folder or its table cannot be read.
    """
    pairs: list[tuple[str, str, Path | None]] = []
    splits = splits_below(folder / "images")
    for split in dict.fromkeys(("", *splits)):
        depth = 2 if split or splits == ("",) else 0  # beside splits only what lies there itself
        images = folder / "images" / split
        masks = folder / "masks" / split
        found = by_stem(image_files(masks, depth=depth)) if masks.is_dir() else {}
        for name in image_files(images, depth=depth):
            stem = str(PurePosixPath(name).with_suffix(""))
            mask = found.get(stem)
            pairs.append((split, name, masks / mask if mask else None))
    refused: list[UserError] = []
    present = [mask for _, _, mask in pairs if mask is not None]
    classes, reader = mask_reader(folder, present, refused)
    return DataSet(
        classes,
        [
            ReadImage(
                name,
                folder / "images" / split / name,
                reader(mask) if mask else None,
                split=split,
            )
            for split, name, mask in pairs
        ],
        refused=tuple(refused),
    )


def recognises(path: Path) -> bool:
    """Whether there are images/ and masks/."""
    lists = (path / "metadata.jsonl").exists()  # Hugging Face's
    return (path / "images").is_dir() and (path / "masks").is_dir() and not lists


def check(folder: Path, options: WriteOptions, entries: Iterable[Entry]) -> Iterator[Pixels]:
    """The masks as Pillow alone reads them."""
    values = options.choice(_CHOICES, "values")
    for entry in entries:
        with Image.open(mask_path(folder, entry)) as image:
            pixels = np.array(image)
        if values == "rgb":
            pixels, _ = values_of_colours(pixels, *distinct_colours(options.classes))
        yield pixels


FORMAT = Format(
    name="png",
    title="PNG masks",
    description="images/ and masks/: one PNG mask per image, pixel value = class, 255 = unlabelled",
    writer=PngWriter,
    read=read,
    recognises=recognises,
    check=check,
    checked_by=lambda: "Pillow",
    choices=_CHOICES,
)
