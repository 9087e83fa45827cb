"""Several programs store models in one project: none of them is lost, whatever comes between."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cnnseg_gui.core.check_project import check_project
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.model_folders import CARD, WEIGHTS, sweep_leftovers
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.revisions import StoredModel

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project.create(tmp_path / "project", ("background", "cell"))
    yield project
    project.close()


def storing(project: Project, *count: str) -> subprocess.Popen[str]:
    """`storing_process`, once it has said its first line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.core.storing_process", str(project.folder), *count],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def parts(project: Project) -> list[Path]:
    return list((project.folder / "models").glob(".*.part"))


def is_whole(stored: StoredModel) -> bool:
    return hashlib.sha256((stored.folder / WEIGHTS).read_bytes()).hexdigest() == stored.sha256


@contextmanager
def written_by_another(project: Project) -> Iterator[sqlite3.Connection]:
    """Another program is in the middle of a transaction."""
    with closing(
        sqlite3.connect(project.path, isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def test_programs_that_store_at_once_lose_nothing(project: Project) -> None:
    programs = [storing(project, "8") for _ in range(3)]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    for program in programs:
        program.communicate()
        assert program.returncode == 0
    revisions, classifiers = project.revisions.all(), project.classifiers.all()
    assert [one.name for one in revisions] == [f"r{n:03}" for n in range(1, 25)]
    assert [one.name for one in classifiers] == [f"t{n:03}" for n in range(1, 25)]
    assert sorted(one.promoted for one in revisions) == list(range(1, 25))
    assert all(is_whole(one) for one in (*revisions, *classifiers))
    assert len(list((project.folder / "models").iterdir())) == 48


def test_what_a_busy_database_could_not_take_is_kept_and_said(project: Project) -> None:
    stores = (project.revisions.add, project.classifiers.add)
    with written_by_another(project):
        for add in stores:
            with pytest.raises(UserError, match="another program is using the project") as said:
                add(b"learnt for hours", b"{}")
            kept = next(path for path in (project.folder / "models").iterdir())
            assert f"What was learnt is kept in {kept}" in said.value.remedy
            assert (kept / WEIGHTS).read_bytes() == b"learnt for hours"
            assert (kept / CARD).read_bytes() == b"{}"
            sweep_leftovers(project.folder)
            assert kept.is_dir()
            for file in kept.iterdir():
                file.unlink()
            kept.rmdir()
    assert [add(b"again", b"{}").name for add in stores] == ["r001", "t001"]


def test_who_has_patience_stores_once_the_database_is_free(project: Project) -> None:
    with written_by_another(project) as other:
        free = threading.Timer(1.0, other.execute, ["COMMIT"])
        free.start()
        assert project.revisions.add(b"weights", b"{}", patience=30.0).name == "r001"
        free.join()


@pytest.mark.skipif(sys.platform == "win32", reason="a day has to pass there")
def test_what_another_program_is_writing_is_no_leftover_until_it_is_gone(project: Project) -> None:
    for killed in (False, True):
        program = storing(project)
        sweep_leftovers(project.folder)
        assert len(parts(project)) == 1
        assert not check_project(project.folder).findings
        if killed:
            program.kill()
        program.communicate("store\n" if not killed else None)
        assert len(parts(project)) == int(killed)
        assert len(check_project(project.folder).findings) == int(killed)
        assert [is_whole(one) for one in project.revisions.all()] == [True]
    sweep_leftovers(project.folder)
    assert not parts(project)


def test_what_another_computer_writes_is_a_leftover_after_a_day(project: Project) -> None:
    part = project.folder / "models" / ".r-00000000-999999999-01234567.part"
    part.mkdir(parents=True)
    sweep_leftovers(project.folder)
    assert part.exists()
    os.utime(part, (0, 0))
    sweep_leftovers(project.folder)
    assert not part.exists()


def test_a_folder_that_no_row_names_makes_room_and_is_kept(project: Project) -> None:
    """Of a program that was killed between the folder's name and the row."""
    orphan = project.folder / "models" / "r001"
    orphan.mkdir(parents=True)
    (orphan / WEIGHTS).write_bytes(b"learnt for hours")
    stored = project.revisions.add(b"weights", b"{}")
    assert stored.name == "r001"
    assert is_whole(stored)
    (kept,) = (project.folder / "models").glob("kept-r001-*")
    assert (kept / WEIGHTS).read_bytes() == b"learnt for hours"
