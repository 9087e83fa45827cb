"""A folder for each tag, as torchvision's ImageFolder and Keras read them: labels of whole images.

An image lies in the folder of its first tag; those without a tag lie in `_untagged`. folders.json
says which tag a folder is of, since not every tag is a folder's name.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.class_table import numbered
from cnnseg_gui.formats.dataset import SPLITS, DataSet, Entry, Format, ReadImage, WriteOptions
from cnnseg_gui.formats.entries import Names, decode_json, image_files, read_bytes, splits_below

_TABLE = "folders.json"
UNTAGGED = "_untagged"
_NOT_A_NAME = set('<>:"/\\|?*.')  # on Windows; a dot at either end or alone is no name anywhere
_RESERVED = {"con", "prn", "aux", "nul", UNTAGGED, *SPLITS}
_LONGEST = 60


class _Table(msgspec.Struct):
    tags: dict[str, str]


class FoldersWriter:
    """Decides which folder an image belongs into; no mask is written."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._names = Names()
        self._folder_of: dict[str, str] = {}
        self._taken = set(_RESERVED)

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        tag = self._named(tags[0]) if tags else UNTAGGED
        return PurePosixPath(split, tag, self._names.free(name))

    def add(self, entry: Entry, mask: Pixels) -> None:
        pass  # its place says all

    def finish(self) -> None:
        tags = {folder: tag for tag, folder in self._folder_of.items()}
        text = json.dumps({"tags": tags}, indent=2, ensure_ascii=False) + "\n"
        (self._folder / _TABLE).write_text(text, encoding="utf-8", newline="\n")

    def _named(self, tag: str) -> str:
        if tag not in self._folder_of:
            plain = "".join("_" if c in _NOT_A_NAME or ord(c) < 32 else c for c in tag)
            own = plain.strip()[:_LONGEST].strip() or "_"
            name, number = own, 1
            while _folded(name) in self._taken:
                number += 1
                name = f"{own}-{number}"
            self._taken.add(_folded(name))
            self._folder_of[tag] = name
        return self._folder_of[tag]


def read(folder: Path) -> DataSet:
    """Opens a folder of folders.

    Raises:
        UserError: it cannot be read, or holds no images in folders.
    """
    table = folder / _TABLE
    tags = {}
    if table.exists():
        tags = decode_json(read_bytes(folder, table, largest=1 << 24), _Table, table).tags
    images = []
    for split in splits_below(folder):
        for name in image_files(folder / split, depth=2):
            first, *rest = PurePosixPath(name).parts
            if rest:
                own = () if first == UNTAGGED else (tags.get(first, first),)
                path = folder / split / name
                images.append(ReadImage(f"{split}/{name}".strip("/"), path, None, own, split))
    if not images:
        raise UserError("there are no images in folders here", path=folder)
    return DataSet(numbered((), folder), images)


def recognises(path: Path) -> bool:
    """Whether this program wrote it: any folder of folders could be meant."""
    return (path / _TABLE).is_file()


FORMAT = Format(
    name="folders",
    title="A folder per tag",
    description="the images alone, each in the folder of its first tag (torchvision ImageFolder)",
    writer=FoldersWriter,
    read=read,
    recognises=recognises,
    labels_only=True,
)


# ---------------------------------------------------------------------- inside


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
