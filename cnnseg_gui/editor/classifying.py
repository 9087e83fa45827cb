"""Labels for the shown image, or a part of it, from several classifiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import Classified, Explained, Failed

Heat = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """What one classifier says, best first."""

    model: str
    """As in `messages.Classify`."""
    labels: tuple[tuple[str, float], ...]
    seconds: float


class Classifying(QObject):
    """Asks, and passes on what still belongs to the image that is shown."""

    asked = Signal(str)
    """The model."""
    answered = Signal(object)
    """Answer."""
    explained = Signal(str, object)
    """Label, heat float32[h, w] in 0…1 over the whole image."""
    failed = Signal(str, object)
    """The model, UserError."""

    def __init__(
        self, workspace: Workspace, engine: EngineClient, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._engine = workspace, engine
        self._pending: dict[int, str] = {}
        self._explaining: set[int] = set()
        self.region: Rect | None = None
        """What is looked at; None: the whole image."""
        workspace.document_changed.connect(self._leave_image)
        engine.classified.connect(self._on_classified)
        engine.explained.connect(self._on_explained)
        engine.cancelled.connect(lambda request: self._pending.pop(request, None))
        engine.failed.connect(self._on_failed)

    def look_at(self, region: Rect | None) -> None:
        """What is asked about from now on; None: the whole image. Older questions are dropped."""
        self._drop(list(self._pending))
        self.region = region

    def ask(self, model: str, *, top: int = 5) -> None:
        """Asks one classifier about the shown image."""
        document = self._workspace.document
        if document is not None:
            request = self._engine.classify(
                image=document.record.content, model=model, region=self.region, top=top
            )
            self._pending[request] = model
            self.asked.emit(model)

    def explain(self, model: str, label: str) -> None:
        """Asks where the shown image speaks for a label."""
        document = self._workspace.document
        if document is not None:
            request = self._engine.explain(
                image=document.record.content, model=model, label=label, region=self.region
            )
            self._pending[request] = model
            self._explaining.add(request)

    def forget_explanations(self) -> None:
        """Those that are still to come are not wanted any more."""
        self._drop(list(self._explaining))

    # ------------------------------------------------------------------ answers

    def _leave_image(self) -> None:
        self._drop(list(self._pending))  # whoever steps on quickly is not to wait for them
        self.region = None

    def _drop(self, requests: list[int]) -> None:
        for request in requests:
            self._pending.pop(request, None)
            self._explaining.discard(request)
            self._engine.cancel(request)

    def _on_classified(self, message: Classified) -> None:
        if self._pending.pop(message.request, None) is not None:
            labels = tuple(zip(message.labels, message.probabilities, strict=True))
            self.answered.emit(Answer(message.model, labels, message.seconds))

    def _on_explained(self, message: Explained, heat: npt.NDArray[np.uint8]) -> None:
        document = self._workspace.document
        if self._pending.pop(message.request, None) is not None and document is not None:
            spread = over_image(heat, Rect(*message.region), document.mask.shape)
            self.explained.emit(message.label, spread)

    def _on_failed(self, failure: Failed) -> None:
        model = self._pending.pop(failure.request, None)
        if model is not None:
            error = UserError(failure.what, path=failure.path, remedy=failure.remedy)
            self.failed.emit(model, error)


_LONGER = 512  # cells: the longer side of a heat over the image


def over_image(
    heat: npt.NDArray[np.uint8], region: Rect, shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """The heat of a region, 0…255, as float32[h, w] in 0…1 over an image of `shape`.

    Bilinear between the cells' centres, 0 beyond the region; h and w are at most 512.
    """
    scale = min(1.0, _LONGER / max(shape))
    height, width = (max(1, round(side * scale)) for side in shape)
    rows = (np.arange(height) + 0.5) * shape[0] / height
    columns = (np.arange(width) + 0.5) * shape[1] / width
    inside = np.outer(
        (rows >= region.top) & (rows < region.bottom),
        (columns >= region.left) & (columns < region.right),
    )
    y = (rows - region.top) / region.height * heat.shape[0] - 0.5
    x = (columns - region.left) / region.width * heat.shape[1] - 0.5
    values = _interpolated(_interpolated(heat.astype(np.float32), y).T, x).T
    return np.asarray(np.where(inside, values, 0) / 255, np.float32)


def _interpolated(values: npt.NDArray[np.float32], at: npt.NDArray[np.float64]) -> Heat:
    """Rows of `values` at fractional indices; beyond the first and last these go on."""
    at = np.clip(at, 0, len(values) - 1)
    low = np.floor(at).astype(np.intp)
    high = np.minimum(low + 1, len(values) - 1)
    share = (at - low)[:, None].astype(np.float32)
    return np.asarray(values[low] * (1 - share) + values[high] * share, np.float32)
