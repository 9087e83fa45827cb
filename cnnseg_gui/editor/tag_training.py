"""Teaches a classifier the tags of the project."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import Failed, TagImage, Trained, TrainProgress

_HELD_OUT_EVERY = 4


@dataclass(frozen=True)
class TaggedSet:
    """What there is to learn from."""

    labels: tuple[str, ...]
    images: tuple[TagImage, ...]
    ambiguous: int
    """Images left out because they have several tags."""

    @property
    def held_out(self) -> int:
        return sum(image.held_out for image in self.images)

    @property
    def teachable(self) -> bool:
        return len(self.labels) > 1


@dataclass(frozen=True)
class TaughtCard:
    """What the window shows of a taught classifier's card."""

    network: str
    labels: tuple[str, ...]
    accuracy: float | None
    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, card: bytes | str) -> TaughtCard:
        data = json.loads(card)
        return cls(
            str(data["network"]),
            tuple(data["labels"]),
            data.get("accuracy"),
            tuple(tuple(row) for row in data.get("confusion", ())),
        )


class TagTraining(QObject):
    """One at a time, beside the fine-tune of masks in one queue."""

    started = Signal()
    progressed = Signal(object)
    """TrainProgress; its `iou` is the held-out accuracy."""
    finished = Signal(object)
    """StoredModel."""
    stopped = Signal(str)
    """It ended without a classifier; the reason in one line, empty when it was cancelled."""

    def __init__(
        self, workspace: Workspace, engine: EngineClient, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._engine = workspace, engine
        self._request: int | None = None
        self._learning_for: Project | None = None
        workspace.project_changed.connect(self.cancel)
        engine.progressed.connect(self._on_progressed)
        engine.trained.connect(self._on_trained)
        engine.cancelled.connect(self._on_cancelled)
        engine.failed.connect(self._on_failed)

    @property
    def running(self) -> bool:
        return self._request is not None

    def material(self) -> TaggedSet:
        """What would be learnt from now."""
        return tagged_set(self._workspace.images())

    def start(self, network: str, *, pretrained: bool, seconds: float, seed: int = 0) -> bool:
        """Starts within a time budget in seconds; False where there is nothing to teach now."""
        material = self.material()
        if self.running or not material.teachable:
            return False
        self._learning_for = self._workspace.project
        self._request = self._engine.train_tags(
            network=network,
            pretrained=pretrained,
            labels=material.labels,
            images=material.images,
            seconds=seconds,
            seed=seed,
        )
        self.started.emit()
        return True

    def cancel(self) -> None:
        """Stops within a training step."""
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
            self.stopped.emit("")
            return
        try:
            stored = project.classifiers.add(weights, card)
        except UserError as error:
            self.stopped.emit(str(error))
            return
        self.finished.emit(stored)

    def _on_cancelled(self, request: int) -> None:
        if request == self._request:
            self._request = None
            self.stopped.emit("")

    def _on_failed(self, failure: Failed) -> None:
        if failure.request == self._request:
            self._request = None
            error = UserError(failure.what, path=failure.path, remedy=failure.remedy)
            self.stopped.emit(str(error))


def tagged_set(records: list[ImageRecord]) -> TaggedSet:
    """Images with exactly one tag, about every fourth held out.

    Which ones follows from their content alone: an image keeps its role from one teaching to the
    next, and files of equal content share it. Of every tag at least one is learnt from.
    """
    by_tag: dict[str, set[str]] = {}
    for record in records:
        if len(record.tags) == 1:
            by_tag.setdefault(record.tags[0], set()).add(record.content)
    tags_of = Counter(sha256 for hashes in by_tag.values() for sha256 in hashes)
    labels = tuple(sorted(by_tag))
    images = []
    for index, label in enumerate(labels):
        hashes = sorted(sha256 for sha256 in by_tag[label] if tags_of[sha256] == 1)
        held_out = {sha256 for sha256 in hashes if _is_held_out(sha256)}
        if hashes and len(held_out) == len(hashes):
            held_out.discard(hashes[0])
        images += [
            TagImage(image=sha256, label=index, held_out=sha256 in held_out) for sha256 in hashes
        ]
    ambiguous = sum(len(record.tags) > 1 for record in records)
    return TaggedSet(labels, tuple(images), ambiguous)


def _is_held_out(content: str) -> bool:
    sha256 = content.partition("#")[0]  # the pages of a stack are alike
    return hashlib.sha256(sha256.encode()).digest()[0] % _HELD_OUT_EVERY == 0
