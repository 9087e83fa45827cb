"""A person at work in a process of their own, who may be killed at any moment.

    python -m tests.core.painter_process PROJECT SEED

Waits for a line on stdin, opens the project as the window does, says "open" with the temporaries
that are there then, and performs the gestures of the seed; after each it writes its number.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QCoreApplication

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import Operation, Tool, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush, Eraser
from cnnseg_gui.editor.tools.lasso import Box, Lasso
from cnnseg_gui.editor.workspace import Workspace
from tests.core.replay import Gesture, Shape, edited, gestures

SHAPE: Shape = (290, 300)  # beyond one tile of 256 in both directions
_TOOLS: dict[str, Tool] = {tool.key: tool for tool in (Brush(), Eraser(), Lasso(), Box())}


def proposal(image: int) -> Pixels:
    """uint8[H, W] of the first two classes in blocks, with a part that is not proposed."""
    values = np.random.default_rng(image).integers(0, 2, (29, 30)).astype(np.uint8)
    proposed: Pixels = values.repeat(10, axis=0).repeat(10, axis=1)
    proposed[200:260] = UNLABELLED
    return proposed


class Painter:
    """Performs gestures on a workspace, each on the image that it names."""

    def __init__(self, folder: Path) -> None:
        self.errors: list[UserError] = []
        self.workspace = Workspace()
        self.workspace.failed.connect(self.errors.append)
        self.workspace.open_project(folder)

    def perform(self, gesture: Gesture) -> None:
        document, workspace = self._go_to(gesture.image), self.workspace
        if gesture.kind in ("undo", "redo"):
            (workspace.undo if gesture.kind == "undo" else workspace.redo)()
        elif gesture.kind == "accept":
            workspace.accept()
        elif gesture.kind == "classes":
            assert workspace.project is not None
            workspace.edit_classes(edited(workspace.project.class_list, gesture), name="Classes")
        else:
            self._paint(document, gesture)
        if self.errors:
            raise self.errors[0]

    def _paint(self, document: Document, gesture: Gesture) -> None:
        assert self.workspace.project is not None
        settings = ToolSettings(
            class_index=gesture.value(self.workspace.project.class_list),
            diameter=gesture.diameter,
            operation=Operation.ERASE if gesture.kind == "eraser" else Operation.PAINT,
        )
        document.press(_TOOLS[gesture.kind], gesture.points[0], settings)
        for point in gesture.points[1:]:
            document.move(point)
        document.release(gesture.points[-1])
        QCoreApplication.processEvents()

    def _go_to(self, image: int) -> Document:
        self.workspace.open_image(image)
        while True:
            document = self.workspace.document
            if document is not None and document.record.id == image:
                break
            if self.errors:
                raise self.errors[0]
            QCoreApplication.processEvents()
        if not document.proposal_complete:
            proposed = proposal(image)
            document.show_proposal(0, 0, proposed, np.full_like(proposed, 200))
            document.proposal_complete = True
        return document


def main() -> None:
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    application = QCoreApplication([])
    if not sys.stdin.readline():
        return
    painter = Painter(folder)
    say(f"open {' '.join(temporaries(folder))}")
    images = [record.id for record in painter.workspace.images()]
    for gesture in gestures(seed, images, SHAPE):
        painter.perform(gesture)
        say(str(gesture.number))
    del application


def temporaries(folder: Path) -> Iterator[str]:
    """What only a fault leaves behind in a project's folder, apart from locks."""
    for place in (folder, folder / "masks", folder / "models"):
        for path in place.glob(".*"):
            if not path.name.startswith(".cnnseg.lock"):
                yield path.name


def say(line: str) -> None:
    """In one write, so that a kill leaves no half of it."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main()
