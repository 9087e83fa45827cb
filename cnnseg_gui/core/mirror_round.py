"""Brings the mirror up to date with the database, whoever changed it last and when.

The database counts what the mirror does not show yet (`image.stale`), in the same transaction as
the change. So nothing is forgotten by a crash, and none of it is the window's thread's work.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnseg_gui.core import database
from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.class_table import read_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_listing import ImageListing
from cnnseg_gui.core.image_table import NEW, ImageRecord, absolute_path
from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels, unpack_tile
from cnnseg_gui.core.mirror import (
    FOLDER,
    MaskNote,
    MirroredImage,
    MirroredProject,
    MirroredRevision,
    mirror_name,
    write_noted,
    write_tables,
)

_COLUMNS = "id, path, page, sha256, height, width, status, held_out, stale, mirror"
_MOST_FAILURES = 3  # in a row: then it is the disk


@dataclass(frozen=True)
class Mirrored:
    """An image whose mask's file is what the database had when it was looked at."""

    image_id: int
    stale: int
    """The changes counted then."""
    name: str
    """Of the file; empty where there is no mask."""


@dataclass(frozen=True)
class Round:
    """What came of bringing the mirror up to date."""

    done: tuple[Mirrored, ...]
    """For `Project.note_mirrored`."""
    failures: tuple[UserError, ...]
    """Why others are not."""
    tables_s: float
    """How long the tables took; 0 where they were not asked for."""


def mirror_round(
    path: Path, *, tables: bool = True, should_stop: Callable[[], bool] = lambda: False
) -> Round:
    """Writes the masks that have changed since they were mirrored; a worker's job.

    Args:
        path: of an open project's database, which is only read.
        tables: write the list of images and the classes too.
        should_stop: asked between two masks.

    Raises:
        UserError: the database cannot be read, or the tables cannot be written.
    """
    done: list[Mirrored] = []
    failures: list[UserError] = []
    with database.reading(path) as connection:
        try:
            reader = _Reader(connection, path)
            for image_id in reader.stale():
                if should_stop() or len(failures) >= _MOST_FAILURES:
                    break
                try:
                    done += reader.mirror(image_id)
                except UserError as error:  # its mask is damaged: the others are not
                    failures.append(error)
            began = time.monotonic()
            if tables:
                write_tables(path.parent, reader.project(), reader.images())
            took = time.monotonic() - began if tables else 0.0
        except sqlite3.Error as error:
            raise database.database_error(error, path) from error
    return Round(tuple(done), tuple(failures), took)


@dataclass(frozen=True)
class _Row:
    """An image as the database has it, with what its mask's file was called last."""

    id: int
    image: MirroredImage
    stale: int
    name: str


