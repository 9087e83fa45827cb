"""Asks one classifier about every image of the project, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import Classified, Failed


@dataclass(frozen=True)
class Suggestion:
    """The likeliest label of an image of a project; `reason` says why there is none."""

    project: Project
    model: str
    """As in `messages.Classify`."""
    record: ImageRecord
    label: str = ""
    probability: float = 0.0
    reason: str = ""


class LabelAll(QObject):
    """Keeps one question at the engine, so that the person's own overtake the rest."""

    suggested = Signal(object)
    """Suggestion."""
    progressed = Signal(int, int)
    """Images done, images in all."""
    finished = Signal()
    """All are asked, or it was cancelled."""

    def __init__(
        self, workspace: Workspace, engine: EngineClient, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._engine = workspace, engine
        self._records: list[ImageRecord] = []
        self._total = 0
        self._model = ""
        self._project: Project | None = None
        self._request: int | None = None
        workspace.project_changed.connect(self.cancel)
        engine.classified.connect(self._on_classified)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

    @property
    def running(self) -> bool:
        return self._request is not None

    def start(self, model: str) -> None:
        """Asks about every image that has no tag yet."""
        project = self._workspace.project
        if self.running or project is None:
            return
        self._project = project
        self._records = [r for r in reversed(self._workspace.images()) if not r.tags]
        self._total, self._model = len(self._records), model
        self._next()

    def cancel(self) -> None:
        """Asks no more; what is suggested stays."""
        if self._request is not None:
            self._engine.cancel(self._request)
            self._request = None
            self.finished.emit()

    def _next(self) -> None:
        self.progressed.emit(self._total - len(self._records), self._total)
        if not self._records:
            self._request = None
            self.finished.emit()
            return
        self._request = self._engine.classify(
            image=self._records[-1].content, model=self._model, top=1
        )

    def _on_classified(self, answer: Classified) -> None:
        if answer.request == self._request and self._project is not None:
            label, probability = answer.labels[0], answer.probabilities[0]
            record = self._records.pop()
            self.suggested.emit(Suggestion(self._project, self._model, record, label, probability))
            self._next()

    def _on_failed(self, failure: Failed) -> None:
        if failure.request == self._request and self._project is not None:
            record = self._records.pop()
            self.suggested.emit(Suggestion(self._project, self._model, record, reason=failure.what))
            self._next()

    def _on_cancelled(self, request: int) -> None:
        if request == self._request:  # by another device: the engine began anew
            self._request = None
            self.finished.emit()
