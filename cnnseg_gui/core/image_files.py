"""Which file each image of a project has: when files move, are saved again, or are replaced.

A mask belongs to a content, not to a name. A file with other bytes is taken in place of the former
one only where a person has said that the picture is the same (`adopt`), or where nothing was done
on the former one. Else its image is set aside as a *former* one: it keeps its mask, its tags and
its undo history, is no longer listed, and comes back once a file with its content is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cnnseg_gui.core import database
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import FORMER, IN_WORK, ImageFacts, absolute_path, stored_path

_LONGEST_STEM = 120  # bytes: with the date and the mask's ending it stays a legal file name
_WORKED_ON = """
    (EXISTS (SELECT 1 FROM tile WHERE image_id = image.id)
    OR EXISTS (SELECT 1 FROM journal WHERE image_id = image.id)
    OR EXISTS (SELECT 1 FROM tag WHERE image_id = image.id))
"""
_COLUMNS = f"id, path, page, sha256, height, width, status, {_WORKED_ON}"


@dataclass(frozen=True)
class StoredFile:
    """An image of the project and where its file should be, with the content it should have."""

    id: int
    path: Path
    page: int
    sha256: str
    height: int
    width: int
    former: bool
    """Set aside: another picture has taken its file's place."""
    worked_on: bool
    """It has a mask, a history or a tag."""


def read_files(path: Path) -> list[StoredFile]:
    """As `ImageFiles.all`, for any thread: on a connection of its own, which only reads.

    Args:
        path: of the project's database.

    Raises:
        UserError: it cannot be read.
    """
    with database.reading(path) as connection:
        return ImageFiles(connection, path).all()


