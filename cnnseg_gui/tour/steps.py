"""The tour's steps: propose, correct, teach, propose again, classify, export."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, Qt, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.proposal import composite
from cnnseg_gui.core.sample import true_mask
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.formats.export import export_project
from cnnseg_gui.tour.person import corrections
from cnnseg_gui.tour.pointer import Pointer
from cnnseg_gui.ui.main_window import MainWindow

NUCLEUS = 1
CORRECTED = 5
"""Images the simulated person corrects; of these one is held out."""
TEACH_SECONDS = 60
_PATIENCE_S = 300.0


@dataclass
class Figures:
    """What the tour measured: mean IoU of the nuclei on the images that were never corrected."""

    iou_before: float = 0.0
    iou_after: float = 0.0
    images: int = 0
    corrected: int = 0
    gestures: int = 0
    device: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


class Tour(QObject):
    """Runs on a window whose project is a fresh copy of the sample."""

    said = Signal(str)
    """What happens now, one line."""

    def __init__(
        self,
        window: MainWindow,
        *,
        pause_ms: int = 0,
        snapshot: Callable[[str], None] = lambda name: None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._home = window.workspace.project
        self._correcting: Document | None = None
        self._pointer = Pointer(window, window.canvas, pause_ms=pause_ms, at_home=self._is_at_home)
        self._snapshot = snapshot
        self._teach_seconds = TEACH_SECONDS
        self._corrected = CORRECTED
        self.figures = Figures()

    def run(self, export_to: Path) -> Figures:
        """All steps in order.

        Raises:
            UserError: a step did not end as it should.
            TourInterrupted: the window was closed.
        """
        with self._step("open", "Opening the sample: 12 images of stained tissue"):
            self._wait_for_image(self._records()[0])
        with self._step("propose", "The starter proposes; it has never seen such images"):
            before = self._propose_all("1-proposed")
        with self._step("correct", f"Correcting {self._corrected} images with the brush"):
            self._correct_some()
        with self._step("teach", f"Teaching the network for {self._teach_seconds} s"):
            self._teach()
        with self._step("propose again", "The new revision proposes the images never corrected"):
            after = self._propose_all("4-proposed-again")
        with self._step("classify", "A classifier says what the image shows; one label is a tag"):
            self._classify()
        with self._step("export", "Exporting the labelled data set"):
            self._export(export_to)
        untouched = [record.id for record in self._records() if not record.decided]
        self.figures.images = len(untouched)
        self.figures.iou_before = float(np.mean([before[number] for number in untouched]))
        self.figures.iou_after = float(np.mean([after[number] for number in untouched]))
        return self.figures

    def stop(self) -> None:
        """Ends `run` at its next pause, with TourInterrupted."""
        self._pointer.stopped = True

    # ------------------------------------------------------------------ steps

    def _propose_all(self, picture: str) -> dict[int, float]:
        scores = {}
        for record in self._records():
            self._open(record)
            document = self._wait_for_proposal()
            scores[record.id] = _iou(_shown(document), _truth(record))
        self._open(self._records()[-1])
        self._wait_for_proposal()
        self._snapshot(picture)
        return scores

    def _correct_some(self) -> None:
        for record in self._records()[: self._corrected]:
            self._open(record)
            document = self._correcting = self._wait_for_proposal()
            self._pointer.press_key(Qt.Key.Key_Return)
            for dab in corrections(document.mask.to_array, _truth(record), (0, NUCLEUS)):
                self._window.set_diameter(dab.diameter)
                self._pointer.press_key(Qt.Key(Qt.Key.Key_0 + dab.class_index))
                self._pointer.dab(ImagePoint(dab.y, dab.x))
                self.figures.gestures += 1
            self._correcting = None
            self.figures.corrected += 1
            self._snapshot(f"2-corrected-{self.figures.corrected}")

    def _teach(self) -> None:
        window, revisions = self._window, self._project().revisions
        had = len(revisions.all())
        self._pointer.wait_until(
            window.training_panel.teach.isEnabled, "there is enough to learn from", seconds=10
        )
        self._pointer.click(window.training_panel.teach)
        if not window.fine_tuning.running:
            raise UserError("the fine-tune did not start", remedy="The log says why.")
        halfway = time.monotonic() + self._teach_seconds / 2
        self._pointer.wait_until(
            lambda: time.monotonic() > halfway or not window.fine_tuning.running,
            "the fine-tune is half done",
            seconds=_PATIENCE_S,
        )
        self._snapshot("3-teaching")
        self._pointer.wait_until(
            lambda: not window.fine_tuning.running,
            "the fine-tune ends",
            seconds=_PATIENCE_S + self._teach_seconds,
        )
        if len(revisions.all()) == had:
            raise UserError("the fine-tune made no revision", remedy="The log says why.")

    def _classify(self) -> None:
        panel = self._window.labels_panel
        self._window.bring_up(panel)
        self._pointer.wait_until(
            lambda: any(row.probability for row in panel.results.rows),
            "the classifier answers",
            seconds=_PATIENCE_S,
        )
        best = next(row for row in panel.results.rows if row.probability)
        panel.results.choose(best.model, best.text)
        self._pointer.click(panel.tag)
        self._pointer.click(panel.why)
        self._pointer.wait_until(
            lambda: self._window.canvas.heat is not None, "it is explained", seconds=_PATIENCE_S
        )
        self._snapshot("5-labels")
        self._pointer.click(panel.why)
        self._window.bring_up(self._window.training_panel)

    def _export(self, folder: Path) -> None:
        self._pointer.rest(0)  # still at home?
        for name in ("png", "coco"):
            export_project(self._project(), name, folder / name)

    # ------------------------------------------------------------------ inside

    @contextmanager
    def _step(self, name: str, text: str) -> Iterator[None]:
        self.said.emit(text)
        began = time.monotonic()
        yield
        self.figures.seconds[name] = round(time.monotonic() - began, 2)

    def _open(self, record: ImageRecord) -> None:
        self._window.workspace.open_image(record.id)
        self._wait_for_image(record)

    def _wait_for_image(self, record: ImageRecord) -> None:
        workspace = self._window.workspace
        self._pointer.wait_until(
            lambda: workspace.document is not None and workspace.document.record.id == record.id,
            f"{record.name} opens",
            seconds=60,
        )

    def _wait_for_proposal(self) -> Document:
        document = self._window.workspace.document
        assert document is not None
        self._pointer.wait_until(
            lambda: document.proposed_by is not None and not self._window.proposing.running,
            f"{document.record.name} is proposed",
            seconds=_PATIENCE_S,
        )
        return document

    def _is_at_home(self) -> bool:
        """Whether the sample, and the image being corrected, are still what the window shows."""
        workspace = self._window.workspace
        return workspace.project is self._home and (
            self._correcting is None or workspace.document is self._correcting
        )

    def _records(self) -> list[ImageRecord]:
        return self._window.workspace.images()

    def _project(self) -> Project:
        project = self._window.workspace.project
        assert project is not None
        return project


def _shown(document: Document) -> Pixels:
    return composite(document.mask.to_array(), document.proposal.classes.to_array())


def _truth(record: ImageRecord) -> Pixels:
    return np.asarray(Image.open(true_mask(record.path)), np.uint8)


def _iou(shown: Pixels, truth: Pixels) -> float:
    both = np.count_nonzero((shown == NUCLEUS) & (truth == NUCLEUS))
    either = np.count_nonzero((shown == NUCLEUS) | (truth == NUCLEUS))
    return both / either if either else 1.0
