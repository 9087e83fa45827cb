"""Empties a project's write-ahead log in a worker thread.

By itself SQLite does so within every commit that makes the log longer than 1,000 pages, with two
fsyncs, in the window's thread: 10 ms and more, twelve times a second while images are added.
https://www.sqlite.org/wal.html#ckpt
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from cnnseg_gui.core.database import database_error

USUAL_PAGES = 1000
"""SQLite's own limit."""


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
