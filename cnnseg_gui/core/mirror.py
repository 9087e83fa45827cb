"""The mirror: each image's mask as a PNG beside the database, for people and other programs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from cnnseg_gui.core.atomic import sweep, write_atomically
from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import from_os_error
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.mask_io import encode_mask

FOLDER = "masks"

_NUMBERED = re.compile(r"\.\d+$")


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
    """Writes one image's mask, uint8[H, W], into the project's mirror.

    Args:
        folder: the project's folder.
        records: all images of the project.

    Raises:
        UserError: it could not be written; the mirror is as it was, the database has the mask.
    """
    record = next(record for record in records if record.id == image_id)
    masks = folder / FOLDER
    try:
        masks.mkdir(exist_ok=True)
    except OSError as error:
        raise from_os_error(error, doing="mirroring the mask", path=masks) from error
    write_atomically(masks / mirror_name(record, records), encode_mask(pixels, classes))


def folded(stem: str) -> str:
    """Equal for names that Windows or macOS would take for the same."""
    return unicodedata.normalize("NFC", stem.casefold())
