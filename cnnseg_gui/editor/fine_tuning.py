"""Teaches the network what the person has decided, and keeps what it learnt as a revision."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.scores import Scores
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import too_large
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import Failed, Trained, TrainProgress
from cnnseg_gui.engine.packing import PackedImage


@dataclass(frozen=True)
class TrainingSet:
    """What there is to learn from: images to train on, images held out, pixels by class index."""

    images: int
    held_out: int
    pixels: dict[int, int]


class FineTuning(QObject):
    """One fine-tune at a time, on all decided pixels of the project."""

    started = Signal()
    progressed = Signal(object)
    """TrainProgress."""
    finished = Signal(object)
    """Revision: it is the current one now."""
    kept = Signal(object)
    """Revision: it is stored but does not propose, because what proposes is better, or became
    another model meanwhile."""
    unimproved = Signal(float)
    """It was no better on the held-out images, whose mean IoU this is: the model before stays."""
    stopped = Signal(str)
    """It ended without a revision; the reason in one line, empty when it was cancelled."""

    def __init__(
        self,
        workspace: Workspace,
        choice: ModelChoice,
        engine: EngineClient,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._choice = choice
        self._engine = engine
        self._request: int | None = None
        self._learning_for: Project | None = None
        self._chosen = self._proposing = self._began_from = ""  # as they were when it began
        workspace.project_changed.connect(self.cancel)
        engine.progressed.connect(self._on_progressed)
        engine.trained.connect(self._on_trained)
        engine.cancelled.connect(self._on_cancelled)
        engine.failed.connect(self._on_failed)

    @property
    def running(self) -> bool:
        return self._request is not None

    def training_set(self) -> TrainingSet:
        """What a fine-tune started now would learn from."""
        records = self._decided()
        pixels: dict[int, int] = {}
        for record in records:
            for index, count in record.decided.items():
                pixels[index] = pixels.get(index, 0) + (0 if record.held_out else count)
        held_out = sum(record.held_out for record in records)
        return TrainingSet(len(records) - held_out, held_out, pixels)

    def start(self, *, seconds: float, seed: int = 0, borders: bool = False) -> None:
        """Starts from the model of choice, within a time budget in seconds.

        With `borders` the background between two close objects counts more.
        """
        project = self._workspace.project
        if project is None or self.running:
            return
        images = [
            PackedImage(
                image=record.sha256,
                shape=(record.height, record.width),
                tiles=tuple(project.packed_tiles(record.id)),
                held_out=record.held_out,
            )
            for record in self._decided()
        ]
        self._learning_for = project
        self._chosen, self._proposing = self._choice.chosen, self._choice.proposing
        self._began_from = self._choice.teaching
        self._request = self._engine.train(
            model=self._began_from,
            proposing="" if self._same_line else self._proposing,
            mapping=self._choice.mapping,
            classes=tuple(cls.name for cls in project.class_list.dense_classes),
            images=images,
            values=project.class_list.dense.tobytes(),
            seconds=seconds,
            seed=seed,
            borders=borders,
        )
        self.started.emit()

    def cancel(self) -> None:
        """Stops within a training step; the last revision stays."""
        if self._request is not None:
            self._engine.cancel(self._request)

    # ------------------------------------------------------------------ answers

    def _on_progressed(self, progress: TrainProgress) -> None:
        if progress.request == self._request:
            self.progressed.emit(progress)

    def _on_trained(self, trained: Trained, card: bytes, weights: bytes) -> None:
        if trained.request != self._request:
            return
        self._request = None
        project, self._learning_for = self._learning_for, None
        if project is None or project is not self._workspace.project:
            self.stopped.emit("")  # learnt for a project that is closed by now
            return
        scores = Scores.of_card(card)
        if scores is not None and self._same_line and scores.after <= scores.before:
            self.unimproved.emit(scores.before)
            return
        promoted = self._choice.proposing == self._proposing and not (scores and scores.worse)
        try:
            revision = project.revisions.add(weights, card, promoted=promoted)
            if self._choice.chosen == self._chosen:  # else the person has decided otherwise
                self._choice.choose("" if promoted else f"weights:{revision.sha256}")
        except UserError as error:
            self.stopped.emit(str(error))
            return
        (self.finished if promoted else self.kept).emit(revision)

    @property
    def _same_line(self) -> bool:
        """It learnt on from what proposed when it began."""
        return self._began_from == self._proposing

    def _on_cancelled(self, request: int) -> None:
        if request == self._request:
            self._request = None
            self.stopped.emit("")

    def _on_failed(self, failure: Failed) -> None:
        if failure.request == self._request:
            self._request = None
            error = UserError(failure.what, path=failure.path, remedy=failure.remedy)
            self.stopped.emit(str(error))

    def _decided(self) -> list[ImageRecord]:
        return [
            record
            for record in self._workspace.images()
            if record.decided and not too_large(record)
        ]
