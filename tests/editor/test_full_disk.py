"""A full disk: strokes stay in memory and are said, rescued elsewhere, and stored once they fit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.killing import make_project
from tests.core.sqlite_shim import sqlite_can_be_watched
from tests.editor.full_disk import Story, live_through

_ROOT = Path(__file__).parents[2]


def check(story: Story) -> None:
    assert any("disk is full" in line and "kept in memory" in line for line in story.said)
    assert story.most_unsaved >= 5
    assert story.rescued_equal == [True, True]
    assert len(story.recovered) == 1
    assert story.unsaved_at_the_end == 0
    assert story.stored_equal == [True, True]
    assert story.steps == [7, 2]
    assert story.temporaries == []


@pytest.mark.skipif(not sqlite_can_be_watched(), reason="SQLite's calls cannot be replaced")
def test_strokes_outlive_a_disk_that_refuses_everything(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.editor.full_disk", str(tmp_path)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    check(Story(**json.loads(ended.stdout)))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=2m", "cnnseg", str(place)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_strokes_outlive_a_disk_that_is_really_full(
    qapp: object, tiny_disk: Path, tmp_path: Path
) -> None:
    folder, ballast = make_project(tiny_disk), tiny_disk / "ballast"

    def fill() -> None:
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    story = live_through(
        folder,
        fill=fill,
        free=ballast.unlink,
        rescue=lambda workspace: workspace.rescue(tmp_path / "elsewhere"),
    )
    check(story)
