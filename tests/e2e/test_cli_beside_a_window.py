"""Commands on a project that a window, in a process of its own, has open."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from commands import CLASSES, ON_CPU, Failing, answer, make, run_module
from PIL import Image
from pytestqt.qtbot import QtBot

from cnnseg_gui.cli import main
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.project_lock import LOCK_NAME
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.workspace import Workspace
from tests.core.fault_operations import contents

UNET = ("--network", "unet", "--option", "width=8", "--seconds", "4", *ON_CPU)

_WINDOW = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from cnnseg_gui.editor.workspace import Workspace

application = QCoreApplication([])
workspace = Workspace()
workspace.open_project(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
workspace.close_project()
"""


def opened(project: Path) -> subprocess.Popen[str]:
    """A window without widgets; a line on its stdin closes it."""
    window = subprocess.Popen(
        [sys.executable, "-c", _WINDOW, str(project)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert window.stdout is not None
    assert window.stdout.readline() == "open\n"
    return window


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path, 2)


@pytest.fixture
def data_set(project: Path, tmp_path: Path) -> Path:
    """The project's own masks, to be put into another one's class."""
    assert main(["export", str(project), "--format", "png", "-o", str(tmp_path / "set")]) == 0
    return tmp_path / "set"


@pytest.fixture
def window(project: Path, data_set: Path) -> Iterator[subprocess.Popen[str]]:
    window = opened(project)
    yield window
    window.kill()
    window.communicate()


def state(project: Path) -> object:
    """All that it holds, and where its images are."""
    opened = Project.open(project)
    try:
        return contents(opened), [record.path for record in opened.images()]
    finally:
        opened.close()


def moved_away(project: Path) -> Path:
    """A folder that an image of the project was moved to."""
    far = project.parent / "far"
    far.mkdir()
    (project.parent / "images" / "cell 1.png").rename(far / "x.png")
    return far


def test_what_a_window_keeps_in_memory_is_not_written_beside_it(
    project: Path, data_set: Path, window: subprocess.Popen[str], tmp_path: Path, fails: Failing
) -> None:
    far, before = moved_away(project), state(project)
    commands: list[tuple[object, ...]] = [
        ("import", project, data_set, "--map", "cell=new", "--replace"),
        ("tag", project, "--add", "bright", "--images", "cell 2"),
        ("tag", project / "project.sqlite", "--from-folders"),
        ("export", project, "--format", "png", "-o", tmp_path / "out", "--look-in", far),
        ("measure", project, "-o", tmp_path / "out.csv", "--look-in", far),
        ("train", project, "--look-in", far, "--device", "cpu"),
    ]
    for command in commands:
        assert "another window or command has this project open" in fails(*command)
    assert state(project) == before
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.csv").exists()
    window.communicate("close\n")
    for command in commands[:4]:
        assert main([str(part) for part in command]) == 0
    assert state(project) != before


def test_what_only_reads_works_beside_a_window(
    project: Path, data_set: Path, window: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert main(["import", str(project), str(data_set), "--dry-run"]) == 0
    assert main(["tag", str(project)]) == 0
    assert main(["export", str(project), "--format", "png", "-o", str(tmp_path / "out")]) == 0
    assert main(["measure", str(project), "-o", str(tmp_path / "out.csv")]) == 0


def test_what_is_promoted_beside_a_window_proposes_in_it(project: Path, qtbot: QtBot) -> None:
    stored = Project.open(project)
    first = stored.revisions.add(b"one", b"{}")
    stored.revisions.add(b"two", b"{}")
    stored.close()
    workspace = Workspace()
    choice = ModelChoice(workspace)
    workspace.open_project(project)
    choice.choose("starter:fcn-lite0", knows=True)
    assert choice.proposing == "starter:fcn-lite0"
    done = run_module("promote", str(project), "r001")
    assert "r001 proposes now instead of the starter fcn-lite0" in done.stdout
    assert choice.proposing == choice.teaching == f"weights:{first.sha256}"
    workspace.close_project()


def test_promoting_waits_for_who_is_writing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = Project.open(project)
    stored.revisions.add(b"one", b"{}")
    stored.close()
    other = sqlite3.connect(
        project / "project.sqlite", isolation_level=None, check_same_thread=False
    )
    with closing(other):
        other.execute("BEGIN IMMEDIATE")
        free = threading.Timer(1.0, other.execute, ["COMMIT"])
        free.start()
        assert answer(capsys, "promote", project, "r001")["revision"] == "r001"
        free.join()


@pytest.mark.parametrize("forced", [(), ("--promote",)], ids=["compared", "forced"])
def test_what_is_taught_while_another_model_begins_to_propose_is_only_kept(
    project: Path, forced: tuple[str, ...]
) -> None:
    """As where the window teaches and promotes meanwhile."""
    training = subprocess.Popen(
        [sys.executable, "-m", "cnnseg_gui.cli", "train", str(project), *UNET, *forced, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert training.stderr is not None
    assert "unet learns from 2 images" in training.stderr.readline()
    stored = Project.open(project)
    meanwhile = stored.revisions.add(b"weights", b"{}")
    out, said = training.communicate()
    assert training.returncode == 0
    assert json.loads(out)["revision"] == "r002"
    assert json.loads(out)["promoted"] is bool(forced)
    assert ("another model proposes now, which this was not compared with" in said) != bool(forced)
    assert (stored.revisions.current == meanwhile) != bool(forced)
    stored.close()


def test_what_was_learnt_waits_for_who_is_writing(project: Path) -> None:
    other = sqlite3.connect(project / "project.sqlite", isolation_level=None)
    with closing(other):
        other.execute("BEGIN IMMEDIATE")
        training = subprocess.Popen(
            [sys.executable, "-m", "cnnseg_gui.cli", "train", str(project), *UNET],
        )
        while training.poll() is None and not list((project / "models").glob(".*.part")):
            time.sleep(0.05)
        time.sleep(2.0)
        other.execute("COMMIT")
    assert training.wait() == 0
    stored = Project.open(project)
    assert [revision.name for revision in stored.revisions.all()] == ["r001"]
    stored.close()


def test_a_command_that_has_ended_leaves_no_lock(project: Path, data_set: Path) -> None:
    assert main(["import", str(project), str(data_set)]) == 0
    assert main(["import", str(project.parent / "other"), str(data_set)]) == 0
    assert not (project / LOCK_NAME).exists()
    window = opened(project)
    window.communicate("close\n")
    assert window.returncode == 0


def test_where_qt_cannot_be_loaded_a_lock_that_is_there_counts(
    project: Path, tmp_path: Path
) -> None:
    """As on a server without Qt's libraries, whose disk a window elsewhere may use."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "PySide6.py").write_text("raise ImportError('libglib-2.0.so.0')")
    path = os.pathsep.join([str(tmp_path / "broken"), os.environ.get("PYTHONPATH", "")])

    def tag() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cnnseg_gui.cli", "tag", str(project), "--from-folders"],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    (project / LOCK_NAME).write_text("elsewhere")
    refused = tag()
    assert refused.returncode == 1
    assert "another window or command has this project open" in refused.stderr
    (project / LOCK_NAME).unlink()
    assert "2 images of 2 tagged" in tag().stdout


def test_a_project_that_is_being_made_is_never_seen_with_half_of_its_masks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count, random = 20, np.random.default_rng(0)
    for folder, high in (("images", 256), ("masks", 2)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            pixels = random.integers(0, high, (500, 500), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    project = tmp_path / "project"
    arguments = ["--images", str(tmp_path / "images"), "--masks", str(tmp_path / "masks"), *CLASSES]
    making = subprocess.Popen(
        [sys.executable, "-m", "cnnseg_gui.cli", "new", str(project), *arguments],
        stdout=subprocess.DEVNULL,
    )
    seen = set()
    while making.poll() is None:
        if (project / "project.sqlite").exists():
            seen.add(masks_in(project))
        time.sleep(0.005)
    assert making.returncode == 0
    assert masks_in(project) == count
    assert seen <= {0, count}
    assert len(answer(capsys, "tag", project)["images"]) == count


def masks_in(project: Path) -> int:
    """How many images have a mask, as any other program sees it."""
    address = f"{(project / 'project.sqlite').as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        (count,) = connection.execute("SELECT COUNT(DISTINCT image_id) FROM tile").fetchone()
    return int(count)
