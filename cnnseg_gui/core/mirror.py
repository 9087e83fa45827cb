"""The mirror: each image's mask as a PNG beside the database, for people and other programs.

A mask's file says which image it is of (`MaskNote`), and two tables say the rest, so that a project
whose database is gone can be made again from the mirror (`rebuild`).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from PIL import Image

from cnnseg_gui.core.atomic import sweep, write_atomically
from cnnseg_gui.core.class_list import ClassList, is_sound
from cnnseg_gui.core.classes import PixelClass, palette_table
from cnnseg_gui.core.errors import from_os_error
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.indexed_png import indexed_png
from cnnseg_gui.core.mask import TILE, Pixels

FOLDER = "masks"
PROJECT, IMAGES = "project.json", "images.csv"

_NUMBERED = re.compile(r"\.\d+$")
_LARGEST_TABLE = 1 << 30  # bytes: a million images take a third of it
_LONGEST_NOTE = 1 << 22  # characters: 255 classes with all their former names, and tags


class MirroredImage(msgspec.Struct, frozen=True, kw_only=True):
    """What the mirror keeps of an image beside its pixels; a row of `images.csv`."""

    path: str
    """Of its file, as stored: relative to the project's folder where it can be."""
    page: int
    sha256: str
    height: int
    width: int
    status: str
    held_out: bool | None
    """None: not yet worked on."""
    tags: tuple[str, ...]


class MaskNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a mask's file says: its image, and the classes as they were when it was written."""

    image: MirroredImage
    classes: ClassList


class MirroredRevision(msgspec.Struct, frozen=True, kw_only=True):
    """What the project says of a revision beside what its folder holds."""

    name: str
    promoted: int
    title: str


class MirroredProject(msgspec.Struct, frozen=True, kw_only=True):
    """What `project.json` holds."""

    format: int = 1
    classes: ClassList
    settings: dict[str, str]
    revisions: tuple[MirroredRevision, ...] = ()


def mirror_name(record: ImageRecord, records: Sequence[ImageRecord]) -> str:
    """The mask's file name, unlike that of any other image of the project.

    It is the image's stem; with the image's number where two images share one, and where the stem
    itself ends like that: `cell.png`, `cell.jpg` and `cell.1.tif` have `cell.1.png`, `cell.2.png`
    and `cell.1.3.png`.
    """
    stem = record.path.stem
    shared = any(
        other.id != record.id and folded(other.path.stem) == folded(stem) for other in records
    )
    return f"{stem}.{record.id}.png" if shared or _NUMBERED.search(stem) else f"{stem}.png"


def sweep_leftovers(folder: Path) -> None:
    """Removes what a crash left half-written in a project's mirror."""
    sweep(folder / FOLDER)


def write(
    folder: Path,
    records: Sequence[ImageRecord],
    image_id: int,
    pixels: Pixels,
    classes: Sequence[PixelClass],
) -> None:
    """Writes one image's mask, uint8[H, W], into the project's mirror, without a note.

    Args:
        folder: the project's folder.
        records: all images of the project.

    Raises:
        UserError: it could not be written; the mirror is as it was, the database has the mask.
    """
    record = next(record for record in records if record.id == image_id)
    bands = (pixels[top : top + TILE] for top in range(0, len(pixels), TILE))
    shape = record.height, record.width
    _write(folder, mirror_name(record, records), shape, bands, classes)


def write_noted(folder: Path, name: str, bands: Iterable[Pixels], note: MaskNote) -> None:
    """As `write`, from bands of whole rows, uint8[h, W], under a name that is known."""
    text = msgspec.json.encode(note).decode()
    shape = note.image.height, note.image.width
    _write(folder, name, shape, bands, note.classes.live, text)


def read_note(path: Path) -> MaskNote | None:
    """What a mask's file says of its image; None of a file that says nothing, or nothing sound.

    Raises:
        UserError: the file could not be read.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            text = str(getattr(image, "text", {}).get("cnnseg", ""))
        if not 0 < len(text) <= _LONGEST_NOTE:
            return None
        note = msgspec.json.decode(text, type=MaskNote)
    except (msgspec.DecodeError, RecursionError, SyntaxError, ValueError):
        return None
    except OSError as error:
        if error.errno is None:
            return None
        raise from_os_error(error, doing="reading the mask", path=path) from error
    return note if is_sound(note.classes) else None


def write_tables(folder: Path, project: MirroredProject, images: Iterable[MirroredImage]) -> None:
    """Writes the classes and settings, and the list of all images; nothing where they are so.

    Raises:
        UserError: they could not be written.
    """
    masks = _made(folder)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(MirroredImage.__struct_fields__)
    for image in images:
        held_out = {None: "", False: "no", True: "yes"}[image.held_out]
        tags = msgspec.json.encode(image.tags).decode()
        writer.writerow([*msgspec.structs.astuple(image)[:-2], held_out, tags])
    for name, data in (
        (PROJECT, msgspec.json.format(msgspec.json.encode(project))),
        (IMAGES, table.getvalue().encode(errors="surrogateescape")),
    ):
        path = masks / name
        try:
            same = path.is_file() and path.read_bytes() == data
        except OSError:
            same = False
        if not same:
            write_atomically(path, data)


def read_project(folder: Path) -> MirroredProject | None:
    """What `write_tables` wrote of the project; None where it is gone or damaged."""
    data = _table(folder / FOLDER / PROJECT)
    try:
        found = msgspec.json.decode(data, type=MirroredProject)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if is_sound(found.classes) else None


def read_images(folder: Path) -> list[MirroredImage]:
    """What `write_tables` wrote of the images, as far as its rows can be read."""
    text = _table(folder / FOLDER / IMAGES).decode(errors="surrogateescape")
    found = []
    for row in csv.DictReader(io.StringIO(text)):
        fields = {**row, "held_out": {"yes": True, "no": False}.get(row.get("held_out") or "")}
        try:
            fields["tags"] = msgspec.json.decode(row.get("tags") or "[]", type=tuple[str, ...])
            found.append(msgspec.convert(fields, MirroredImage, strict=False))
        except (msgspec.DecodeError, RecursionError):
            continue  # cut off, or written by something else
    return found


def _table(path: Path) -> bytes:
    """A table's bytes; none where it is not there or too large to be one."""
    try:
        return path.read_bytes() if path.stat().st_size <= _LARGEST_TABLE else b""
    except OSError:
        return b""


def folded(stem: str) -> str:
    """Equal for names that Windows or macOS would take for the same."""
    return unicodedata.normalize("NFC", stem.casefold())


def _write(
    folder: Path,
    name: str,
    shape: tuple[int, int],
    bands: Iterable[Pixels],
    classes: Sequence[PixelClass],
    note: str = "",
) -> None:
    data = indexed_png(shape, bands, palette_table(classes), note=note)
    write_atomically(_made(folder) / name, data)


def _made(folder: Path) -> Path:
    masks = folder / FOLDER
    try:
        masks.mkdir(exist_ok=True)
    except OSError as error:
        raise from_os_error(error, doing="mirroring the masks", path=masks) from error
    return masks
