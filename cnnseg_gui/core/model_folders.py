"""The folders below models/ that hold weights and card of a model each: `r001`, `t001`, …

A model is written first, under a name that no other program uses, and gets its own in the
transaction that stores its row. So a folder is complete or not there, and none that a row names is
ever touched. What could not be stored is kept in a folder `kept-…`; `cnnseg segment --model` takes
that of a revision like any other.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import time
import uuid
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cnnseg_gui.core.alive import is_alive
from cnnseg_gui.core.atomic import sync_folder
from cnnseg_gui.core.errors import UserError, from_os_error

WEIGHTS, CARD = "model.safetensors", "card.json"

_PART = re.compile(r"\.[rt]-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{8}\.part")
_DAY_S = 24 * 60 * 60.0


@dataclass
class Staged:
    """A model that is on disk, whole."""

    folder: Path
    sha256: str
    """Of its weights."""
    card: str
    """JSON."""
    placed: bool = False
    """Its folder has its own name."""


class ModelFolders:
    """The folders of one kind of model.

    Args:
        folder: the project's.
        letter: their names' first: `r` of revisions, `t` of classifiers.
    """

    def __init__(self, folder: Path, letter: str) -> None:
        self._models = folder / "models"
        self._letter = letter

    def path(self, name: str) -> Path:
        return self._models / name

    @contextmanager
    def staged(self, weights: bytes, card: bytes) -> Iterator[Staged]:
        """Writes a model, which `place` is to give its name inside.

        Raises:
            UserError: the disk refuses; or what the block raised, which then says where the model
                is kept.
        """
        staged = self._write(weights, card)
        try:
            yield staged
        except UserError as error:
            if not (staged.placed or self._keep(staged)):
                raise
            remedy = f"{error.remedy} What was learnt is kept in {staged.folder}.".lstrip()
            raise type(error)(error.what, path=error.path, remedy=remedy) from error
        except BaseException:
            if not staged.placed:
                shutil.rmtree(staged.folder, ignore_errors=True)
            raise

    def place(self, staged: Staged, names: Iterable[str]) -> str:
        """Gives a model the next name; in a transaction, so that no other program does.

        Args:
            names: of all that are stored.

        Returns:
            Its name.

        Raises:
            UserError: the disk refuses.
        """
        number = 1 + max((int(name[1:]) for name in names), default=0)
        name = f"{self._letter}{number:03}"
        target = self.path(name)
        try:
            if target.exists():  # of a program that was killed before its row was stored
                target.rename(self._kept(name))
            staged.folder.rename(target)
            staged.folder, staged.placed = target, True
            sync_folder(self._models)
        except OSError as error:
            raise from_os_error(error, doing="storing the model", path=target) from error
        return name

    def _write(self, weights: bytes, card: bytes) -> Staged:
        folder = self._models / f".{self._letter}-{_computer()}-{os.getpid()}-{_random()}.part"
        try:
            self._models.mkdir(exist_ok=True)
            folder.mkdir()
            try:
                _write_synced(folder / WEIGHTS, weights)
                _write_synced(folder / CARD, card)
                sync_folder(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        except OSError as error:
            raise from_os_error(error, doing="storing the model", path=self._models) from error
        return Staged(folder, hashlib.sha256(weights).hexdigest(), card.decode())

    def _keep(self, staged: Staged) -> bool:
        """Whether the model is out of the way of `leftovers`; else it is gone."""
        kept = self._kept(self._letter)
        try:
            staged.folder.rename(kept)
            staged.folder = kept
            sync_folder(self._models)
        except OSError:
            if staged.folder != kept:
                shutil.rmtree(staged.folder, ignore_errors=True)
                return False
        return True

    def _kept(self, name: str) -> Path:
        return self._models / f"kept-{name}-{_random()}"


def leftovers(folder: Path) -> Iterator[Path]:
    """What a crash left half-written of a project's models.

    That is what a process of this computer wrote that is gone by now, or what is older than a day.
    """
    for part in (folder / "models").glob(".*.part"):
        found = _PART.fullmatch(part.name)
        own = found is not None and found[1] == _computer()
        try:
            old = time.time() - part.stat().st_mtime > _DAY_S
        except OSError:
            continue  # it has its own name by now
        if old or (found is not None and own and is_alive(int(found[2])) is False):
            yield part


def sweep_leftovers(folder: Path) -> None:
    """Removes what a crash left half-written of a project's models."""
    for stale in leftovers(folder):
        shutil.rmtree(stale, ignore_errors=True)  # locked, read-only: then it stays


def _computer() -> str:
    """Eight letters that tell computers apart which share a disk."""
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _random() -> str:
    return uuid.uuid4().hex[:8]


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
