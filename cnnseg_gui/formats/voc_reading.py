"""Reading Pascal VOC segmentation, of this program, of VOC itself and of others."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cnnseg_gui.core.classes import MAX_CLASSES, PixelClass, default_colour
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats import xml_file
from cnnseg_gui.formats.class_table import VOID_COLOUR, Colour, numbered, read_classes
from cnnseg_gui.formats.dataset import SPLITS, DataSet, ReadImage
from cnnseg_gui.formats.entries import by_stem, image_files, inside, read_bytes, read_lines
from cnnseg_gui.formats.mask_file import ReadMask, coloured, indexed, is_coloured, other_size

NAMES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)
"""Of VOC2012, in the order of its values 1 … 20."""


def read(path: Path) -> DataSet:
    """Opens a folder with SegmentationClass/, or the development kit above it.

    Raises:
        UserError: it is none, or its lists or classes cannot be read.
    """
    root = _root(path)
    if root is None:
        raise UserError("there is no folder SegmentationClass here", path=path)
    refused: list[UserError] = []
    classes, described = _classes(root)
    notes = () if described else ("nothing names the classes: taken as those of VOC2012",)
    images = by_stem(image_files(root / "JPEGImages")) if (root / "JPEGImages").is_dir() else {}
    masks = by_stem(image_files(root / "SegmentationClass"))
    found = []
    for stem, split in _listed(root, masks).items():
        try:
            image = images.get(stem) or f"{stem}.jpg"
            place = inside(root, image, below="JPEGImages")
            mask = masks.get(stem)
            reader = _reader(root, stem, mask, classes) if mask else None
            found.append(ReadImage(image, place, reader, split=split))
        except UserError as error:
            refused.append(error)
    return DataSet(classes, found, notes, tuple(refused))


def recognises(path: Path) -> bool:
    """Whether there is a folder SegmentationClass, or a development kit."""
    return _root(path) is not None


# ---------------------------------------------------------------------- inside


def _root(path: Path) -> Path | None:
    kits = sorted(path.glob("VOC2*")) + sorted(path.glob("VOCdevkit/VOC2*"))
    return next((p for p in (path, *kits[::-1]) if (p / "SegmentationClass").is_dir()), None)


def _listed(root: Path, masks: dict[str, str]) -> dict[str, str]:
    """Splits by name, in the order of the lists; of those in two lists the more telling one."""
    found: dict[str, str] = {}
    folder = root / "ImageSets" / "Segmentation"
    lists = sorted(folder.glob("*.txt")) if folder.is_dir() else []
    for path in lists:
        split = path.stem if path.stem in SPLITS else ""
        for name in read_lines(root, path):
            if split or name not in found:
                found[name] = split
    return found if lists else dict.fromkeys(masks, "")


def _classes(root: Path) -> tuple[tuple[PixelClass, ...], bool]:
    table = read_classes(root)
    if table is not None:
        return table[0], True
    path = root / "labelmap.txt"
    if not path.exists():
        return numbered(NAMES, path), False
    rows: list[tuple[str, Colour]] = []
    for line in read_lines(root, path):
        if line.startswith("#"):
            continue
        name, colour, *_ = [*line.rsplit(":", 3), "", ""]
        parts = [int(part) for part in colour.split(",") if part.strip().isdecimal()]
        known = len(parts) == 3 and max(parts) < 256
        rows.append((name, (parts[0], parts[1], parts[2]) if known else default_colour(len(rows))))
    rows.sort(key=lambda row: row[0] != "background")  # others write them in any order
    if len(rows) > MAX_CLASSES:
        raise UserError(f"{len(rows)} classes are more than a mask can hold", path=path)
    return tuple(PixelClass(i, *row) for i, row in enumerate(rows)), True


def _reader(root: Path, stem: str, mask: str, classes: tuple[PixelClass, ...]) -> ReadMask:
    return partial(_read, root, stem, root / "SegmentationClass" / mask, classes)


def _read(
    root: Path, stem: str, path: Path, classes: tuple[PixelClass, ...], shape: tuple[int, int]
) -> Pixels:
    annotation = inside(root, f"{stem}.xml", below="Annotations")
    if annotation.is_file():
        _check_annotation(root, annotation, shape)
    if is_coloured(path):
        return coloured(root, path, classes, VOID_COLOUR)(shape)
    return indexed(root, path, classes)(shape)


def _check_annotation(root: Path, path: Path, shape: tuple[int, int]) -> None:
    """Its boxes are not needed: the masks say more."""
    document = xml_file.parse(read_bytes(root, path, largest=1 << 26), path)
    said = [document.findtext(f"size/{side}", "").strip() for side in ("height", "width")]
    if all(side.isdecimal() and int(side) for side in said):
        height, width = map(int, said)
        if (height, width) != shape:
            raise other_size((height, width), shape, path)
