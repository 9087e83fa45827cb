"""A project's database from anyone: opening it runs nothing, and nothing in it fills the memory.

Whatever it holds, it opens as a project or is one line that says what is wrong with it.
"""

from __future__ import annotations

import sqlite3
import struct
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hostile_project import make_project, spoil
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core import database
from cnnseg_gui.core.class_list import ClassList, Retired, pack_edit, unpack_edit
from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.patch import Patch
from cnnseg_gui.core.project import Project

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need rights there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_project(tmp_path)


# ---------------------------------------------------------------------- the schema


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE TRIGGER t AFTER UPDATE ON image BEGIN DELETE FROM tile; END", "a trigger “t”"),
        ("CREATE VIEW v AS SELECT * FROM image", "a view “v”"),
        ("CREATE VIRTUAL TABLE f USING fts5(x)", "a table “f”"),
        ("CREATE TABLE g (a, b AS (upper(a)))", "a computed column “b”"),
        ("CREATE TABLE g (a, b AS (a || a) STORED)", "a computed column “b”"),
    ],
)
def test_a_database_that_does_something_by_itself_is_refused_unchanged(
    folder: Path, statement: str, named: str
) -> None:
    spoil(folder, statement)
    before = (folder / database.FILE_NAME).read_bytes()
    with pytest.raises(UserError, match="this project holds") as caught:
        Project.open(folder)
    assert named in caught.value.what
    assert (folder / database.FILE_NAME).read_bytes() == before


def test_views_in_place_of_tables_are_refused_before_a_migration(folder: Path) -> None:
    spoil(
        folder,
        "ALTER TABLE image RENAME TO hidden",
        "CREATE VIEW image AS SELECT * FROM hidden",
        "PRAGMA user_version = 1",
    )
    with pytest.raises(UserError, match="view"):
        Project.open(folder)


def test_what_a_schema_may_call_is_restricted(folder: Path) -> None:
    connection = database.connect(folder / database.FILE_NAME, create=False)
    assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
    assert connection.execute("PRAGMA cell_size_check").fetchone() == (1,)
    if sys.version_info >= (3, 12):
        assert connection.getconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)
    connection.close()


# ---------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revision SET name = '../../../victim'",
        "UPDATE revision SET name = '/etc'",
        "UPDATE revision SET name = 'r001/../../x'",
        "UPDATE revision SET name = 'C:\\x'",
        "UPDATE revision SET name = 'rest'",
        "UPDATE revision SET name = x'7230'",
        "UPDATE revision SET card = '[]'",
        "UPDATE revision SET card = '{'",
        "UPDATE revision SET created = 'yesterday'",
        "INSERT INTO classifier VALUES (1, '..', '', 1.0, '{}')",
        "UPDATE class SET id = 255 WHERE id = 1",
        "UPDATE class SET id = -1 WHERE id = 1",
        "UPDATE class SET red = 300",
        "UPDATE class SET name = x'00' WHERE id = 1",
        "UPDATE class SET former = '[1]'",
        "UPDATE class SET former = 'x'",
        "UPDATE class SET reads_as = 10000",
        "UPDATE class SET position = 'x'",
        "UPDATE class SET reads_as = 0",
        "UPDATE image SET height = 0",
        "UPDATE image SET width = -5",
        "UPDATE image SET width = 'wide'",
        "UPDATE image SET width = 1e300",
        "UPDATE image SET height = 2000000000, width = 2000000000",
        "UPDATE image SET page = -1",
        "UPDATE image SET path = x'ff'",
        "UPDATE pixel_count SET class_id = 300",
        "UPDATE pixel_count SET pixels = 'many'",
    ],
)
def test_a_row_that_was_made_to_hurt_is_one_line(folder: Path, statement: str) -> None:
    spoil(folder, statement)
    with pytest.raises(UserError, match="this project holds") as caught:
        Project.open(folder)
    assert caught.value.path == str(folder / database.FILE_NAME)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revision SET card = '{\"a\":' || replace(hex(zeroblob(200000)), '00', '[') || '1'",
        "UPDATE class SET former = replace(hex(zeroblob(200000)), '00', '[')",
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
        " INSERT INTO class SELECT i, 'c' || i, 0, 0, 0, i, NULL, '[]' FROM n",
    ],
    ids=["card", "former", "classes"],
)
def test_deep_nesting_and_huge_counts_are_one_line(folder: Path, statement: str) -> None:
    spoil(folder, statement)
    with pytest.raises(UserError, match="this project holds"):
        Project.open(folder)


