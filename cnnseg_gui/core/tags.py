"""Tags: what whole images are called."""

from __future__ import annotations

import sqlite3
import time
import unicodedata
from pathlib import Path

from cnnseg_gui.core import database
from cnnseg_gui.core.errors import UserError

MAX_LENGTH = 200
"""Characters."""


def clean_tag(name: str) -> str:
    """A tag as it is stored: trimmed, and in the one Unicode form of its letters.

    Raises:
        UserError: it is empty, too long, or holds control characters.
    """
    cleaned = unicodedata.normalize("NFC", name.strip())
    if not cleaned:
        raise UserError("a tag needs a name", remedy="Type one.")
    if len(cleaned) > MAX_LENGTH:
        raise UserError(f"a tag of {len(cleaned)} characters", remedy=f"Use at most {MAX_LENGTH}.")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in cleaned):
        raise UserError("a tag with control characters", remedy="Use letters, digits and spaces.")
    return cleaned


class Tags:
    """The tags of the project's images; stored at once."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def of(self, image_id: int) -> tuple[str, ...]:
        """By name."""
        return self.by_image(image_id).get(image_id, ())

    def by_image(self, image_id: int | None = None) -> dict[int, tuple[str, ...]]:
        """The tags of all images that have some, or of one."""
        where, values = ("", ()) if image_id is None else (" WHERE image_id = ?", (image_id,))
        found: dict[int, tuple[str, ...]] = {}
        query = f"SELECT image_id, name FROM tag{where} ORDER BY image_id, name"
        try:
            rows = self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error
        for number, name in rows:
            found[number] = (*found.get(number, ()), name)
        return found

    def counts(self) -> dict[str, int]:
        """How many images have each tag, by name."""
        try:
            rows = self._db.execute("SELECT name, COUNT(*) FROM tag GROUP BY name ORDER BY name")
            return dict(rows.fetchall())
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error

    def add(self, image_id: int, name: str, *, source: str = "") -> str:
        """Tags an image; one that it has already stays as it is.

        Args:
            source: the classifier that it was accepted from; empty where a person typed it.

        Returns:
            The tag as it is stored.

        Raises:
            UserError: no name for a tag, or it could not be stored.
        """
        cleaned = clean_tag(name)
        with database.transaction(self._db, self._path):
            self._db.execute(
                "INSERT OR IGNORE INTO tag VALUES (?, ?, ?, ?)",
                (image_id, cleaned, source, time.time()),
            )
            self._set_stale(image_id)
        return cleaned

    def remove(self, image_id: int, name: str) -> None:
        """Takes a tag off an image; one that it does not have is no error.

        Raises:
            UserError: it could not be stored.
        """
        with database.transaction(self._db, self._path):
            self._db.execute("DELETE FROM tag WHERE image_id = ? AND name = ?", (image_id, name))
            self._set_stale(image_id)

    def _set_stale(self, image_id: int) -> None:
        """The mirror says another thing of it by now."""
        self._db.execute("UPDATE image SET stale = stale + 1 WHERE id = ?", (image_id,))
