"""Data sets written from masks, and read again, as an export and an import do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from painted_masks import CLASSES
from PIL import Image

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.image_io import read_header
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.dataset import DataSet, Entry, Format, WriteOptions
from cnnseg_gui.formats.registry import FORMATS


def write_set(
    format_: Format,
    folder: Path,
    named: Mapping[str, Pixels] | Sequence[tuple[str, Pixels]],
    *,
    classes: Sequence[PixelClass] = CLASSES,
    choices: Mapping[str, str] | None = None,
    splits: Mapping[str, str] | None = None,
    tags: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[list[Entry], WriteOptions]:
    """Writes black images of the masks' sizes, and the masks."""
    options = WriteOptions(tuple(classes), choices or {})
    assert format_.writer is not None
    writer = format_.writer(folder, options)
    entries = []
    for name, mask in named.items() if isinstance(named, Mapping) else named:
        own, split = (tags or {}).get(name, ()), (splits or {}).get(name, "")
        place = writer.place(name, split, own)
        entry = Entry(place, (mask.shape[0], mask.shape[1]), own, split)
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros(mask.shape, np.uint8)).save(path)
        writer.add(entry, mask)
        entries.append(entry)
    writer.finish()
    return entries, options


def masks_of(data: DataSet) -> list[Pixels]:
    """Each mask as it is read for its image; all images must be there."""
    found = []
    for image in data.images:
        assert image.read_mask is not None, image.name
        found.append(image.read_mask(read_header(image.image)))
    return found


def masks_of_entries(format_: Format, folder: Path, entries: Sequence[Entry]) -> list[Pixels]:
    """Each mask as it is read, in the order of the entries."""
    data = format_.read(folder)
    assert not data.refused
    by_path = dict(zip((image.image for image in data.images), masks_of(data), strict=True))
    assert len(by_path) == len(entries)
    return [by_path[folder / entry.image] for entry in entries]


def read_back(format_name: str, folder: Path) -> dict[str, Pixels]:
    """The masks of an exported folder, uint8[H, W] by the images' file names there."""
    data = FORMATS[format_name].read(folder)
    assert not data.refused
    return {image.image.name: mask for image, mask in zip(data.images, masks_of(data), strict=True)}


def with_image(folder: Path, name: str = "images/a.png") -> Path:
    """The folder, with a black image of 6 × 5 pixels in it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((6, 5), np.uint8)).save(folder / name)
    return folder


def save(path: Path, pixels: np.ndarray | None = None, mode: str | None = None) -> Path:
    """An image of 30 × 40 pixels, black where none are given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((30, 40), np.uint8) if pixels is None else pixels, mode).save(path)
    return path


def disc(row: float, column: float, radius: float) -> np.ndarray:
    """bool[30, 40]."""
    y, x = np.mgrid[:30, :40] + 0.5
    return np.hypot(y - row, x - column) < radius


def only_mask(data: DataSet) -> Pixels:
    """Of a data set of one image."""
    assert not data.refused
    (mask,) = masks_of(data)
    return mask
