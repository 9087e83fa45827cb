"""The project's SQLite file: its schema, how it is opened, and what its errors mean."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from cnnseg_gui.core.atomic import sync_folder, temporary_name
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.untrusted_project import (
    refuse_foreign_files,
    refuse_foreign_schema,
    refuse_odd_rows,
)

FILE_NAME = "project.sqlite"
_APPLICATION_ID = 0x434E4E53  # "CNNS"

_MIRROR = "masks"
_REBUILD = "Keep it as it is: `cnnseg doctor --repair` makes a new one from the folder masks/."

PATIENCE_S = 30.0
"""As long as a command waits for the database rather than lose what it has learnt."""
_BUSY_S = 0.2  # a gesture that another program's lock keeps out waits in memory, not the window

# One entry per schema version, run in order; never edited once released.
_MIGRATIONS = (
    """
    CREATE TABLE image (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,          -- relative to the project folder where it can be
        sha256 TEXT NOT NULL,               -- of the file's bytes
        height INTEGER NOT NULL,            -- as shown: after EXIF
        width INTEGER NOT NULL,
        status TEXT NOT NULL DEFAULT 'new',
        held_out INTEGER                    -- NULL until its first decided pixel, then fixed
    );
    CREATE TABLE class (
        id INTEGER PRIMARY KEY,             -- the value in the mask
        name TEXT NOT NULL UNIQUE,
        red INTEGER NOT NULL, green INTEGER NOT NULL, blue INTEGER NOT NULL
    );
    CREATE TABLE tile (
        image_id INTEGER NOT NULL REFERENCES image (id),
        tile_row INTEGER NOT NULL,
        tile_column INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (image_id, tile_row, tile_column)
    ) WITHOUT ROWID;
    CREATE TABLE pixel_count (
        image_id INTEGER NOT NULL REFERENCES image (id),
        class_id INTEGER NOT NULL,
        pixels INTEGER NOT NULL,
        PRIMARY KEY (image_id, class_id)
    ) WITHOUT ROWID;
    CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        image_id INTEGER NOT NULL REFERENCES image (id),
        name TEXT NOT NULL,                 -- of the gesture, for the undo menu
        patch BLOB NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL               -- Unix time
    );
    CREATE INDEX journal_by_image ON journal (image_id, undone, id);
    CREATE TABLE revision (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,          -- its folder below models/
        sha256 TEXT NOT NULL,               -- of model.safetensors
        created REAL NOT NULL,
        card TEXT NOT NULL                  -- JSON
    );
    CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    "CREATE INDEX image_by_content ON image (sha256)",
    """
    CREATE TABLE tag (
        image_id INTEGER NOT NULL REFERENCES image (id),
        name TEXT NOT NULL,
        source TEXT NOT NULL DEFAULT '',    -- the classifier it was accepted from, '' if typed
        created REAL NOT NULL,              -- Unix time
        PRIMARY KEY (image_id, name)
    ) WITHOUT ROWID;
    CREATE INDEX tag_by_name ON tag (name);
    CREATE TABLE classifier (               -- taught the project's tags
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,          -- its folder below models/
        sha256 TEXT NOT NULL,               -- of model.safetensors
        created REAL NOT NULL,
        card TEXT NOT NULL                  -- JSON
    );
    -- 0: never proposed. Else the running number of its promotion: the highest is the current one
    ALTER TABLE revision ADD COLUMN promoted INTEGER NOT NULL DEFAULT 0;
    UPDATE revision SET promoted = id
    """,
    """
    ALTER TABLE revision ADD COLUMN title TEXT NOT NULL DEFAULT '';  -- given by a person
    CREATE TABLE class_4 (
        id INTEGER PRIMARY KEY,             -- the value in the mask, never used for another class
        name TEXT NOT NULL,
        red INTEGER NOT NULL, green INTEGER NOT NULL, blue INTEGER NOT NULL,
        position INTEGER NOT NULL,          -- in the list
        reads_as INTEGER,                   -- NULL, or what a class that is no more stands for now
        former TEXT NOT NULL DEFAULT '[]'   -- names it had before, JSON
    );
    INSERT INTO class_4 SELECT id, name, red, green, blue, id, NULL, '[]' FROM class;
    DROP TABLE class;
    ALTER TABLE class_4 RENAME TO class;
    CREATE UNIQUE INDEX class_by_name ON class (name) WHERE reads_as IS NULL;
    CREATE TABLE journal_4 (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        image_id INTEGER REFERENCES image (id),  -- NULL: an edit of the classes
        name TEXT NOT NULL,                 -- of the gesture, for the undo menu
        patch BLOB NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL               -- Unix time
    );
    INSERT INTO journal_4 SELECT id, image_id, name, patch, undone, created FROM journal;
    DROP TABLE journal;
    ALTER TABLE journal_4 RENAME TO journal;
    CREATE INDEX journal_by_image ON journal (image_id, undone, id)
    """,
    """
    CREATE TABLE image_5 (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL,                 -- relative to the project folder where it can be
        page INTEGER NOT NULL DEFAULT 0,    -- of a file that holds several, from 0
        sha256 TEXT NOT NULL,               -- of the file's bytes
        height INTEGER NOT NULL,            -- as shown: after EXIF
        width INTEGER NOT NULL,
        status TEXT NOT NULL DEFAULT 'new',
        held_out INTEGER,                   -- NULL until its first decided pixel, then fixed
        stale INTEGER NOT NULL DEFAULT 0,   -- changes that the mirror does not show yet
        mirror TEXT NOT NULL DEFAULT '',    -- the mask's file there, once it is written
        UNIQUE (path, page)
    );
    INSERT INTO image_5
        SELECT id, path, 0, sha256, height, width, status, held_out,
            EXISTS (SELECT 1 FROM tile WHERE image_id = image.id), '' FROM image;
    DROP TABLE image;
    ALTER TABLE image_5 RENAME TO image;
    CREATE INDEX image_by_content ON image (sha256);
    CREATE INDEX image_stale ON image (stale) WHERE stale > 0;
    CREATE INDEX image_held_out ON image (held_out) WHERE held_out IS NOT NULL
    """,
    """
    ALTER TABLE image ADD COLUMN look BLOB; -- `image_hash.difference_hash`, NULL: not looked at yet
    ALTER TABLE image ADD COLUMN kin INTEGER; -- first of its near-duplicates with a role, or itself
    UPDATE image SET kin = (
        SELECT MIN(other.id) FROM image AS other
        WHERE other.sha256 = image.sha256 AND other.held_out IS NOT NULL
    ) WHERE held_out IS NOT NULL;
    CREATE TABLE effort (                   -- what an image has cost a person
        image_id INTEGER PRIMARY KEY REFERENCES image (id),
        seconds REAL NOT NULL,
        gestures INTEGER NOT NULL,
        painted INTEGER NOT NULL,           -- pixels changed by hand
        accepted INTEGER NOT NULL,          -- pixels taken over from proposals
        first REAL NOT NULL,                -- Unix time of its first gesture
        last REAL NOT NULL                  -- 0 where only a batch has worked on it
    );
    CREATE INDEX effort_last ON effort (last);
    CREATE TABLE image_doubt (              -- what the queue is ordered by
        image_id INTEGER PRIMARY KEY REFERENCES image (id),
        revision TEXT NOT NULL,             -- sha256 of the weights that it is from
        uncertainty REAL,
        disagreement REAL,
        pixels REAL,                        -- expected to be corrected
        embedding BLOB                      -- float16, little-endian
    );
    CREATE TABLE dismissed (                -- contradictions that a person has left as they are
        image_id INTEGER NOT NULL REFERENCES image (id),
        y0 INTEGER NOT NULL, x0 INTEGER NOT NULL, y1 INTEGER NOT NULL, x1 INTEGER NOT NULL,
        decided INTEGER NOT NULL,
        proposed INTEGER NOT NULL,
        PRIMARY KEY (image_id, y0, x0, y1, x1, decided, proposed)
    ) WITHOUT ROWID
    """,
    "-- tiles and steps of two values are stored as bits: programs before cannot read them",
    # train, val or test where it is fixed, as by the data set that an image came from
    "ALTER TABLE image ADD COLUMN split TEXT NOT NULL DEFAULT ''",
    # Tiles and steps of three and four values are stored as bits: programs before cannot read them.
    """
    CREATE TABLE accepted_value (
        value INTEGER PRIMARY KEY,          -- in the mask: of pixels accepted from a proposal
        class_id INTEGER NOT NULL           -- that they are of
    );
    INSERT INTO accepted_value                  -- as `ClassList.with_accepted_values`
        SELECT 255 - ROW_NUMBER() OVER (ORDER BY id), id FROM class WHERE reads_as IS NULL
        ORDER BY id LIMIT (SELECT MIN(50, MAX(0, 190 - IFNULL(MAX(id), 0))) FROM class)
    """,
)


