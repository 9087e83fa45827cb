"""Names and files inside a data set that comes from anyone: nothing outside of it is opened."""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

import msgspec

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_io import IMAGE_SUFFIXES, natural_key
from cnnseg_gui.core.ordinary_file import check_ordinary
from cnnseg_gui.formats.dataset import SPLITS

LARGEST_TEXT = 1 << 30
"""Bytes of a file that lists a data set: COCO's own lists have half of it."""
MOST_FILES = 1_000_000
_DRIVE = re.compile("[A-Za-z]:/" if os.name != "nt" else ".*:", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_NOT_IN_LISTS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\\]")
_T = TypeVar("_T")


def inside(folder: Path, name: str, *, below: str = "") -> Path:
    """The file of that name in a data set's folder, whether or not it exists.

    Args:
        name: as the data set has it: relative, with / or \\ between folders.
        below: of the data set's folder, that the name is relative to, such as "images".

    Raises:
        UserError: it leads out of the folder (absolute, `..`, a link), or is a pipe or a device.
    """
    shown = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", name)[:300]
    plain = name.replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if not parts or "\0" in name:
        raise UserError("the data set names an image without a name", path=folder)
    if plain.startswith("/") or _DRIVE.match(plain) or ".." in parts or "://" in name:
        raise UserError(
            f"“{shown}” leads out of the data set and is not opened",
            path=folder,
            remedy="Copy the file into the data set and correct its name there.",
        )
    path = folder.joinpath(below, *parts)
    try:
        check_inside(folder, path)
    except OSError as error:  # of a link that leads to itself too
        if not path.is_symlink() and isinstance(error, FileNotFoundError | NotADirectoryError):
            return path
        raise UserError(f"“{shown}” cannot be opened ({error.strerror})", path=folder) from error
    except ValueError as error:
        raise UserError(f"“{shown}” is no file name", path=folder) from error
    return path


def check_inside(folder: Path, path: Path) -> None:
    """Refuses links that lead out of the folder, pipes and devices.

    Raises:
        UserError: it is one.
        OSError: it is not there.
    """
    try:
        real = path.resolve(strict=True)
    except RuntimeError as error:  # Python before 3.13: of a link that leads to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error
    if not real.is_relative_to(folder.resolve()):
        raise UserError(
            "this is a link that leads out of the data set and is not followed",
            path=path,
            remedy="Put the file itself there.",
        )
    check_ordinary(path)


def read_bytes(folder: Path, path: Path, *, largest: int = LARGEST_TEXT) -> bytes:
    """What a file of a data set holds.

    Raises:
        UserError: it leads out of the folder, is larger than `largest` bytes, or cannot be read.
    """
    try:
        check_inside(folder, path)
        if (size := path.stat().st_size) > largest:
            raise UserError(
                f"the file has {size:,} bytes, more than the {largest:,} that are read", path=path
            )
        return path.read_bytes()
    except OSError as error:
        raise from_os_error(error, doing="reading the data set", path=path) from error


def read_lines(folder: Path, path: Path) -> list[str]:
    """The lines of a UTF-8 text without what is around them; empty ones are left out.

    Raises:
        UserError: as `read_bytes`, or it is no text.
    """
    try:
        text = read_bytes(folder, path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"this is no UTF-8 text ({error.reason})", path=path) from error
    return [line.strip() for line in text.split("\n") if line.strip()]


def decode_json(data: bytes, kind: type[_T], path: Path) -> _T:
    """JSON of a given structure.

    Raises:
        UserError: it is none, or nested beyond measure.
    """
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except RecursionError as error:
        raise UserError("this JSON is nested too deeply", path=path) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(f"this is not the JSON that is expected ({error})", path=path) from error


def image_files(folder: Path, *, depth: int = 0) -> list[str]:
    """Image files in a folder and up to `depth` levels of folders below, as relative names.

    Hidden files and links are passed over.

    Raises:
        UserError: the folder cannot be read, or there are too many.
    """
    found: list[str] = []
    for name in _walk(folder, "", depth):
        if len(found) == MOST_FILES:
            raise UserError(f"there are more than {MOST_FILES:,} images", path=folder)
        found.append(name)
    return sorted(found, key=natural_key)


def by_stem(names: Iterable[str]) -> dict[str, str]:
    """Relative names by themselves without their ending; of several the first."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(stem_of(name), name)
    return found


def stem_of(name: str) -> str:
    """A relative name without its ending."""
    path = PurePosixPath(name)
    return str(path.with_name(path.stem)) if path.name else name


def splits_below(folder: Path) -> tuple[str, ...]:
    """The splits a folder has folders for; ("",) where it has none."""
    found = tuple(split for split in SPLITS if (folder / split).is_dir())
    return found or ("",)


class Names:
    """Names that a list can hold: no ends of lines or backslashes in them, none hidden or twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, name: str) -> str:
        """The name, or one like it that any list and file system can hold."""
        before, dot, ending = _NOT_IN_LISTS.sub("_", name).rpartition(".")
        own, suffix = (before, dot + ending.strip()) if dot else (ending, "")
        own = own.strip()
        if not own or own.startswith("."):  # a hidden file, which is passed over
            own = f"_{own[1:]}"
        stem, number = own, 1
        while _folded(stem) in self._taken:
            number += 1
            stem = f"{own}-{number}"
        self._taken.add(_folded(stem))
        return stem + suffix


# ---------------------------------------------------------------------- inside


def _folded(stem: str) -> str:
    return unicodedata.normalize("NFC", stem.casefold())


def _walk(folder: Path, before: str, depth: int) -> Iterator[str]:
    below = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.is_symlink():
                    continue
                if entry.is_dir():
                    below.append(entry.name)
                elif entry.is_file() and Path(entry.name).suffix.lower() in IMAGE_SUFFIXES:
                    yield before + entry.name
    except OSError as error:
        raise from_os_error(error, doing="reading the data set", path=folder) from error
    if depth:
        for name in below:
            yield from _walk(folder / name, f"{before}{name}/", depth - 1)