class _Reader:
    """Reads what the mirror is to show."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = connection, path
        self._listing = ImageListing(connection, path)
        self._seen: set[int] = set()

    def stale(self) -> list[int]:
        """The images that have changed, those that changed most first."""
        rows = self._db.execute("SELECT id FROM image WHERE stale > 0 ORDER BY stale DESC, id")
        return [int(number) for (number,) in rows]

    def project(self) -> MirroredProject:
        settings = dict(self._db.execute("SELECT key, value FROM setting ORDER BY key"))
        revisions = self._db.execute("SELECT name, promoted, title FROM revision ORDER BY id")
        return MirroredProject(
            classes=read_classes(self._db),
            settings=settings,
            revisions=tuple(
                MirroredRevision(name=name, promoted=promoted, title=title)
                for name, promoted, title in revisions
            ),
        )

    def images(self) -> Iterator[MirroredImage]:
        tags: dict[int, tuple[str, ...]] = {}
        for number, name in self._db.execute("SELECT image_id, name FROM tag ORDER BY 1, 2"):
            tags[number] = (*tags.get(number, ()), name)
        for row in self._db.execute(f"SELECT {_COLUMNS} FROM image ORDER BY id"):
            yield _row(row, tags.get(row[0], ())).image

    def mirror(self, image_id: int) -> list[Mirrored]:
        """An image, and those whose files are called otherwise because of it."""
        if image_id in self._seen:
            return []
        done = []
        stem = Path(self._find(image_id).image.path).stem
        named_alike = dict(self._listing.of_stem(stem))
        for number in {image_id: None, **named_alike}:
            if number in self._seen:
                continue
            row = self._find(number)
            name = self._name(row, named_alike)
            if number == image_id or (row.name and row.name != name):
                self._seen.add(number)
                done.append(self._written(number, name))
        return done

    def _name(self, row: _Row, named_alike: dict[int, Path]) -> str:
        folder = self._path.parent
        paths = {**named_alike, row.id: absolute_path(row.image.path, folder)}
        records = [ImageRecord(n, p, "", 1, 1, NEW, False, {}) for n, p in paths.items()]
        return mirror_name(next(record for record in records if record.id == row.id), records)

    def _find(self, number: int) -> _Row:
        found = self._db.execute(f"SELECT {_COLUMNS} FROM image WHERE id = ?", (number,)).fetchone()
        tags = self._db.execute(
            "SELECT name FROM tag WHERE image_id = ? ORDER BY name", (number,)
        ).fetchall()
        return _row(found, tuple(name for (name,) in tags))

    def _written(self, number: int, name: str) -> Mirrored:
        """Tiles and what they mean belong together; no lock is held while the file is written."""
        self._db.execute("BEGIN")
        try:
            row, classes = self._find(number), read_classes(self._db)
            tiles = self._db.execute(
                "SELECT tile_row, tile_column, data FROM tile WHERE image_id = ?", (number,)
            ).fetchall()
        finally:
            self._db.execute("ROLLBACK")
        if tiles:
            bands = _bands(row.image, tiles, classes, self._path)
            write_noted(self._path.parent, name, bands, MaskNote(image=row.image, classes=classes))
        if row.name and row.name != name and not self._is_anothers(row.name, number):
            with suppress(OSError):  # in use elsewhere: a later round or a person removes it
                (self._path.parent / FOLDER / row.name).unlink(missing_ok=True)
        return Mirrored(number, row.stale, name if tiles else "")

    def _is_anothers(self, name: str, number: int) -> bool:
        """Another image's mask has this file by now: they exchanged names."""
        return self._db.execute(
            "SELECT 1 FROM image WHERE mirror = ? AND id <> ?", (name, number)
        ).fetchone() is not None or name in {
            Path(name).name for name in self._names_now(name, number)
        }

    def _names_now(self, name: str, number: int) -> Iterator[str]:
        """What the masks of images with this stem are called."""
        stem = name.removesuffix(".png")
        for alike in (stem, stem.rpartition(".")[0]):
            named_alike = dict(self._listing.of_stem(alike)) if alike else {}
            for other in named_alike:
                if other != number:
                    yield self._name(self._find(other), named_alike)


def _row(row: Sequence[object], tags: tuple[str, ...]) -> _Row:
    number, path, page, sha256, height, width, status, held_out, stale, name = row
    image = MirroredImage(
        path=str(path),
        page=database.whole(page),
        sha256=str(sha256),
        height=database.whole(height),
        width=database.whole(width),
        status=str(status),
        held_out=None if held_out is None else bool(held_out),
        tags=tags,
    )
    return _Row(database.whole(number), image, database.whole(stale), str(name))


def _bands(
    image: MirroredImage, tiles: Sequence[tuple[int, int, object]], classes: ClassList, path: Path
) -> Iterator[Pixels]:
    """Rows of tiles from the top down, uint8[h, W]: what the stored values mean."""
    meaning = classes.meaning
    by_row: dict[int, list[tuple[int, object]]] = {}
    for row, column, data in tiles:
        by_row.setdefault(row, []).append((column, data))
    for row in range(-(-image.height // TILE)):
        height = min(TILE, image.height - row * TILE)
        band = np.full((height, image.width), UNLABELLED, np.uint8)
        for column, data in by_row.get(row, ()):
            left = column * TILE
            width = min(TILE, image.width - left)
            band[:, left : left + width] = meaning[_unpacked(data, image, path)][:height, :width]
        yield band


def _unpacked(data: object, image: MirroredImage, path: Path) -> Pixels:
    try:
        return unpack_tile(data if isinstance(data, bytes) else b"")
    except ValueError as error:
        raise UserError(
            f"the mask of {image.path} is damaged ({error})",
            path=path,
            remedy="Run `cnnseg doctor` on the project.",
        ) from error
