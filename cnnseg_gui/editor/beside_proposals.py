"""Proposals for images that are not shown, each handed to who asked for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_doubts import Embedding
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, State
from cnnseg_gui.engine.messages import Embedded, Failed, Proposed, ProposedTile


@dataclass(frozen=True)
class BesideProposal:
    """What a model proposes for an image."""

    image_id: int
    model: str
    """As in `messages.Propose`."""
    classes: Pixels
    """uint8[H, W], indices of the project's classes."""
    confidence: Pixels
    """uint8[H, W], 0…255."""
    embedding: Embedding | None


class EngineGone(UserError):
    """The engine ended while it was asked, or does not run; the image may have no part in it."""

    def __init__(self, failure: Failed, *, comes_back: bool) -> None:
        super().__init__(failure.what, path=failure.path, remedy=failure.remedy)
        self.comes_back = comes_back
        """By itself, so that the next image can be asked about."""


@dataclass
class _Asked:
    """A proposal on its way."""

    project: Project
    record: ImageRecord
    model: str
    from_dense: npt.NDArray[np.uint8]
    classes: Pixels
    confidence: Pixels
    done: Callable[[BesideProposal], None]
    failed: Callable[[UserError | None], None]
    embedding: Embedding | None = None


class BesideProposals(QObject):
    """Asks the engine; what belongs to a project that was closed meanwhile is dropped."""

    def __init__(
        self, workspace: Workspace, engine: EngineClient, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._engine = workspace, engine
        self._asked: dict[int, _Asked] = {}
        workspace.project_changed.connect(self._forget)
        engine.tile_proposed.connect(self._take_tile)
        engine.embedded.connect(self._take_embedding)
        engine.proposed.connect(self._end)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

    def ask(
        self,
        record: ImageRecord,
        model: str,
        *,
        mapping: Mapping[str, str],
        done: Callable[[BesideProposal], None],
        failed: Callable[[UserError | None], None],
        embed: bool = False,
    ) -> int:
        """Has a model propose for an image; then `done` or `failed`, with None where cancelled.

        It is `EngineGone` that it `failed` with where no engine answered.

        Returns:
            A number for `cancel`.
        """
        project = self._workspace.project
        if project is None:
            raise ValueError("no project is open")
        shape = (record.height, record.width)
        request = self._engine.propose_beside(
            image=record.content,
            model=model,
            classes=tuple(cls.name for cls in project.class_list.dense_classes),
            mapping=mapping,
            embed=embed,
        )
        self._asked[request] = _Asked(
            project,
            record,
            model,
            project.class_list.from_dense,
            np.full(shape, UNLABELLED, np.uint8),
            np.zeros(shape, np.uint8),
            done,
            failed,
        )
        return request

    def cancel(self, request: int) -> None:
        """Stops between two tiles; neither `done` nor `failed` follows."""
        if self._asked.pop(request, None) is not None:
            self._engine.cancel(request)

    def _forget(self) -> None:
        for request in list(self._asked):
            self.cancel(request)

    def _take_tile(self, tile: ProposedTile, classes: Pixels, confidence: Pixels) -> None:
        asked = self._asked.get(tile.request)
        if asked is not None:
            place = np.s_[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
            asked.classes[place] = asked.from_dense[classes]
            asked.confidence[place] = confidence

    def _take_embedding(self, message: Embedded, embedding: Embedding) -> None:
        asked = self._asked.get(message.request)
        if asked is not None:
            asked.embedding = embedding

    def _end(self, proposed: Proposed) -> None:
        asked = self._asked.pop(proposed.request, None)
        if asked is not None:
            asked.done(
                BesideProposal(
                    asked.record.id, asked.model, asked.classes, asked.confidence, asked.embedding
                )
            )

    def _on_failed(self, failure: Failed) -> None:
        asked = self._asked.pop(failure.request, None)
        if asked is None:
            return
        state = self._engine.state
        if state == State.READY:
            asked.failed(UserError(failure.what, path=failure.path, remedy=failure.remedy))
        else:
            gone = state in (State.STOPPED, State.BROKEN)
            asked.failed(EngineGone(failure, comes_back=not gone))

    def _on_cancelled(self, request: int) -> None:
        asked = self._asked.pop(request, None)
        if asked is not None:
            asked.failed(None)