class DamagedProject(UserError):
    """The project's database cannot be read; its masks may be in the mirror: see `rebuild`."""


def connect(path: Path, *, create: bool) -> sqlite3.Connection:
    """Opens (or makes) a project file and brings its schema up to date.

    WAL with synchronous=NORMAL: a commit costs no fsync and the file survives a power cut with
    at most the last moments missing. Where SQLite finds that WAL cannot work it keeps its rollback
    journal, then with every fsync; it does not notice every network drive.

    Raises:
        DamagedProject: it is damaged, or gone from beside its mirror.
        UserError: not a project, written by a newer version, not writable, or holding what
            CNNSeg never writes.
    """
    mirrored = next((path.parent / _MIRROR).glob("[!.]*"), None) is not None
    if not create and not path.is_file():
        if mirrored:
            raise DamagedProject("the project's file is gone", path=path, remedy=_REBUILD)
        raise UserError("there is no project here", path=path.parent, remedy="Open another folder.")
    if not create and path.stat().st_size == 0 and mirrored:
        raise DamagedProject("the project's file is empty", path=path, remedy=_REBUILD)
    refuse_foreign_files(path)
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
        try:
            _prepare(connection, path, create=create)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, UnicodeError) as error:
        if mirrored:
            raise database_error(error, path) from error
        raise _without_mirror(error, path) from error
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """An open project's database for another thread: a connection of its own, which only reads.

    Raises:
        UserError: it cannot be read.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
        )
    except sqlite3.Error as error:
        raise database_error(error, path) from error
    with closing(connection):
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection


def set_aside(path: Path, when: datetime) -> Path | None:
    """Gives a damaged project file, and what SQLite keeps beside it, a name that says so.

    Returns:
        What it is called now; None where there was none.

    Raises:
        UserError: it could not be renamed; nothing is lost.
    """
    name = f"{path.stem} (damaged {when:%Y-%m-%d %H.%M.%S})"
    number, aside = 1, path.with_name(f"{name}{path.suffix}")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{name} {number}{path.suffix}")
    found = None
    try:
        for ending in ("-wal", "-shm", "-journal", ""):  # the file itself last: it is the last seen
            beside = path.with_name(path.name + ending)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + ending))
                found = aside
        sync_folder(path.parent)
    except OSError as error:
        raise from_os_error(error, doing="setting the damaged file aside", path=path) from error
    return found


def discard(path: Path) -> None:
    """Removes a project file that was made a moment ago and holds nothing yet."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"):
        with suppress(OSError):
            path.with_name(name).unlink()


