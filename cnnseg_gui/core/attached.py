"""That a mask's image is the one it was painted on: read only with the content it had then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_io import content_hash
from cnnseg_gui.core.ordinary_file import read_ordinary

Stamp = tuple[int, int, int, int]


class MissingImage(UserError):
    """There is no file where an image should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            "this image is not there any more",
            path=path,
            remedy="Put it back, or look for it in another folder; its mask is kept.",
        )


class ChangedImage(UserError):
    """There is another file where an image should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            "this file has changed since it was added, so its mask may not fit",
            path=path,
            remedy="Put the former file back, or open it in the window and say what it is; "
            "the mask is kept.",
        )


def read_attached(path: Path, sha256: str) -> bytes:
    """What an image's file holds.

    Args:
        sha256: of the content that its mask was painted on, in hex.

    Raises:
        MissingImage: there is none.
        ChangedImage: it holds something else.
        UserError: it cannot be read.
    """
    try:
        data = read_ordinary(path)
    except OSError as error:
        raise not_opened(error, path) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ChangedImage(path)
    return data


def check_attached(path: Path, sha256: str) -> None:
    """As `read_attached`, without keeping what the file holds.

    Raises:
        MissingImage, ChangedImage, UserError: as there.
    """
    try:
        path.stat()
    except OSError as error:
        raise not_opened(error, path) from error
    if content_hash(path) != sha256:
        raise ChangedImage(path)


def stamp(path: Path) -> Stamp | None:
    """What changes with a file's content: its size, the times of its last change, its place.

    Equal stamps of one run of the program spare a hash; they are no proof beyond it.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


class Checks:
    """Compares images' files with what was painted on; one that did not change is hashed once."""

    def __init__(self) -> None:
        self._passed: dict[tuple[Path, str], Stamp | None] = {}

    def refused(self, images: Iterable[tuple[int, Path, str]]) -> dict[int, UserError]:
        """Why images cannot be used, by their numbers: a worker's job.

        Args:
            images: number, file and sha256 in hex of each.
        """
        found: dict[int, UserError] = {}
        for number, path, sha256 in images:
            now = stamp(path)
            if now is not None and self._passed.get((path, sha256)) == now:
                continue
            try:
                check_attached(path, sha256)
            except UserError as error:
                found[number] = error
            else:
                self._passed[path, sha256] = now
        return found


def not_opened(error: OSError, path: Path) -> UserError:
    """Why an image's file could not be read."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return MissingImage(path)
    return from_os_error(error, doing="reading the image", path=path)
