"""Teaches the network what the person has decided, and keeps what it learnt as a revision.

Its state is kept beside the revisions while it runs. After a crash of the engine it goes on from
there by itself, after a closed window when it is asked to.
"""

from __future__ import annotations

import logging

import msgspec
from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.model_choice import store_taught
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.scores import Scores, promotes
from cnnseg_gui.core.unfinished import UnfinishedRun
from cnnseg_gui.editor.gathering import Gathered, Gathering
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.training_set import TrainingSet
from cnnseg_gui.editor.unfinished_store import UnfinishedStore
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, State
from cnnseg_gui.engine.messages import (
    Failed,
    Lightened,
    Trained,
    TrainMaterial,
    TrainProgress,
    Unfinished,
    Unusable,
)

_log = logging.getLogger("cnnseg")

KEEP_EVERY_S = 10.0
_TRIES = 2  # to go on by itself without having come any further: what crashes again is left alone


class FineTuning(QObject):
    """One fine-tune at a time, on all decided pixels of the project."""

    started = Signal()
    resumed = Signal(str)
    """It was interrupted by a fault and goes on by itself; one line that says from where."""
    progressed = Signal(object)
    """TrainProgress."""
    material_told = Signal(object)
    """TrainMaterial: what it learns from and where; first, and when that is another."""
    lightened = Signal(str)
    """Memory ran out, and it goes on with less; what is another now, in one line."""
    finished = Signal(object)
    """Revision: it is the current one now."""
    kept = Signal(object)
    """Revision: it is stored but does not propose, because held-out pixels do not say that it is
    better, or because another model proposes by now."""
    unimproved = Signal(float)
    """It was no better on the held-out images, whose mean IoU this is: the model before stays."""
    stopped = Signal(str)
    """It ended without a revision; the reason in one line, empty when it was cancelled."""
    interrupted = Signal(object)
    """UnfinishedRun that `go_on` continues; None: there is none any more."""
    failed = Signal(object)
    """UserError: its state could not be kept, or is damaged and was set aside."""

    def __init__(
        self,
        workspace: Workspace,
        choice: ModelChoice,
        engine: EngineClient,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.keep_every = KEEP_EVERY_S
        """Seconds between two of its states on disk, at least."""
        self.refused: frozenset[int] = frozenset()
        """Images that the last fine-tune did without, since their files are not as they were."""
        self._workspace, self._choice, self._engine = workspace, choice, engine
        self._project: Project | None = None
        self._run: UnfinishedRun | None = None
        self._request: int | None = None  # None while it waits for what it goes on from
        self._waiting: UnfinishedRun | None = None  # for the person to go on with
        self._crashed = self._cancelling = False
        self._tries = 0
        self._gathering = Gathering(workspace, self)
        self._store = UnfinishedStore(self)
        self._store.kept.connect(self._on_kept)
        self._store.failed.connect(self.failed)
        workspace.project_changed.connect(self._change_project)
        engine.progressed.connect(self._on_progressed)
        engine.material_told.connect(self._on_material)
        engine.lightened.connect(self._on_lightened)
        engine.unfinished.connect(self._on_unfinished)
        engine.unusable.connect(self._on_unusable)
        engine.trained.connect(self._on_trained)
        engine.cancelled.connect(self._on_cancelled)
        engine.crashed.connect(self._on_crashed)
        engine.failed.connect(self._on_failed)

    @property
    def running(self) -> bool:
        return self._run is not None

    @property
    def occupied(self) -> bool:
        """It runs, or was interrupted and waits for the person's word."""
        return self.running or self._waiting is not None

    def training_set(self) -> TrainingSet:
        """What a fine-tune started now would learn from."""
        project = self._workspace.project
        return TrainingSet.of(project) if project else TrainingSet(0, 0, {})

    def start(self, *, seconds: float, seed: int = 0, borders: bool = False) -> None:
        """Starts from the model of choice, within a time budget in seconds.

        With `borders` the background between two close objects counts more. What was interrupted
        before is forgotten.
        """
        project = self._workspace.project
        if project is None or self.running:
            return
        self._forget(project)
        run = UnfinishedRun(
            model=self._choice.teaching,
            proposing=self._choice.proposing,
            chosen=self._choice.chosen,
            classes=_names(project),
            seconds=seconds,
            seed=seed,
            borders=borders,
        )
        self._tries = 0
        self._begin(project, run)
        self.started.emit()

    def go_on(self) -> None:
        """Continues what was interrupted, with what is left of its time and the masks of now."""
        project, run = self._workspace.project, self._waiting
        if project is None or run is None or self.running:
            return
        self._offer(None)
        self._tries = 0
        self._begin(project, run)
        self.started.emit()

    def discard(self) -> None:
        """Forgets what was interrupted."""
        if self._workspace.project is not None and not self.running:
            self._forget(self._workspace.project)

    def cancel(self) -> None:
        """Stops within a training step; the last revision stays, and nothing else."""
        if self._request is not None:
            self._cancelling = True
            self._engine.cancel(self._request)
        elif self._run is not None:
            self._end("")

    # ------------------------------------------------------------------ beginning and ending

    def _begin(self, project: Project, run: UnfinishedRun) -> None:
        if run.classes != _names(project):  # what was learnt of the others does not fit
            run = _anew(msgspec.structs.replace(run, classes=_names(project)))
        self._project, self._run, self._request = project, run, None
        self._cancelling = self._crashed = False
        self._gathering.begin(
            project,
            done=lambda found: self._send(project, run, found),
            failed=lambda error: self._end(str(error)) if self._run is run else None,
        )

    def _send(self, project: Project, run: UnfinishedRun, found: Gathered) -> None:
        """Asks for it without the images whose files are not what was painted on."""
        if self._run is not run:
            return  # cancelled meanwhile
        if run.classes != _names(project):  # edited meanwhile
            self._begin(project, run)
            return
        for error in found.refused.values():
            self.failed.emit(error)
        self.refused = frozenset(found.refused)
        self._request = self._engine.train(
            model=run.model,
            proposing="" if run.model == run.proposing else run.proposing,
            mapping=self._choice.mapping,
            classes=run.classes,
            images=list(found.masks.values()),
            values=project.class_list.dense.tobytes(),
            accepted=project.class_list.accepted_values,
            seconds=run.seconds,
            seed=run.seed,
            borders=run.borders,
            keep_every=self.keep_every,
            unfinished=run.sha256,
        )

    def _end(self, reason: str, *, keep: bool = False) -> None:
        """Without a revision; with `keep` it can go on later."""
        project = self._leave()
        if project is not None and keep:
            self._look(project)
        elif project is not None:
            self._store.drop(project.folder)
        self.stopped.emit(reason)

    def _leave(self) -> Project | None:
        """Nothing runs any more; returns the project that it ran for."""
        project, self._project = self._project, None
        self._run = self._request = None
        return project

    def _change_project(self) -> None:
        """What runs stops at once, and can go on when its project is opened again."""
        request = self._request
        if self._leave() is not None:
            if request is not None:
                self._engine.cancel(request)
            self.stopped.emit("")
        self._offer(None)
        if self._workspace.project is not None:
            self._look(self._workspace.project)

    def _look(self, project: Project) -> None:
        """Finds what was interrupted in this project."""

        def offer(run: UnfinishedRun | None) -> None:
            if project is self._workspace.project and not self.running:
                self._offer(run)

        self._store.find(project.folder, done=offer, failed=self.failed.emit)

    def _offer(self, run: UnfinishedRun | None) -> None:
        if run != self._waiting:
            self._waiting = run
            self.interrupted.emit(run)

    def _forget(self, project: Project) -> None:
        self._store.drop(project.folder)
        self._offer(None)

    # ------------------------------------------------------------------ going on by itself

    def _interrupt(self, reason: str) -> None:
        """The engine is gone, or another one: goes on there, unless that is vain."""
        self._request = None
        if self._cancelling or self._project is None:
            self._end("")
        elif self._engine.state == State.BROKEN or self._tries >= _TRIES:
            self._end(reason, keep=True)
        else:
            self._tries += 1
            self._store.find(self._project.folder, done=self._resume, failed=self._resume_anew)

    def _resume(self, found: UnfinishedRun | None) -> None:
        if self._project is None or self._run is None or self._request is not None:
            return  # cancelled, or its project closed, meanwhile
        self._begin(self._project, found or _anew(self._run))
        where = f"goes on from step {found.step}" if found else "begins anew"
        line = f"The fine-tune was interrupted and {where}."
        _log.info("%s", line)
        self.resumed.emit(line)

    def _resume_anew(self, error: UserError) -> None:
        self.failed.emit(error)
        self._resume(None)

    # ------------------------------------------------------------------ answers

    def _on_progressed(self, progress: TrainProgress) -> None:
        if progress.request == self._request:
            self.progressed.emit(progress)

    def _on_material(self, material: TrainMaterial) -> None:
        if material.request == self._request:
            self.material_told.emit(material)

    def _on_lightened(self, lightened: Lightened) -> None:
        if lightened.request == self._request:
            self.lightened.emit(lightened.what)

    def _on_unfinished(self, message: Unfinished, state: bytes) -> None:
        if message.request != self._request or self._cancelling:
            return
        assert self._project is not None
        assert self._run is not None
        run = msgspec.structs.replace(self._run, step=message.step, spent=message.seconds)
        self._store.keep(self._project.folder, run, state)

    def _on_kept(self, _run: UnfinishedRun) -> None:
        self._tries = 0

    def _on_unusable(self, message: Unusable) -> None:
        if message.request == self._request and self._project is not None:
            self._store.set_aside(self._project.folder)
            self.failed.emit(UserError(message.what, path=message.path, remedy=message.remedy))

    def _on_trained(self, trained: Trained, card: bytes, weights: bytes) -> None:
        project, run = self._project, self._run
        if trained.request != self._request or project is None or run is None:
            return
        scores = Scores.of_card(card)
        if scores is not None and run.model == run.proposing and _in_vain(scores, card):
            self._leave()
            self._store.drop(project.folder)
            self.unimproved.emit(scores.before)
            return
        try:
            revision = store_taught(
                project,
                weights,
                card,
                promoted=promotes(card),
                instead_of=run.proposing,
                begun_with=run.chosen,
            )
        except UserError as error:
            self._end(str(error), keep=True)
            return
        self._choice.changed.emit()
        self._leave()
        self._store.drop(project.folder)
        (self.finished if revision.promoted else self.kept).emit(revision)

    def _on_cancelled(self, request: int) -> None:
        if request == self._request:
            self._interrupt("")  # not asked for: another device was chosen

    def _on_crashed(self, _what: str) -> None:
        self._crashed = self._request is not None  # `failed` follows

    def _on_failed(self, failure: Failed) -> None:
        if failure.request != self._request:
            return
        error = UserError(failure.what, path=failure.path, remedy=failure.remedy)
        if self._crashed:
            self._interrupt(str(error))
        else:
            self._end(str(error), keep=True)  # of what it had learnt nothing is lost


def _in_vain(scores: Scores, card: bytes) -> bool:
    """Nothing was learnt that is worth a revision."""
    return not scores.learnt or (scores.after <= scores.before and not promotes(card))


def _names(project: Project) -> tuple[str, ...]:
    """The classes as the network counts them."""
    return tuple(cls.name for cls in project.class_list.dense_classes)


def _anew(run: UnfinishedRun) -> UnfinishedRun:
    return msgspec.structs.replace(run, sha256="", step=0, spent=0.0)
