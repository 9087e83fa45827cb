"""The stored models of a project, each a folder below models/, never changed once it is there.

Revisions propose masks; classifiers have been taught the project's tags.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from cnnseg_gui.core import database
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.model_folders import CARD, WEIGHTS, ModelFolders, Staged

__all__ = [
    "CARD",
    "WEIGHTS",
    "Revision",
    "Revisions",
    "StoredModel",
    "TaughtClassifiers",
]


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


class Revisions:
    """The project's revisions, oldest first; the one promoted last is the current one."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folders = ModelFolders(folder, "r")
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

    def add(
        self, weights: bytes, card: bytes, *, promoted: bool = True, patience: float = 0.0
    ) -> Revision:
        """Stores a new revision.

        Its folder is there before its row, so a fault at any moment leaves the previous revision
        current.

        Args:
            weights: safetensors.
            card: JSON, UTF-8.
            promoted: it becomes the current one; else it is only kept.
            patience: as for `database.transaction`.

        Raises:
            UserError: it could not be stored, and the previous revision stays. Where the weights
                could be written they are kept, and it says where.
        """
        with (
            self.staged(weights, card) as staged,
            database.transaction(self._db, self._path, patience=patience),
        ):
            return self.insert(staged, promoted=promoted)

    def staged(self, weights: bytes, card: bytes) -> AbstractContextManager[Staged]:
        """Writes what `insert` is to store inside: see `ModelFolders.staged`."""
        return self._folders.staged(weights, card)

    def insert(self, staged: Staged, *, promoted: bool) -> Revision:
        """Stores a revision that is written, as part of a transaction that has begun.

        Raises:
            UserError: it could not be stored.
        """
        known = self.all()
        name = self._folders.place(staged, [revision.name for revision in known])
        turn = _next_turn(known) if promoted else 0
        row = (name, staged.sha256, time.time(), staged.card, turn)
        with database.transaction(self._db, self._path):
            self._db.execute(
                "INSERT INTO revision (name, sha256, created, card, promoted)"
                " VALUES (?, ?, ?, ?, ?)",
                row,
            )
        return Revision(name, staged.folder, *row[1:])

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
        with database.transaction(self._db, self._path):
            name = self.named(name).name
            self._db.execute(
                "UPDATE revision SET promoted = ? WHERE name = ?", (_next_turn(self.all()), name)
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
        self._folders = ModelFolders(folder, "t")
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

    def add(self, weights: bytes, card: bytes, *, patience: float = 0.0) -> StoredModel:
        """Stores a classifier: as `Revisions.add`.

        Raises:
            UserError: it could not be stored; as there.
        """
        with (
            self._folders.staged(weights, card) as staged,
            database.transaction(self._db, self._path, patience=patience),
        ):
            name = self._folders.place(staged, [stored.name for stored in self.all()])
            row = (name, staged.sha256, time.time(), staged.card)
            self._db.execute(
                "INSERT INTO classifier (name, sha256, created, card) VALUES (?, ?, ?, ?)", row
            )
        return StoredModel(name, staged.folder, *row[1:])

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
