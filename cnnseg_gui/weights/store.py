"""The weights on this machine: found, taken over from a file, removed."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import uuid
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from cnnseg_gui.core.atomic import sync_folder
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.weights.catalogue import CATALOGUE, WeightFile, hash_in_name
from cnnseg_gui.weights.safetensors_header import check_safetensors
from cnnseg_gui.weights.web import is_web_address

FOLDER, MIRROR = "CNNSEG_WEIGHTS", "CNNSEG_WEIGHTS_MIRROR"
"""Environment variables: where weights are kept, and where they come from instead."""

_BLOCK = 2**20
_OWN, _PUBLISHED = ".staged-safetensors", ".staged-pth"  # endings of copies yet to be checked


class WeightStore:
    """A folder of weight files; one enters under its own name only once it is checked.

    What torch's own cache holds is used from there.

    Args:
        folder: by default `$CNNSEG_WEIGHTS`, else the person's cache folder.
        mirror: a folder or the beginning of an address in place of the published one; by default
            `$CNNSEG_WEIGHTS_MIRROR`, else none.
        catalogue: what is published.
    """

    def __init__(
        self,
        folder: Path | None = None,
        mirror: str = "",
        catalogue: Mapping[str, WeightFile] = CATALOGUE,
    ) -> None:
        self.folder = folder or Path(os.environ.get(FOLDER) or _cache_folder()).expanduser()
        self.mirror = mirror or os.environ.get(MIRROR, "")
        self._catalogue = catalogue

    def published(self, name: str) -> WeightFile:
        """What is published under this name.

        Raises:
            UserError: nothing is.
        """
        if name not in self._catalogue:
            raise UserError(
                f"no weights are published as “{name}”", remedy="See `cnnseg models` for all."
            )
        return self._catalogue[name]

    def path(self, name: str) -> Path:
        """Where the published file goes."""
        return self.folder / self.published(name).file

    def find(self, name: str) -> Path | None:
        """The weights, if they are here: a person's safetensors first, then the published file."""
        found = self.glimpse(name)
        if found is not None and found.parent != self.folder:
            return found if _digest_of(found).startswith(self.published(name).sha8) else None
        return found

    def glimpse(self, name: str) -> Path | None:
        """As `find`, but reads nothing: torch's cache is believed, as a list may."""
        published = self.published(name)
        places = (
            self._own_file(name),
            self.folder / published.file,
            _torch_cache() / published.file,
        )
        return next((path for path in places if path.is_file()), None)

    def require(self, name: str) -> Path:
        """The weights.

        Raises:
            UserError: they are not here; says how large they are and what to do.
        """
        found = self.find(name)
        if found is not None:
            return found
        published = self.published(name)
        raise UserError(
            f"the weights of {name} are not downloaded, {published.size}",
            remedy=f"Download them (`cnnseg models {name} --download`, or Network ▸ Weights), "
            "choose a file, or set a mirror folder or address.",
        )

    def accept(self, name: str, path: Path) -> Path:
        """Takes a person's file over, as a copy: `stage` and `settle` in one.

        Raises:
            UserError: as they do.
        """
        return self.settle(name, self.stage(name, path))

    def stage(self, name: str, path: Path) -> Path:
        """Copies a person's file beside the others, where `find` does not see it.

        Whether its keys and shapes are the network's is for one to say who can read it; then it is
        to be settled or deleted.

        Args:
            path: the published `.pth`, known by its hash; or any `.safetensors`, whose form is
                checked, and its hash too where its name carries one.

        Returns:
            The copy.

        Raises:
            UserError: it is another file, damaged, or cannot be read or copied.
        """
        published = self.published(name)
        try:
            own = path.suffix == ".safetensors"
            if own:
                check_safetensors(path)
            wanted = hash_in_name(path.name) if own else published.sha8
            digest = _digest_of(path) if wanted else ""
            if wanted and not digest.startswith(wanted):
                raise UserError(
                    f"this is not the file for {name}: its sha256 begins with {digest[:8]}, "
                    f"and should with {wanted}",
                    path=path,
                    remedy="Download it again, or choose another file.",
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            copy = self.folder / f"{name}.{uuid.uuid4().hex}{_OWN if own else _PUBLISHED}"
            try:
                shutil.copyfile(path, copy)
            except BaseException:
                copy.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise disk_refused(error, doing="taking over the weights", path=path) from error
        return copy

    def settle(self, name: str, copy: Path) -> Path:
        """Gives a staged copy its name, in place of what had it.

        Raises:
            UserError: the disk refuses.
        """
        target = self._own_file(name) if copy.suffix == _OWN else self.path(name)
        try:
            with copy.open("r+b") as file:
                os.fsync(file.fileno())
            copy.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            raise disk_refused(error, doing="taking over the weights", path=target) from error
        return target

    def remove(self, name: str) -> None:
        """Frees the disk; torch's own cache is left alone.

        Raises:
            UserError: the disk refuses.
        """
        for path in (self._own_file(name), self.path(name), part_of(self.path(name))):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise from_os_error(error, doing="removing the weights", path=path) from error

    def source(self, published: WeightFile) -> str | Path:
        """Where to fetch it from: an address, or a file of the mirror folder.

        Raises:
            UserError: the mirror is neither a folder nor an http(s) address.
        """
        if not self.mirror:
            return published.url
        if is_web_address(self.mirror):
            return f"{self.mirror.rstrip('/')}/{published.file}"
        folder = Path(self.mirror).expanduser()
        if "://" in self.mirror or not folder.is_dir():
            raise UserError(
                "the mirror is neither a folder nor an http address",
                path=self.mirror,
                remedy="Set another one, or none.",
            )
        return folder / published.file

    def _own_file(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


def part_of(target: Path) -> Path:
    """Where a file grows while it is fetched."""
    return target.with_name(f"{target.name}.part")


def disk_refused(error: OSError, *, doing: str, path: Path) -> UserError:
    """As `from_os_error`; where the disk is full, with the remedy for weights."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return from_os_error(error, doing=doing, path=path)
    return UserError(
        f"{doing} failed ({error.strerror})",
        path=path,
        remedy="Free some space and try again: a download goes on where it was.",
    )


def digest_of(path: Path) -> str:
    """sha256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _digest_of(path: Path) -> str:
    """As `digest_of`; a file is read again only once it has changed."""
    facts = path.stat()
    return _known_digest(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=64)
def _known_digest(path: Path, _size: int, _changed: int) -> str:
    return digest_of(path)


def _torch_cache() -> Path:
    home = os.environ.get("TORCH_HOME") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "torch"
    )
    return Path(home) / "hub" / "checkpoints"


def _cache_folder() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(local) / "CNNSeg" / "weights"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "CNNSeg" / "weights"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cnnseg" / "weights"