@contextmanager
def made_beside(path: Path) -> Iterator[sqlite3.Connection]:
    """A new project file, which has its name only once it is whole; the body closes it.

    Raises:
        UserError: it could not be made; there is none then.
    """
    beside = path.with_name(temporary_name())
    try:
        try:
            connection = connect(beside, create=True)
            try:
                yield connection
            finally:
                connection.close()
            beside.rename(path)
            sync_folder(path.parent)
        finally:
            for ending in ("", "-wal", "-shm", "-journal"):
                beside.with_name(beside.name + ending).unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, doing="making the project", path=path) from error


@contextmanager
def transaction(
    connection: sqlite3.Connection, path: Path, *, patience: float = 0.0
) -> Iterator[None]:
    """All or nothing; inside another one it is a part of that.

    Args:
        patience: seconds that it waits for another program which is writing, beyond the moment
            that it always does.

    Raises:
        UserError: the database could not take it; nothing of it is stored.
    """
    try:
        if connection.in_transaction:
            yield
            return
        _insist(connection, "BEGIN IMMEDIATE", patience)
        try:
            yield
            _insist(connection, "COMMIT", patience)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise database_error(error, path) from error


def _insist(connection: sqlite3.Connection, statement: str, patience: float) -> None:
    """In short tries, so that Ctrl-C is heard between two."""
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= until:
                raise
            time.sleep(_BUSY_S / 4)
        else:
            return


