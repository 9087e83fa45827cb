"""The list of classes in the project's database."""

from __future__ import annotations

import json
import sqlite3

from cnnseg_gui.core.class_list import AcceptedValue, ClassList, Retired
from cnnseg_gui.core.classes import PixelClass

_COLUMNS = "id, name, red, green, blue, position, reads_as, former"


def read_classes(connection: sqlite3.Connection) -> ClassList:
    """The list as it is stored."""
    live, retired = [], []
    rows = connection.execute(f"SELECT {_COLUMNS} FROM class ORDER BY position, id")
    for index, name, red, green, blue, _, reads_as, former in rows:
        cls = PixelClass(index, name, (red, green, blue), tuple(json.loads(former)))
        if reads_as is None:
            live.append(cls)
        else:
            retired.append(Retired(cls, reads_as))
    accepted = connection.execute("SELECT value, class_id FROM accepted_value ORDER BY value DESC")
    return ClassList(tuple(live), tuple(retired), tuple(AcceptedValue(*row) for row in accepted))


def write_classes(connection: sqlite3.Connection, classes: ClassList) -> None:
    """Replaces the list, inside a transaction of the caller's."""
    connection.execute("DELETE FROM class")
    rows: list[tuple[PixelClass, int, int | None]] = [
        (cls, place, None) for place, cls in enumerate(classes.live)
    ]
    rows += [(entry.pixel_class, 0, entry.reads_as) for entry in classes.retired]
    connection.executemany(
        f"INSERT INTO class ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (cls.index, cls.name, *cls.colour, place, reads_as, json.dumps(cls.former))
            for cls, place, reads_as in rows
        ],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO accepted_value VALUES (?, ?)",
        [(entry.value, entry.index) for entry in classes.accepted],
    )
