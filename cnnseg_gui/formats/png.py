"""Indexed PNG masks beside the images: masks/<stem>.png for images/<stem>.<any ending>.

A pixel's value is its class index, 255 is unlabelled; `classes.json` lists index, name and colour,
and the palette shows the colours in any viewer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import from_os_error
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.mask_io import encode_mask, read_mask

FILE_NAME = "classes.json"


class PngWriter:
    """Writes a mask file per image; `finish` adds classes.json."""

    def __init__(self, folder: Path, classes: Sequence[PixelClass]) -> None:
        self._folder = folder
        self._classes = classes
        (folder / "masks").mkdir()

    def add(self, image_file: str, mask: Pixels, tags: tuple[str, ...] = ()) -> None:
        """Adds an image by its name in images/, with its uint8[H, W] mask."""
        _mask_path(self._folder, image_file).write_bytes(encode_mask(mask, self._classes))

    def finish(self) -> None:
        content = {
            "unlabelled": UNLABELLED,
            "classes": [
                {"index": cls.index, "name": cls.name, "colour": list(cls.colour)}
                for cls in self._classes
            ],
        }
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (self._folder / FILE_NAME).write_text(text + "\n", encoding="utf-8", newline="\n")


def read_back(folder: Path) -> dict[str, Pixels]:
    """The masks of an exported folder, uint8[H, W] by the images' file names.

    Raises:
        UserError: the folder or a mask cannot be read.
    """
    try:
        names = sorted(path.name for path in (folder / "images").iterdir())
    except OSError as error:
        raise from_os_error(error, doing="reading the data set", path=folder) from error
    return {name: read_mask(_mask_path(folder, name)) for name in names}


def _mask_path(folder: Path, image_file: str) -> Path:
    return folder / "masks" / f"{Path(image_file).stem}.png"
