"""Two processes on one project: a live owner is never put out, a dead one always."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.project_lock import ProjectInUse
from cnnseg_gui.editor.project_lock import lock_project
from cnnseg_gui.editor.workspace import Workspace
from tests.core.killing import make_project

_ROOT = Path(__file__).parents[2]
StartPainter = Callable[[Path], subprocess.Popen[str]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals there")


@pytest.fixture
def start_painter() -> Iterator[StartPainter]:
    """Starts another process that opens a project and paints on it."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> subprocess.Popen[str]:
        painter = subprocess.Popen(
            [sys.executable, "-m", "tests.core.painter_process", str(folder), "1"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(painter)
        assert painter.stdin is not None
        assert painter.stdout is not None
        painter.stdin.write("\n")
        painter.stdin.flush()
        assert painter.stdout.readline().startswith("open")
        return painter

    yield start
    for painter in started:
        painter.kill()
        painter.communicate()


@pytest.fixture
def workspace(qtbot: QtBot) -> Iterator[Workspace]:
    made = Workspace()
    yield made
    made.close_project()
    made.deleteLater()


@pytest.mark.parametrize("stopped", [False, True], ids=["working", "stopped"])
def test_a_live_owner_keeps_its_project_even_when_it_does_not_answer(
    tmp_path: Path, start_painter: StartPainter, workspace: Workspace, stopped: bool
) -> None:
    folder = make_project(tmp_path)
    painter = start_painter(folder)
    if stopped:
        os.kill(painter.pid, signal.SIGSTOP)
        lock = folder / ".cnnseg.lock"
        os.utime(lock, (1, 1))  # as if it had been held for years
    for _ in range(3):
        with pytest.raises(UserError, match="another window or command has this project open"):
            workspace.open_project(folder)
    assert workspace.project is None
    if stopped:
        os.kill(painter.pid, signal.SIGCONT)
    assert painter.stdout is not None
    assert painter.stdout.readline().strip().isdigit()  # it goes on


def test_a_killed_owner_is_taken_over_at_once(
    tmp_path: Path, start_painter: StartPainter, workspace: Workspace
) -> None:
    folder = make_project(tmp_path)
    painter = start_painter(folder)
    painter.kill()
    painter.communicate()
    assert (folder / ".cnnseg.lock").exists()
    workspace.open_project(folder)
    assert workspace.project is not None
    with pytest.raises(UserError, match="another window or command has this project open"):
        Workspace().open_project(folder)


def test_a_project_that_was_just_made_belongs_to_its_window(
    tmp_path: Path, qtbot: QtBot, workspace: Workspace
) -> None:
    workspace.create_project(tmp_path / "new", ("background", "cell"))
    second = Workspace()
    try:
        with pytest.raises(UserError, match="another window or command has this project open"):
            second.open_project(tmp_path / "new")
    finally:
        second.close_project()


def test_a_lock_from_another_computer_says_which_and_what_to_do(
    tmp_path: Path, workspace: Workspace
) -> None:
    folder = make_project(tmp_path)
    path = folder / ".cnnseg.lock"
    lock = lock_project(folder)
    assert lock is not None
    process, program, _, machine, boot, *rest = path.read_text().split("\n")
    lock.unlock()
    elsewhere = ("gpubox", "0" * len(machine), "1" * len(boot))
    path.write_text("\n".join([process, program, *elsewhere, *rest]))
    with pytest.raises(UserError, match="open on the computer “gpubox”, or was not closed") as said:
        workspace.open_project(folder)
    assert "Close it there. If that computer crashed" in said.value.remedy
    assert "delete the file .cnnseg.lock" in said.value.remedy
    path.unlink()  # as it is told
    workspace.open_project(folder)
    assert workspace.project is not None


def test_a_copy_of_an_open_project_says_how_it_is_opened(
    tmp_path: Path, start_painter: StartPainter, workspace: Workspace
) -> None:
    folder, copy = make_project(tmp_path), tmp_path / "copy"
    start_painter(folder)
    shutil.copytree(folder, copy)
    with pytest.raises(UserError, match="another window or command has this project open") as said:
        workspace.open_project(copy)
    assert "where this folder is a copy, delete the file .cnnseg.lock" in said.value.remedy
    (copy / ".cnnseg.lock").unlink()
    workspace.open_project(copy)
    assert workspace.project is not None


@pytest.mark.parametrize("left", [b"", b"cut"])
def test_a_lock_without_an_owner_is_of_a_power_cut(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / ".cnnseg.lock"
    path.write_bytes(left)
    with pytest.raises(ProjectInUse):
        lock_project(tmp_path)  # it may just be being written
    os.utime(path, (0, 0))
    lock = lock_project(tmp_path)
    assert lock is not None
    lock.unlock()
