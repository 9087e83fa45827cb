"""A project may come from anyone: what its folder and its database must not hold.

The program never writes any of it, so that no project of a person's own is refused. See
https://www.sqlite.org/security.html and docs/security.md.
"""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from cnnseg_gui.core.errors import UserError, from_os_error

_OWN_FOLDERS = "masks", "models"
_BESIDE = "", "-wal", "-shm", "-journal"

# https://www.sqlite.org/fileformat.html#the_rollback_journal: a journal that ends like this names
# another file, which SQLite deletes after a roll-back. Only transactions over several databases
# have one.
_NAMES_ANOTHER_FILE = bytes.fromhex("d9d505f920a163d7")

_MAX_PIXELS = 2**34  # of an image as the database has it; far more than can be opened
_MAX_CLASSES = 255
_MODEL_NAME = re.compile(r"[rt][0-9]{3,9}")
_REMEDY = "It was not made by CNNSeg, or changed since. Open another project."

_ODD_IMAGE = f"""
    SELECT id FROM image WHERE NOT (
        typeof(path) = 'text' AND typeof(sha256) = 'text' AND typeof(status) = 'text'
        AND typeof(page) = 'integer' AND page BETWEEN 0 AND 2147483647
        AND typeof(height) = 'integer' AND typeof(width) = 'integer'
        AND height BETWEEN 1 AND 2147483647 AND width BETWEEN 1 AND 2147483647
        AND height * width <= {_MAX_PIXELS}) LIMIT 1
"""
_ODD_COUNT = """
    SELECT image_id FROM pixel_count WHERE NOT (
        typeof(class_id) = 'integer' AND class_id BETWEEN 0 AND 254 AND typeof(pixels) = 'integer')
    LIMIT 1
"""


def refuse_foreign_files(path: Path) -> None:
    """Looks at a project's folder, before its database is opened.

    Args:
        path: of the database, which may not be there yet.

    Raises:
        UserError: something in it leads elsewhere, or would have SQLite delete another file.
    """
    try:
        for ending in _BESIDE:
            beside = path.with_name(path.name + ending)
            if beside.is_symlink():
                raise UserError(
                    f"this is a link to {beside.readlink()}",
                    path=beside,
                    remedy="Open the folder that it leads to.",
                )
        here = Path(os.path.realpath(path.parent))
        for name in _OWN_FOLDERS:
            leads_to = Path(os.path.realpath(path.parent / name))
            if leads_to.parent != here:
                raise UserError(
                    f"this leads out of the project, to {leads_to}",
                    path=path.parent / name,
                    remedy="Put a folder there in place of the link.",
                )
        journal = path.with_name(f"{path.name}-journal")
        if journal.is_file() and _end_of(journal, 8) == _NAMES_ANOTHER_FILE:
            raise UserError("this journal is about another file too", path=journal, remedy=_REMEDY)
    except OSError as error:
        raise from_os_error(error, doing="opening the project", path=path) from error


def refuse_foreign_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Turns off what a hostile schema could use, before anything is written.

    Raises:
        UserError: the database does something by itself, or computes what should be stored.
        sqlite3.Error: it cannot be read.
    """
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    # Python ≥ 3.12
    set_config: Any = getattr(connection, "setconfig", None)
    defensive: int | None = getattr(sqlite3, "SQLITE_DBCONFIG_DEFENSIVE", None)
    if set_config is not None and defensive is not None:
        set_config(defensive, True)
    odd = connection.execute(
        "SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index')"
        " OR (type = 'table' AND (rootpage = 0 OR sql LIKE '%VIRTUAL%TABLE%')) LIMIT 1"
    ).fetchone()
    if odd is not None:
        raise _odd(path, f"a {odd[0]} “{_short(odd[1])}”")
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        columns = connection.execute(
            "SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 0", (table,)
        ).fetchone()
        if columns is not None:
            raise _odd(path, f"a computed column “{_short(columns[0])}”")


def refuse_odd_rows(connection: sqlite3.Connection, path: Path) -> None:
    """Looks at what is used without a check of its own where it is used.

    Costs one pass over images and counts; masks and journal are checked as they are read.

    Raises:
        UserError: a row that CNNSeg never writes; names it.
        sqlite3.Error: the database cannot be read.
    """
    for query, what in ((_ODD_IMAGE, "an image"), (_ODD_COUNT, "a count of pixels")):
        row = connection.execute(query).fetchone()
        if row is not None:
            raise _odd(path, f"{what} ({_short(row[0])}) that cannot be")
    _check_classes(connection, path)
    for table in ("revision", "classifier"):
        for name, sha256, created, card in connection.execute(
            f"SELECT name, sha256, created, card FROM {table}"
        ):
            if not (isinstance(name, str) and _MODEL_NAME.fullmatch(name)):
                raise _odd(path, f"a model that is to lie in “{_short(name)}”")
            if not (isinstance(sha256, str) and isinstance(created, float)) or not _is(card, dict):
                raise _odd(path, f"a card of {name} that cannot be")


def _check_classes(connection: sqlite3.Connection, path: Path) -> None:
    rows = connection.execute(
        "SELECT id, name, red, green, blue, position, reads_as, former FROM class LIMIT ?",
        (_MAX_CLASSES + 1,),
    ).fetchall()
    if len(rows) > _MAX_CLASSES:
        raise _odd(path, f"more than {_MAX_CLASSES} classes")
    if rows and all(reads_as is not None for *_, reads_as, _ in rows):
        raise _odd(path, "no class to paint with")
    for index, name, red, green, blue, position, reads_as, former in rows:
        sound = (
            _in(index, 0, _MAX_CLASSES - 1)
            and isinstance(name, str)
            and all(_in(value, 0, 255) for value in (red, green, blue))
            and isinstance(position, int)
            and (reads_as is None or _in(reads_as, 0, 255))
            and _is(former, list[str])
        )
        if not sound:
            raise _odd(path, f"a class ({_short(index)}) that cannot be")
    numbers = {index for index, *_ in rows}
    for value, index in connection.execute("SELECT value, class_id FROM accepted_value"):
        sound = _in(value, 0, _MAX_CLASSES - 1) and _in(index, 0, _MAX_CLASSES - 1)
        if not sound or value in numbers:
            raise _odd(path, f"accepted pixels ({_short(value)}) that cannot be")


def _in(value: object, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and lowest <= value <= highest


def _is(text: object, kind: type) -> bool:
    """Whether it is JSON of this type, nested no deeper than can be read."""
    try:
        msgspec.json.decode(text if isinstance(text, str) else b"", type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return True


def _odd(path: Path, what: str) -> UserError:
    return UserError(f"this project holds {what}", path=path, remedy=_REMEDY)


def _short(value: object) -> str:
    return str(value)[:80]


def _end_of(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - count))
        return file.read(count)
