"""Answers to what is painted: the head of the network is fitted after every gesture."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.live_sending import LiveSending
from cnnseg_gui.editor.material import Material
from cnnseg_gui.editor.model_choice import ModelChoice, network_of
from cnnseg_gui.editor.proposing import Proposing, too_large
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, State
from cnnseg_gui.engine.messages import Answered, Failed, ProposedTile
from cnnseg_gui.resources import starter_folder

NETWORK = "fcn-lite0"
"""The network that has a head which can be fitted so fast."""
_SETTING, _NO = "answer_while_painting", "no"  # a setting of the project


def network_named(choice: ModelChoice) -> str:
    """The name of the network that answers while somebody paints."""
    kind, _, name = choice.answering.partition(":")
    if kind == "new":
        return name.partition("?")[0]
    if kind == "weights":
        return next((network_of(r) for r in choice.revisions() if r.sha256 == name), "")
    with suppress(OSError, ValueError):
        card = json.loads((starter_folder() / name / "card.json").read_bytes())
        return str(card.get("network", ""))
    return ""


class LivePainting(QObject):
    """Has every gesture answered by a new proposal of what is visible.

    The answers are those of the network that is taught next, where it has a live head, but not of
    a revision that was refused: see `ModelChoice.answering`. They stay until a revision proposes
    again.
    """

    changed = Signal()
    """`words`, `on` or `available` say something else."""

    def __init__(
        self,
        workspace: Workspace,
        choice: ModelChoice,
        engine: EngineClient,
        proposing: Proposing,
        sending: LiveSending,
        material: Material,
        visible: Callable[[], Rect],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._choice, self._engine = workspace, choice, engine
        self._proposing, self._sending, self._visible = proposing, sending, visible
        self._material = material
        self._request: int | None = None
        self._asked_for: Document | None = None
        self._network = ""
        self._shows = self._learnt = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._after_gesture)
        sending.gesture_ended.connect(self._soon.start)
        material.changed.connect(self.changed)
        queued = Qt.ConnectionType.QueuedConnection
        workspace.document_changed.connect(self._get_ready, queued)
        workspace.classes_changed.connect(self._after_gesture, queued)
        choice.changed.connect(self._follow_choice, queued)
        workspace.project_changed.connect(self._follow_choice, queued)
        proposing.started.connect(self._on_proposing)
        engine.state_changed.connect(self._on_state)
        engine.tile_proposed.connect(self._take_tile)
        engine.answered.connect(self._on_answered)
        engine.cancelled.connect(self._forget)
        engine.failed.connect(self._on_failed)

    # ------------------------------------------------------------------ what a person chooses

    @property
    def available(self) -> bool:
        """The network that would answer has a live head."""
        return self._network == NETWORK

    @property
    def wanted(self) -> bool:
        """Whether the person wants answers, where there can be any."""
        project = self._workspace.project
        return project is not None and project.setting(_SETTING) != _NO

    @property
    def on(self) -> bool:
        return self.available and self.wanted

    def switch(self, on: bool) -> None:
        """Answers from now on, or no longer.

        Raises:
            UserError: it could not be stored.
        """
        project = self._workspace.project
        if project is None:
            return
        project.set_setting(_SETTING, "" if on else _NO)
        if not self.on:
            self._stop()
        self._follow_choice()

    @property
    def words(self) -> str:
        """What it does, for the status bar; empty where it does not answer."""
        if not self.on:
            return ""
        if self._shows:
            return "the proposal follows your strokes"
        return self._material.missing or "answers while you paint"

    @property
    def showing(self) -> bool:
        """What is proposed now is an answer, and not a revision's or starter's."""
        return self._shows

    # ------------------------------------------------------------------ asking

    def _after_gesture(self) -> None:
        if self.on:
            self._ask(show=True)

    def _get_ready(self) -> None:
        """Another image: its features are read before the first gesture needs them."""
        if self._shows:
            self._shows = False
            self.changed.emit()
        if self.on:
            self._ask(show=self._learnt or self._choice.answering.startswith("new:"))

    def _follow_choice(self) -> None:
        """Another model: what was learnt beside the one before has gone into it, or is void."""
        network = network_named(self._choice) if self._workspace.project else ""
        self._network, self._learnt = network, False
        self._sending.answers = self.on
        self.changed.emit()
        if self.on:
            self._get_ready()

    def _ask(self, *, show: bool) -> None:
        project, document = self._workspace.project, self._workspace.document
        if project is None or document is None or too_large(document.record):
            return
        if self._engine.state != State.READY:
            return
        self._sending.send_now()
        self._asked_for = document
        self._request = self._engine.answer(
            image=document.record.content,
            model=self._choice.answering,
            classes=tuple(cls.name for cls in project.class_list.dense_classes),
            mapping=self._choice.mapping,
            visible=self._visible(),
            show=show,
        )

    def _stop(self) -> None:
        if self._request is not None:
            self._engine.cancel(self._request)
        self._request = None
        if self._shows and self._workspace.document is not None:
            self._shows = False
            self._workspace.document.proposed_by = None
            self._proposing.refresh()

    # ------------------------------------------------------------------ answers

    def _take_tile(self, tile: ProposedTile, classes: Pixels, confidence: Pixels) -> None:
        document, project = self._workspace.document, self._workspace.project
        if tile.request != self._request or document is not self._asked_for:
            return
        if project is None or document is None or document.record.content != tile.image:
            return
        self._proposing.give_way(
            Rect(tile.top, tile.left, tile.top + tile.height, tile.left + tile.width)
        )
        indices = np.asarray(project.class_list.from_dense)[classes]
        document.show_proposal(tile.top, tile.left, indices, confidence)

    def _on_answered(self, answered: Answered) -> None:
        if answered.request != self._request:
            return
        if answered.last:
            self._request = None
        if not Rect(*answered.covered).empty:
            self._shows = self._learnt = True
            self.changed.emit()

    def _forget(self, request: int) -> None:
        if request == self._request:
            self._request = None

    def _on_failed(self, failure: Failed) -> None:
        self._forget(failure.request)

    def _on_proposing(self) -> None:
        """A model proposes again."""
        if self._shows:
            self._shows = False
            self.changed.emit()

    def _on_state(self, state: str) -> None:
        if state == State.READY:
            self._learnt = False
            self._get_ready()
