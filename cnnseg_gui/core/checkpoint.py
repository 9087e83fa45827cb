"""A project's write-ahead log, emptied and synced in a worker thread.

By itself SQLite does so within every commit that makes the log longer than 1,000 pages, with two
fsyncs, in the thread that commits: 4 to 10 ms and more. https://www.sqlite.org/wal.html#ckpt
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from cnnseg_gui.core.database import database_error
from cnnseg_gui.core.errors import from_os_error

LONGEST_LOG = 25_000
"""Pages: the log's length, 100 MB, at which a commit of the window empties it all the same."""
LONG_LOG = 1000 * 4096
"""Bytes: from here on it is emptied; as long as that the file stays."""


def checkpoint(path: Path) -> None:
    """Writes what is committed into the database itself; whoever writes meanwhile does not wait.

    Args:
        path: of an open project's database.

    Raises:
        UserError: it cannot be written; what is committed stays in the log.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as log:
            log.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.Error as error:
        raise database_error(error, path) from error


def sync_log(path: Path) -> None:
    """Has the disk itself take what is committed; empties a log that has become long.

    With `synchronous=NORMAL` SQLite leaves the log to the system's cache until it empties it, which
    may be minutes of strokes later. Syncing takes no lock, so nobody waits.

    Args:
        path: of an open project's database. Without a log (no WAL here) every commit was synced.

    Raises:
        UserError: the disk could not; what is committed stays in the system's cache.
    """
    log = path.with_name(f"{path.name}-wal")
    try:
        with log.open("r+b") as file:
            os.fsync(file.fileno())
            length = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return
    except OSError as error:
        raise from_os_error(error, doing="saving", path=log) from error
    if length > LONG_LOG:
        checkpoint(path)
