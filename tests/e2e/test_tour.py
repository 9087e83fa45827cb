"""The tour runs from start to end in a process of its own, without torch in the window."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


def test_a_short_tour_learns_exports_and_leaves_its_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "tour"
    done = subprocess.run(
        [sys.executable, "-c", _SHORT, str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
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
