"""Within two seconds of a stroke the disk itself has it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.checkpoint import LONG_LOG, sync_log
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.workspace import Workspace


def test_what_is_committed_is_synced_within_two_seconds(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def noting(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    workspace = Workspace()
    workspace.create_project(tmp_path / "project", ("background", "cell"))
    project = workspace.project
    assert project is not None
    project.set_setting("spoken", "for")
    log = project.path.with_name("project.sqlite-wal")
    number = log.stat().st_ino
    began = time.monotonic()
    workspace.image_changed.emit(1)
    qtbot.waitUntil(lambda: number in synced, timeout=2000)
    assert time.monotonic() - began < 2
    workspace.close_project()


def test_without_a_log_there_is_nothing_to_sync(tmp_path: Path) -> None:
    Project.create(tmp_path / "project").close()
    sync_log(tmp_path / "project" / "project.sqlite")


def test_a_long_log_is_emptied_by_the_worker_and_not_by_a_commit(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    project.leave_log()
    database, log = project.path, project.path.with_name("project.sqlite-wal")
    before = database.stat().st_size
    for number in range(30):
        project.set_setting(f"spoken for {number}", os.urandom(100_000).hex())
    assert log.stat().st_size > LONG_LOG + 1_000_000
    assert database.stat().st_size == before  # no commit has emptied it
    sync_log(database)
    assert database.stat().st_size > before + 5_000_000
    project.set_setting("one", "more")  # begins the log anew
    assert log.stat().st_size <= LONG_LOG
    project.close()