class _NoNumber(sqlite3.DatabaseError):
    """A damage that SQLite does not see."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def whole(value: object) -> int:
    """A number as it is stored.

    Raises:
        sqlite3.DatabaseError: it is none, as where bytes of the file are other ones.
    """
    try:
        return int(str(value))
    except ValueError as error:
        raise _NoNumber(f"{value!r} is no number") from error


def database_error(error: sqlite3.Error | UnicodeError, path: Path) -> UserError:
    """SQLite's words, and what to do."""
    if isinstance(error, UnicodeError) or "decode to UTF-8" in str(error):
        return DamagedProject("the project's file is damaged", path=path, remedy=_REBUILD)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    what, remedy = {
        sqlite3.SQLITE_FULL: (
            "the disk is full",
            "Free some space; your last strokes are kept in memory and saved as soon as they fit.",
        ),
        sqlite3.SQLITE_IOERR: (
            "the disk could not be read or written",
            "Check that the disk is connected and has space; your last strokes are in memory.",
        ),
        sqlite3.SQLITE_BUSY: (
            "another program is using the project",
            "Close the other window or program that has it open.",
        ),
        sqlite3.SQLITE_READONLY: (
            "the project is read-only",
            "Copy the project folder to a place you may write to.",
        ),
        sqlite3.SQLITE_CANTOPEN: (
            "the project file cannot be opened",
            "Check the permissions of the folder and that its disk is connected.",
        ),
        sqlite3.SQLITE_CORRUPT: ("the project's file is damaged", _REBUILD),
        sqlite3.SQLITE_NOTADB: ("the project's file is damaged", _REBUILD),
        sqlite3.SQLITE_ERROR: (f"the project's file is damaged ({error})", _REBUILD),
    }.get(code, (f"the project file could not be used ({error})", "See the log for details."))
    # SQLITE_ERROR: what is asked is right, so what it is asked of is not.
    damaged = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return (DamagedProject if damaged else UserError)(what, path=path, remedy=remedy)


def _without_mirror(error: sqlite3.Error | UnicodeError, path: Path) -> UserError:
    """Nothing is there that a damaged project could be made again from."""
    said = database_error(error, path)
    if not isinstance(said, DamagedProject):
        return said
    foreign = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB
    what = "this file is not a project" if foreign else said.what
    return UserError(what, path=path, remedy="Keep it as it is, and restore a copy of it.")


def _prepare(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if version > len(_MIGRATIONS):
        raise UserError(
            "this project was made by a newer version of CNNSeg", path=path, remedy="Update CNNSeg."
        )
    if application != (_APPLICATION_ID if version else 0) or not (version or create):
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if {"image", "tile", "journal"} <= {name for (name,) in tables}:
            raise DamagedProject("the project's file is damaged", path=path, remedy=_REBUILD)
        raise UserError("this file is not a project", path=path, remedy="Open another folder.")
    refuse_foreign_schema(connection, path)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    # NORMAL is safe with WAL only; a rollback journal needs every fsync.
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
    if version < len(_MIGRATIONS):
        with transaction(connection, path):
            for migration in _MIGRATIONS[version:]:
                for statement in migration.split(";"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    refuse_odd_rows(connection, path)
    connection.execute("PRAGMA foreign_keys = ON")  # not before: migrations replace tables