def test_an_honest_project_still_opens(folder: Path) -> None:
    project = Project.open(folder)
    (record,) = project.images()
    assert record.decided == {1: 81}
    assert project.revisions.current is not None
    mask = project.load_mask(record.id)
    assert project.undo(mask) is not None
    project.close()


# ---------------------------------------------------------------------- what unfolds


def test_a_step_of_the_history_cannot_fill_the_memory(folder: Path) -> None:
    piece = struct.pack("<IIHH", 0, 0, 256, 256) + bytes(2 * 256 * 256)
    bomb = zlib.compress(piece * 2000, 9)  # 262 MB
    spoil(folder, f"UPDATE journal SET patch = x'{bomb.hex()}'")
    project = Project.open(folder)
    (record,) = project.images()
    mask = project.load_mask(record.id)
    tracemalloc.start()
    with pytest.raises(UserError, match="this step of the history is damaged"):
        project.undo(mask)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    project.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tile SET data = 'text'",
        "UPDATE tile SET data = zeroblob(100000000)",
        "UPDATE tile SET tile_row = 'x'",
        "UPDATE tile SET tile_row = -1",
        "UPDATE tile SET tile_column = 9000000000000000000",
        "UPDATE tile SET tile_column = 0.5",
        f"UPDATE tile SET data = x'{zlib.compress(bytes(2**28), 9).hex()}'",
    ],
    ids=lambda statement: statement[:60],
)
def test_a_tile_that_was_made_to_hurt_is_one_line(folder: Path, statement: str) -> None:
    spoil(folder, statement)
    project = Project.open(folder)
    (record,) = project.images()
    with pytest.raises(UserError, match="is damaged"):
        project.load_mask(record.id)
    project.close()


@pytest.mark.parametrize(
    ("live", "reads_as"),
    [((9999,), 255), ((-1,), 255), ((3, 3), 255), ((3,), 10**9), ((4,), 255), ((), 255)],
)
def test_an_edit_of_the_classes_with_numbers_that_cannot_be_is_refused(
    live: tuple[int, ...], reads_as: int
) -> None:
    colour = (1, 2, 3)
    odd = ClassList(
        tuple(PixelClass(index, f"class {index}", colour) for index in live),
        (Retired(PixelClass(4, "gone", colour), reads_as),),
    )
    fine = ClassList((PixelClass(0, "background", colour),))
    assert unpack_edit(pack_edit(fine, fine)) == (fine, fine)
    for before, after in ((odd, fine), (fine, odd)):
        with pytest.raises(ValueError, match="no class can have"):
            unpack_edit(pack_edit(before, after))


@pytest.mark.parametrize("patch", ["'text'", "7", "zeroblob(1000)", "x'789c030000000001'"])
def test_a_step_that_is_none_is_one_line(folder: Path, patch: str) -> None:
    spoil(folder, f"UPDATE journal SET patch = {patch}")
    project = Project.open(folder)
    (record,) = project.images()
    before = project.load_mask(record.id)
    mask = project.load_mask(record.id)
    try:
        project.undo(mask)
    except UserError as error:
        assert "damaged" in error.what  # noqa: PT017 - an empty step is none to refuse
    assert np.array_equal(mask.to_array(), before.to_array())
    project.close()


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_any_bytes_are_a_patch_of_the_mask_or_refused(raw: bytes) -> None:
    mask = Mask(300, 300)
    try:
        patch = Patch.from_bytes(zlib.compress(raw), mask.shape)
    except ValueError:
        return
    patch.apply(mask)
    assert patch.bounds == patch.bounds.clipped(mask.shape)


@pytest.mark.parametrize("raw", [b"[", b'"x'])
def test_an_edit_of_the_classes_cannot_fill_the_memory(raw: bytes) -> None:
    bomb = zlib.compress(raw * 2**27, 9)
    tracemalloc.start()
    with pytest.raises(ValueError, match="damaged edit"):
        unpack_edit(bomb)
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()
