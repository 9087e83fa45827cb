"""The tour runs from start to end in a process of its own, without torch in the window."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from network_guard import NetworkGuard
from pycocotools.coco import COCO

_SHORT = """
import sys
from pathlib import Path
from cnnseg_gui import app
from cnnseg_gui.tour import steps
steps.TEACH_SECONDS, steps.CORRECTED = 8, 3
code = app.main(["--tour", sys.argv[1]])
assert "torch" not in sys.modules, "torch came into the window's process"
sys.exit(code)
"""


_IN_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@dataclass(frozen=True)
class Toured:
    """What a tour left behind."""

    done: subprocess.CompletedProcess[str]
    folder: Path
    guard: NetworkGuard


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Toured:
    """Opens the window, proposes, paints, teaches, classifies and exports."""
    scratch = tmp_path_factory.mktemp("toured")
    guard = NetworkGuard(scratch / "guard")
    done = subprocess.run(
        [sys.executable, "-c", _SHORT, str(scratch / "tour")],
        env=guard.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Toured(done, scratch / "tour", guard)


def test_a_short_tour_learns_exports_and_leaves_its_pictures(toured: Toured) -> None:
    folder = toured.folder
    assert toured.done.returncode == 0, toured.done.stderr
    figures = json.loads((folder / "tour.json").read_text())
    assert figures["iou_after"] > figures["iou_before"]
    assert figures["images"] == 9
    assert figures["corrected"] == 3
    assert set(figures["seconds"]) >= {"propose", "correct", "teach", "classify", "export"}
    assert figures["device"]
    pictures = {path.name for path in folder.glob("*.png")}
    assert {"2-corrected-3.png", "3-teaching.png", "5-labels.png", "6-done.png"} <= pictures
    annotations = COCO(str(folder / "export" / "coco" / "annotations.json"))
    assert len(annotations.getImgIds()) == 3


def test_opening_painting_and_teaching_never_touch_the_network(toured: Toured) -> None:
    assert toured.done.returncode == 0, toured.done.stderr
    assert any("cnnseg_gui.engine.server" in process for process in toured.guard.processes)
    assert toured.guard.noted == []


def test_the_guard_would_notice(tmp_path: Path) -> None:
    guard = NetworkGuard(tmp_path / "guard")
    reach = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)"
    subprocess.run(
        [sys.executable, "-c", _IN_A_CHILD, reach],
        env=guard.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert any("socket.connect" in line and "127.0.0.1" in line for line in guard.noted)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "cnnseg_gui.app", "--tour", str(tmp_path / "file" / "tour")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "making the tour's folder failed" in done.stderr
    assert "Traceback" not in done.stderr
