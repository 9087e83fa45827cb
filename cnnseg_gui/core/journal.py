"""The journal: every gesture and every edit of the classes, in order; the undo history.

Entries without an image are edits of the classes: they stand in the history of every image. What
is undone stays until something new is done. It is bounded by bytes: the oldest go first, the
present state of the masks is stored apart and never goes.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import NamedTuple

from cnnseg_gui.core.patch import Patch

DEFAULT_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Step:
    """One step of the history that was undone or redone; `patch` is None for the classes'."""

    id: int
    name: str
    patch: Patch | None


class HistoryEntry(NamedTuple):
    """One step as the History shows it; `created` is Unix time."""

    id: int
    name: str
    created: float
    undone: bool
    of_classes: bool


class Journal:
    """Used inside the project's transactions."""

    def __init__(self, connection: sqlite3.Connection, *, max_bytes: int = DEFAULT_BYTES) -> None:
        self._db = connection
        self.max_bytes = max_bytes
        self._bytes: int | None = None

    def add(self, image_id: int | None, name: str, data: bytes) -> int:
        """One step more; gives its number."""
        total = self.bytes + len(data)
        cursor = self._db.execute(
            "INSERT INTO journal (image_id, name, patch, created) VALUES (?, ?, ?, ?)",
            (image_id, name, data, time.time()),
        )
        self._bytes = total
        return int(cursor.lastrowid or 0)

    def forget_undone(self, image_id: int | None) -> None:
        """What was undone can no longer be redone: on an image, and of the classes."""
        self._delete("undone = 1 AND (image_id = ? OR image_id IS NULL)", image_id)

    def prune(self) -> None:
        """Lets the oldest steps go until the rest fits; the newest one always stays."""
        excess = self.bytes - self.max_bytes
        if excess <= 0:
            return
        last = None
        for number, size in self._db.execute(
            "SELECT id, LENGTH(patch) FROM journal WHERE id < (SELECT MAX(id) FROM journal)"
            " ORDER BY id"
        ):
            last = number
            excess -= size
            if excess <= 0:
                break
        if last is not None:
            self._delete("id <= ?", last)

    def next(self, image_id: int, *, back: bool) -> tuple[int, str, int | None, bytes] | None:
        """(number, name, image, data) of the step that undo (back) or redo would do."""
        row = self._db.execute(f"SELECT id, name, image_id, patch {_next(back=back)}", (image_id,))
        found: tuple[int, str, int | None, bytes] | None = row.fetchone()
        return found

    def last_own(self, image_id: int) -> tuple[int, str, int | None, bytes] | None:
        """The same of the image's own last step that is done, whatever became of the classes."""
        row = self._db.execute(
            "SELECT id, name, image_id, patch FROM journal WHERE image_id = ? AND undone = 0"
            " ORDER BY id DESC LIMIT 1",
            (image_id,),
        )
        found: tuple[int, str, int | None, bytes] | None = row.fetchone()
        return found

    def next_name(self, image_id: int, *, back: bool) -> tuple[str, bool] | None:
        """Its name, and whether it is the classes'."""
        row = self._db.execute(
            f"SELECT name, image_id IS NULL {_next(back=back)}", (image_id,)
        ).fetchone()
        return None if row is None else (str(row[0]), bool(row[1]))

    def mark(self, number: int, *, undone: bool) -> None:
        self._db.execute("UPDATE journal SET undone = ? WHERE id = ?", (int(undone), number))

    def history(self, image_id: int, *, limit: int = 1000) -> list[HistoryEntry]:
        """The newest steps of an image and of the classes, oldest first."""
        rows = self._db.execute(
            "SELECT id, name, created, undone, image_id IS NULL FROM journal"
            " WHERE image_id = ? OR image_id IS NULL ORDER BY id DESC LIMIT ?",
            (image_id, limit),
        ).fetchall()
        return [HistoryEntry._make(row) for row in reversed(rows)]

    @property
    def bytes(self) -> int:
        """What all steps take; added up once, then kept."""
        if self._bytes is None:
            (total,) = self._db.execute("SELECT TOTAL(LENGTH(patch)) FROM journal").fetchone()
            self._bytes = int(total)
        return self._bytes

    def recount(self) -> None:
        """A transaction failed: what was added up no longer holds."""
        self._bytes = None

    def _delete(self, where: str, value: int | None) -> None:
        (size,) = self._db.execute(
            f"SELECT TOTAL(LENGTH(patch)) FROM journal WHERE {where}", (value,)
        ).fetchone()
        if self._db.execute(f"DELETE FROM journal WHERE {where}", (value,)).rowcount:
            self._bytes = self.bytes - int(size) if self._bytes is not None else None


def _next(*, back: bool) -> str:
    """Of the image's own steps and of the classes' one each by the index, then the nearer one."""
    undone, order = (0, "DESC") if back else (1, "ASC")
    nearest = f"AND undone = {undone} ORDER BY id {order} LIMIT 1"
    return (
        f"FROM journal WHERE id IN (SELECT * FROM (SELECT id FROM journal WHERE image_id = ?"
        f" {nearest}) UNION ALL SELECT * FROM (SELECT id FROM journal WHERE image_id IS NULL"
        f" {nearest})) ORDER BY id {order} LIMIT 1"
    )
