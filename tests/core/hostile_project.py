"""Projects as strangers may make them."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from cnnseg_gui.core import database
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project


def make_project(tmp_path: Path) -> Path:
    """A project with one painted image and a revision."""
    path = tmp_path / "project"
    Image.fromarray(np.full((40, 50, 3), 90, np.uint8)).save(tmp_path / "a.png")
    project = Project.create(path, ("background", "cell"))
    (number,) = project.add_images([probe(tmp_path / "a.png")])
    mask = project.load_mask(number)
    builder = PatchBuilder(mask)
    builder.paint(5, 5, np.ones((9, 9), bool), 1)
    patch = builder.finish()
    assert patch is not None
    project.commit(patch, mask, name="Brush")
    project.revisions.add(b"weights", b'{"network": "unet", "classes": ["a"]}')
    project.close()
    return path


def spoil(folder: Path, *statements: str) -> None:
    """Changes the database as another program can."""
    connection = sqlite3.connect(folder / database.FILE_NAME, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def write_journal(path: Path, victim: Path | None) -> None:
    """A hot rollback journal of this database, as after a crash; it may name another file."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    connection.execute("UPDATE pixel_count SET pixels = 5")
    connection.execute("INSERT INTO setting VALUES ('large', zeroblob(500000))")
    kept = path.with_name("kept"), path.with_name("kept-journal")
    shutil.copy(path, kept[0])
    shutil.copy(path.with_name(f"{path.name}-journal"), kept[1])
    connection.execute("ROLLBACK")
    connection.close()
    if victim is not None:
        name = str(victim).encode()
        with kept[1].open("ab") as file:  # as writeSuperJournal in SQLite's pager.c
            file.write(struct.pack(">I", 0x40000000 // 4096 + 1) + name)
            file.write(struct.pack(">II", len(name), sum(name)))
            file.write(bytes.fromhex("d9d505f920a163d7"))
    kept[0].replace(path)
    kept[1].replace(path.with_name(f"{path.name}-journal"))
