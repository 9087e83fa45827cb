"""Pascal VOC segmentation, laid out as its development kit (Everingham et al., VOC2012, section 3).

- JPEGImages/<name>.<own ending>, SegmentationClass/<name>.png (indexed, value = class, 255 = void),
  SegmentationObject/<name>.png (objects numbered from 1; those after the 254th are void there),
  Annotations/<name>.xml (objects with boxes), ImageSets/Segmentation/<split>.txt.
- `labelmap.txt` and `classes.json` name the classes. Images keep their format: programs that look
  for <name>.jpg alone need JPEG images.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np
from PIL import Image

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.mask_io import encode_mask
from cnnseg_gui.formats import voc_reading
from cnnseg_gui.formats.class_table import write_classes
from cnnseg_gui.formats.components import boxes, components
from cnnseg_gui.formats.dataset import SPLITS, Entry, Format, WriteOptions
from cnnseg_gui.formats.entries import Names
from cnnseg_gui.formats.xml_file import text

_MOST_OBJECTS = 254


class VocWriter:
    """Writes two masks and an XML file per image; `finish` adds the lists."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._classes = options.classes
        self._class_names = {cls.index: cls.name for cls in options.classes}
        self._names = Names()
        self._stems: dict[str, list[str]] = {}
        for name in ("JPEGImages", "SegmentationClass", "SegmentationObject", "Annotations"):
            (folder / name).mkdir()
        (folder / "ImageSets" / "Segmentation").mkdir(parents=True)

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        return PurePosixPath("JPEGImages", self._names.free(name))

    def add(self, entry: Entry, mask: Pixels) -> None:
        stem = entry.image.stem
        self._stems.setdefault(entry.split, []).append(stem)
        objects = np.where(mask == UNLABELLED, UNLABELLED, 0).astype(np.uint8)
        root = _annotation(entry)
        number = 0
        for part in components(mask):
            top, left = part.corner
            height, width = part.labels.shape
            numbers = np.minimum(part.labels + number, UNLABELLED)
            inside = objects[top : top + height, left : left + width]
            np.copyto(inside, numbers.astype(np.uint8), where=part.labels > 0)
            number = min(number + part.count, _MOST_OBJECTS)
            for box in boxes(part):
                found = SubElement(root, "object")
                _fields(found, name=self._class_names[part.index], pose="Unspecified")
                _fields(found, truncated=0, difficult=0)
                # Counted from 1, the last pixel included.
                _fields(
                    SubElement(found, "bndbox"),
                    xmin=box.left + 1,
                    ymin=box.top + 1,
                    xmax=box.right,
                    ymax=box.bottom,
                )
        indent(root)
        self._write("SegmentationClass", f"{stem}.png", encode_mask(mask, self._classes))
        self._write("SegmentationObject", f"{stem}.png", _numbered_png(objects))
        self._write("Annotations", f"{stem}.xml", tostring(root, "utf-8") + b"\n")

    def finish(self) -> None:
        write_classes(self._folder, self._classes)
        lines = [
            f"{' '.join(cls.name.split())}:{','.join(map(str, cls.colour))}::"
            for cls in self._classes
        ]
        self._write("", "labelmap.txt", _lines(["# label:color_rgb:parts:actions", *lines]))
        stems = self._stems
        lists = {split: stems[split] for split in SPLITS if split in stems}
        lists["trainval"] = [
            stem for split in ("", "train", "val") for stem in stems.get(split, [])
        ]
        for name, own in lists.items():
            self._write("ImageSets/Segmentation", f"{name}.txt", _lines(own))

    def _write(self, folder: str, name: str, data: bytes) -> None:
        (self._folder / folder / name).write_bytes(data)


def check(folder: Path, options: WriteOptions, entries: Iterable[Entry]) -> Iterator[Pixels]:
    """The masks as Pillow alone reads them."""
    for entry in entries:
        with Image.open(folder / "SegmentationClass" / f"{entry.image.stem}.png") as image:
            yield np.array(image)


FORMAT = Format(
    name="voc",
    title="Pascal VOC",
    description="JPEGImages/, SegmentationClass/ and …Object/: indexed PNG, 255 = void; ImageSets/",
    writer=VocWriter,
    read=voc_reading.read,
    recognises=voc_reading.recognises,
    check=check,
    checked_by=lambda: "Pillow",
)


# ---------------------------------------------------------------------- inside


def _annotation(entry: Entry) -> Element:
    root = Element("annotation")
    _fields(root, folder="JPEGImages", filename=entry.image.name)
    _fields(SubElement(root, "source"), database="CNNSeg")
    height, width = entry.shape
    _fields(SubElement(root, "size"), width=width, height=height, depth=3)
    _fields(root, segmented=1)
    return root


def _fields(parent: Element, **values: object) -> None:
    for name, value in values.items():
        SubElement(parent, name).text = text(value)


def _numbered_png(objects: Pixels) -> bytes:
    """Objects in VOC's colours: the bits of the number, from the lowest, dealt to red, green, blue,
    the highest bit of each first (VOCdevkit, VOClabelcolormap.m).
    """
    from cnnseg_gui.core.indexed_png import indexed_png

    number = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= ((number >> 3 * bit + channel & 1) << 7 - bit).astype(np.uint8)
    return indexed_png((objects.shape[0], objects.shape[1]), [objects], palette)


def _lines(lines: Sequence[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode()
