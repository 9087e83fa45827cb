"""The stored models of a project, each a folder below models/, never changed once it is there.

Revisions propose masks; classifiers have been taught the project's tags.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from cnnseg_gui.core import database
from cnnseg_gui.core.atomic import sync_folder
from cnnseg_gui.core.errors import UserError, from_os_error

WEIGHTS, CARD = "model.safetensors", "card.json"


@dataclass(frozen=True)
class StoredModel:
    """Where a model is, the sha256 of its weights, and its card as JSON text."""

    name: str
    folder: Path
    sha256: str
    created: float
    card: str


@dataclass(frozen=True)
class Revision(StoredModel):
    """A checkpoint of the project's model."""

    promoted: int = 0
    """0: it never proposed; else the running number of its promotion."""
    title: str = ""
    """What a person calls it."""


def sweep_leftovers(folder: Path) -> None:
    """Removes what a crash left half-written of a project's models."""
    for stale in (folder / "models").glob(".*.part"):
        shutil.rmtree(stale, ignore_errors=True)  # locked, read-only: then it stays


class _Folders:
    """Writes the folders of one kind of model: `r001`, `r002`, …"""

    def __init__(self, folder: Path, letter: str) -> None:
        self._models = folder / "models"
        self._letter = letter

    def path(self, name: str) -> Path:
        return self._models / name

    def write(self, number: int, weights: bytes, card: bytes) -> str:
        """Writes beside, syncs and renames, so that a folder is complete or not there.

        Returns:
            The folder's name.

        Raises:
            UserError: the disk refuses.
        """
        name = f"{self._letter}{number:03}"
        target, beside = self._models / name, self._models / f".{name}.part"
        try:
            self._models.mkdir(exist_ok=True)
            for stale in (beside, target):  # left by a fault before the database heard of it
                if stale.exists():
                    shutil.rmtree(stale)
            beside.mkdir()
            try:
                _write_synced(beside / WEIGHTS, weights)
                _write_synced(beside / CARD, card)
                sync_folder(beside)
                beside.rename(target)
            except BaseException:
                shutil.rmtree(beside, ignore_errors=True)
                raise
            sync_folder(self._models)
        except OSError as error:
            raise from_os_error(error, doing="storing the model", path=target) from error
        return name


class Revisions:
    """The project's revisions, oldest first; the one promoted last is the current one."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folders = _Folders(folder, "r")
        self._path = folder / database.FILE_NAME
        self._db = connection

    def all(self) -> list[Revision]:
        query = "SELECT name, sha256, created, card, promoted, title FROM revision ORDER BY id"
        try:
            rows = self._db.execute(query).fetchall()
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error
        return [
            Revision(name, self._folders.path(name), sha256, created, card, promoted, title)
            for name, sha256, created, card, promoted, title in rows
        ]

    @property
    def current(self) -> Revision | None:
        """What proposes now; None before the first fine-tune."""
        promoted = [revision for revision in self.all() if revision.promoted]
        return max(promoted, key=lambda revision: revision.promoted, default=None)

    def add(self, weights: bytes, card: bytes, *, promoted: bool = True) -> Revision:
        """Stores a new revision.

        Its folder is there before the database hears of it, so a fault at any moment leaves the
        previous revision current.

        Args:
            weights: safetensors.
            card: JSON, UTF-8.
            promoted: it becomes the current one; else it is only kept.

        Raises:
            UserError: it could not be written; the previous revision stays.
        """
        known = self.all()
        number = 1 + max((int(r.name[1:]) for r in known), default=0)
        name = self._folders.write(number, weights, card)
        turn = _next_turn(known) if promoted else 0
        sha256, now = hashlib.sha256(weights).hexdigest(), time.time()
        with database.transaction(self._db, self._path):
            self._db.execute(
                "INSERT INTO revision (name, sha256, created, card, promoted)"
                " VALUES (?, ?, ?, ?, ?)",
                (name, sha256, now, card.decode(), turn),
            )
        return Revision(name, self._folders.path(name), sha256, now, card.decode(), turn)

    def set_title(self, name: str, title: str) -> None:
        """Gives a revision a name for people.

        Raises:
            UserError: it could not be stored.
        """
        with database.transaction(self._db, self._path):
            self._db.execute("UPDATE revision SET title = ? WHERE name = ?", (title, name))

    def promote(self, name: str) -> None:
        """Makes a stored revision the current one.

        Raises:
            UserError: there is none of this name, or it could not be stored.
        """
        name, known = self.named(name).name, self.all()
        with database.transaction(self._db, self._path):
            self._db.execute(
                "UPDATE revision SET promoted = ? WHERE name = ?", (_next_turn(known), name)
            )

    def named(self, name: str) -> Revision:
        """The revision of this name, or else the newest one with this title.

        Raises:
            UserError: there is none.
        """
        known = self.all()
        for revision in known:
            if revision.name == name:
                return revision
        for revision in reversed(known):
            if name and revision.title == name:
                return revision
        names = ", ".join(revision.name for revision in known)
        raise UserError(
            f"there is no revision “{name}”",
            path=self._path,
            remedy=f"Choose one of {names}." if names else "Teach the network first.",
        )

    def find(self, sha256: str) -> Revision:
        """The revision with these weights.

        Raises:
            UserError: the project has none.
        """
        for revision in self.all():
            if revision.sha256 == sha256:
                return revision
        raise _missing("revision", sha256, self._path)


class TaughtClassifiers:
    """The classifiers that were taught the project's tags, oldest first."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folders = _Folders(folder, "t")
        self._path = folder / database.FILE_NAME
        self._db = connection

    def all(self) -> list[StoredModel]:
        query = "SELECT name, sha256, created, card FROM classifier ORDER BY id"
        try:
            rows = self._db.execute(query).fetchall()
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error
        return [
            StoredModel(name, self._folders.path(name), sha256, created, card)
            for name, sha256, created, card in rows
        ]

    def add(self, weights: bytes, card: bytes) -> StoredModel:
        """Stores a classifier: as `Revisions.add`.

        Raises:
            UserError: it could not be written.
        """
        number = 1 + max((int(stored.name[1:]) for stored in self.all()), default=0)
        name = self._folders.write(number, weights, card)
        sha256, now = hashlib.sha256(weights).hexdigest(), time.time()
        with database.transaction(self._db, self._path):
            self._db.execute(
                "INSERT INTO classifier (name, sha256, created, card) VALUES (?, ?, ?, ?)",
                (name, sha256, now, card.decode()),
            )
        return StoredModel(name, self._folders.path(name), sha256, now, card.decode())

    def find(self, sha256: str) -> StoredModel:
        """The classifier with these weights.

        Raises:
            UserError: the project has none.
        """
        for stored in self.all():
            if stored.sha256 == sha256:
                return stored
        raise _missing("classifier", sha256, self._path)


def _next_turn(known: list[Revision]) -> int:
    return 1 + max((revision.promoted for revision in known), default=0)


def _missing(kind: str, sha256: str, path: Path) -> UserError:
    return UserError(
        f"no {kind} of this project has the weights {sha256[:8]}",
        path=path,
        remedy="Choose another one.",
    )


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
