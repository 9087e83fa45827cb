"""Revisions: the immutable checkpoints of the project's model, each a folder below models/."""

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
class Revision:
    """A stored model: where it is, the sha256 of its weights, and its card as JSON text."""

    name: str
    folder: Path
    sha256: str
    created: float
    card: str


class Revisions:
    """The project's revisions, oldest first; the newest promoted one is the current one."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._models = folder / "models"
        self._path = folder / database.FILE_NAME
        self._db = connection

    def all(self) -> list[Revision]:
        try:
            rows = self._db.execute(
                "SELECT name, sha256, created, card FROM revision ORDER BY id"
            ).fetchall()
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error
        return [Revision(n, self._models / n, sha, at, card) for n, sha, at, card in rows]

    @property
    def current(self) -> Revision | None:
        """What proposes now; None before the first fine-tune."""
        revisions = self.all()
        return revisions[-1] if revisions else None

    def add(self, weights: bytes, card: bytes) -> Revision:
        """Stores a new revision and makes it the current one.

        Its folder is written beside, synced and renamed before the database hears of it, so a
        fault at any moment leaves the previous revision current.

        Args:
            weights: safetensors.
            card: JSON, UTF-8.

        Raises:
            UserError: it could not be written; the previous revision stays.
        """
        number = 1 + max((int(r.name[1:]) for r in self.all()), default=0)
        name = f"r{number:03}"
        target, beside = self._models / name, self._models / f".{name}.part"
        try:
            self._models.mkdir(exist_ok=True)
            for stale in (beside, target):  # left by a fault before the database heard of it
                if stale.exists():
                    shutil.rmtree(stale)
            beside.mkdir()
            _write_synced(beside / WEIGHTS, weights)
            _write_synced(beside / CARD, card)
            sync_folder(beside)
            beside.rename(target)
            sync_folder(self._models)
        except OSError as error:
            raise from_os_error(error, doing="storing the new revision", path=target) from error
        sha256 = hashlib.sha256(weights).hexdigest()
        revision = Revision(name, target, sha256, time.time(), card.decode())
        with database.transaction(self._db, self._path):
            self._db.execute(
                "INSERT INTO revision (name, sha256, created, card) VALUES (?, ?, ?, ?)",
                (name, sha256, revision.created, revision.card),
            )
        return revision

    def find(self, sha256: str) -> Revision:
        """The revision with these weights.

        Raises:
            UserError: the project has none.
        """
        for revision in self.all():
            if revision.sha256 == sha256:
                return revision
        raise UserError(
            f"no revision has the weights {sha256[:8]}",
            path=self._models,
            remedy="Choose another revision.",
        )


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