class ImageFiles:
    """The files of a project's images; stored at once, each change whole or not at all."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path
        self._folder = path.parent

    # ------------------------------------------------------------------ reading

    def all(self) -> list[StoredFile]:
        """Of all images, former ones too, in the order they were added."""
        with self._asked():
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM image ORDER BY id").fetchall()
        return [self._file(row) for row in rows]

    def get(self, image_id: int) -> StoredFile:
        """Of one image.

        Raises:
            KeyError: there is none of this number.
        """
        with self._asked():
            row = self._db.execute(
                f"SELECT {_COLUMNS} FROM image WHERE id = ?", (image_id,)
            ).fetchone()
        if row is None:
            raise KeyError(image_id)
        return self._file(row)

    def with_content(self, sha256: str) -> list[StoredFile]:
        """The images of a content, those that are listed first."""
        with self._asked():
            rows = self._db.execute(
                f"SELECT {_COLUMNS} FROM image WHERE sha256 = ? ORDER BY status = ?, id",
                (sha256, FORMER),
            ).fetchall()
        return [self._file(row) for row in rows]

    # ------------------------------------------------------------------ writing

    def move(self, moves: Mapping[int, Path]) -> None:
        """Gives images other files of the same content: who calls has compared the hashes.

        Images may exchange their files. One that was added for such a file meanwhile, and on
        which nothing was done, makes room. Former images are listed again.

        Raises:
            UserError: two images would share a file, or it could not be stored; nothing moves.
        """
        with database.transaction(self._db, self._path):
            for image_id in moves:  # first away from their old names: they may be exchanged
                self._db.execute(
                    "UPDATE image SET path = 'moving/' || id WHERE id = ?", (image_id,)
                )
            for image_id, path in moves.items():
                stored = stored_path(path, self._folder)
                (page,) = self._db.execute(
                    "SELECT page FROM image WHERE id = ?", (image_id,)
                ).fetchone()
                self._make_room(stored, page)
                self._db.execute(
                    "UPDATE image SET path = ?, stale = stale + 1,"
                    " status = CASE status WHEN ? THEN ? ELSE status END WHERE id = ?",
                    (stored, FORMER, IN_WORK, image_id),
                )

    def adopt(self, image_id: int, facts: ImageFacts) -> None:
        """The image's file was saved again: the same picture in other bytes, mask and all stay.

        Raises:
            UserError: the file has another size than the mask, or it could not be stored.
        """
        here = self.get(image_id)
        if here.worked_on and (facts.height, facts.width) != (here.height, here.width):
            raise UserError(
                f"this picture measures {facts.width} × {facts.height} pixels and "
                f"the mask {here.width} × {here.height}",
                path=facts.path,
                remedy="Take it as another picture; the mask is kept.",
            )
        with database.transaction(self._db, self._path):
            self._db.execute(
                "UPDATE image SET sha256 = ?, height = ?, width = ?, stale = stale + 1"
                " WHERE id = ?",
                (facts.sha256, facts.height, facts.width, image_id),
            )

    def replace(self, image_id: int, facts: ImageFacts, *, when: datetime) -> int:
        """The image's file is another picture now: the former image is set aside.

        Args:
            facts: of the file as it is.
            when: for the name of what is set aside, in local time.

        Returns:
            The number of the image that has the file now: a former one of this very content and
            size, or a new one without a mask.

        Raises:
            UserError: it could not be stored; all is as it was.
        """
        here = self.get(image_id)
        with database.transaction(self._db, self._path):
            (stored,) = self._db.execute(
                "SELECT path FROM image WHERE id = ?", (image_id,)
            ).fetchone()
            self._db.execute(
                "UPDATE image SET path = ?, status = ?, stale = stale + 1 WHERE id = ?",
                (self._free_name(here, when), FORMER, image_id),
            )
            back = self._db.execute(
                "SELECT id FROM image WHERE status = ? AND sha256 = ? AND page = ? AND height = ?"
                " AND width = ? ORDER BY id DESC LIMIT 1",
                (FORMER, facts.sha256, facts.page, facts.height, facts.width),
            ).fetchone()
            if back is not None:
                self._db.execute(
                    "UPDATE image SET path = ?, status = ?, stale = stale + 1 WHERE id = ?",
                    (stored, IN_WORK, back[0]),
                )
                return int(back[0])
            made = self._db.execute(
                "INSERT INTO image (path, page, sha256, height, width) VALUES (?, ?, ?, ?, ?)",
                (stored, facts.page, facts.sha256, facts.height, facts.width),
            )
            return int(made.lastrowid or 0)

    # ------------------------------------------------------------------ inside

    def _make_room(self, stored: str, page: int) -> None:
        """Takes an image without any work off the project where another one needs its file."""
        row = self._db.execute(
            f"SELECT id, {_WORKED_ON} FROM image WHERE path = ? AND page = ?", (stored, page)
        ).fetchone()
        if row is None:
            return
        if row[1]:
            raise UserError(
                "another image of this project has this file already",
                path=absolute_path(stored, self._folder),
                remedy="Both were worked on, so both are kept as they are.",
            )
        for table in ("pixel_count", "image_doubt", "dismissed", "effort"):
            self._db.execute(f"DELETE FROM {table} WHERE image_id = ?", (row[0],))
        self._db.execute("DELETE FROM image WHERE id = ?", (row[0],))

    def _free_name(self, here: StoredFile, when: datetime) -> str:
        """What a former image is called: a name that no image has and no file is expected at."""
        stem = here.path.stem.encode(errors="surrogateescape")[:_LONGEST_STEM].decode(
            errors="ignore"
        )
        name = f"{stem} (former {when:%Y-%m-%d %H.%M.%S}"
        number = 1
        while True:
            ending = f" {number})" if number > 1 else ")"
            stored = stored_path(
                here.path.with_name(f"{name}{ending}{here.path.suffix}"), self._folder
            )
            taken = self._db.execute("SELECT 1 FROM image WHERE path = ?", (stored,)).fetchone()
            if taken is None:
                return stored
            number += 1

    def _file(self, row: tuple[object, ...]) -> StoredFile:
        image_id, path, page, sha256, height, width, status, worked_on = row
        return StoredFile(
            id=database.whole(image_id),
            path=absolute_path(str(path), self._folder),
            page=database.whole(page),
            sha256=str(sha256),
            height=database.whole(height),
            width=database.whole(width),
            former=status == FORMER,
            worked_on=bool(worked_on),
        )

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error
