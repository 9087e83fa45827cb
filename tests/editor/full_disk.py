"""What a person goes through when the disk is full, on any way to fill and to free it.

    python -m tests.editor.full_disk FOLDER

does it with a shim that answers every change of a file with ENOSPC; prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QCoreApplication

from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush
from cnnseg_gui.editor.workspace import Workspace
from tests.core.fault_shim import Fault, FaultShim
from tests.core.killing import make_project
from tests.core.painter_process import temporaries

_PATIENCE_S = 20.0
_BEFORE, _WHILE, _ELSEWHERE = 3, 4, 2  # strokes


@dataclass
class Story:
    """What was seen."""

    said: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    most_unsaved: int = 0
    rescued_equal: list[bool] = field(default_factory=list)
    unsaved_at_the_end: int = -1
    stored_equal: list[bool] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    temporaries: list[str] = field(default_factory=list)


def live_through(
    folder: Path,
    *,
    fill: Callable[[], object],
    free: Callable[[], object],
    rescue: Callable[[Workspace], list[Path]],
) -> Story:
    """Paints, fills the disk, paints on two images, rescues, frees the disk, and looks again."""
    story, workspace = Story(), Workspace()
    workspace.failed.connect(lambda error: story.said.append(str(error)))
    workspace.recovered.connect(lambda error: story.recovered.append(str(error)))
    workspace.open_project(folder)
    first = _shown(workspace, 1)
    for turn in range(_BEFORE):
        _paint(first, turn)
    fill()
    for turn in range(_WHILE):
        _paint(first, _BEFORE + turn)
    painted = {1: first.mask.to_array()}
    second = _shown(workspace, 2)
    for turn in range(_ELSEWHERE):
        _paint(second, turn)
    painted[2] = second.mask.to_array()
    story.most_unsaved = workspace.unsaved
    for path in rescue(workspace):
        image = int(path.stem.rpartition(".")[2])
        story.rescued_equal.append(bool(np.array_equal(read_mask(path), painted[image])))
    free()
    _wait(lambda: bool(story.recovered))
    story.unsaved_at_the_end = workspace.unsaved
    workspace.close_project()
    project = Project.open(folder)
    for image, mask in painted.items():
        stored = project.load_mask(image)
        story.stored_equal.append(bool(np.array_equal(stored.to_array(), mask)))
        story.steps.append(len(project.history(image)))
    project.close()
    story.temporaries = list(temporaries(folder))
    return story


def _shown(workspace: Workspace, image: int) -> Document:
    workspace.open_image(image)
    _wait(lambda: workspace.document is not None and workspace.document.record.id == image)
    assert workspace.document is not None
    return workspace.document


def _paint(document: Document, turn: int) -> None:
    y = 10.0 + 30 * turn
    document.press(Brush(), ImagePoint(y, 10), ToolSettings(class_index=1, diameter=25))
    for x in range(20, 290, 10):
        document.move(ImagePoint(y + x % 20, x))
    document.release()


def _wait(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while not condition():
        QCoreApplication.processEvents()
        time.sleep(0.005)
        assert time.monotonic() < give_up, "waited in vain"


def main() -> None:
    application = QCoreApplication([])
    scratch = Path(sys.argv[1])
    folder = make_project(scratch)
    shim = FaultShim(Fault.FULL, -1)

    def fill() -> None:
        shim.at = len(shim.changes)

    def free() -> None:
        shim.over = True

    def rescue(workspace: Workspace) -> list[Path]:
        """Another disk, which has room."""
        shim.sqlite_only = True
        try:
            return workspace.rescue(scratch / "elsewhere")
        finally:
            shim.sqlite_only = False

    print(json.dumps(vars(live_through(folder, fill=fill, free=free, rescue=rescue))), flush=True)
    del application


if __name__ == "__main__":
    main()
