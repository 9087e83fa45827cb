"""The queue: looks at images in the background, and orders them by what helps most."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_doubts import ImageDoubt, doubt_of, reading_doubts
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.queue_order import Queue, queue_order
from cnnseg_gui.editor.beside_proposals import BesideProposal, BesideProposals
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import Proposing, too_large
from cnnseg_gui.editor.workspace import Workspace

LOOKED_AT = 256
"""Images that each revision is asked about, drawn at random where there are more."""

_log = logging.getLogger("cnnseg")
_SETTING, _HELPS_MOST = "image_order", "helps most"
_ORDER_EVERY = 16  # images looked at
_WAIT_MS = 1000  # while a fine-tune runs, it is given the processor
_LARGEST = 24_000_000  # pixels of an image that is looked at beside the rest


class Queueing(QObject):
    """Keeps an order of the images while it is wanted."""

    changed = Signal()
    """It is wanted now, or no longer."""
    ordered = Signal(object)
    """Queue."""
    progressed = Signal(int, int)
    """Images looked at, and to be looked at, with the model that proposes now."""

    def __init__(
        self,
        workspace: Workspace,
        choice: ModelChoice,
        proposing: Proposing,
        beside: BesideProposals,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._choice = workspace, choice
        self._proposing, self._beside = proposing, beside
        self._left: list[int] = []
        self._total = self._done = 0
        self._request: int | None = None
        self._model = ""
        self.may_look: Callable[[], bool] = lambda: True
        """Whether the processor is free enough to look at images now."""
        self._next_look = QTimer(self)
        self._next_look.setSingleShot(True)
        self._next_look.timeout.connect(self._look)
        workspace.project_changed.connect(self._begin)
        choice.changed.connect(self._begin_if_other_model)
        workspace.images_added.connect(lambda _: self._begin())
        proposing.finished.connect(self._note_shown)

    @property
    def wanted(self) -> bool:
        """The images are to be in the order of what helps most."""
        project = self._workspace.project
        return project is not None and project.setting(_SETTING) == _HELPS_MOST

    def want(self, wanted: bool) -> None:
        """Chooses between that order and the folder's; remembered with the project.

        Raises:
            UserError: it could not be stored.
        """
        project = self._workspace.project
        if project is not None and wanted != self.wanted:
            project.set_setting(_SETTING, _HELPS_MOST if wanted else "")
            self._begin()

    def order(self) -> None:
        """Orders anew, in a worker; `ordered` follows."""
        project = self._workspace.project
        if project is None or not self.wanted:
            return
        path = project.path
        in_background(
            lambda: _ordered(path),
            parent=self,
            done=lambda queue: self._show(project, queue),
            failed=_missed,
        )

    # ------------------------------------------------------------------ looking at images

    def _begin_if_other_model(self) -> None:
        if self._choice.proposing != self._model:
            self._begin()

    def _begin(self) -> None:
        """Finds out which images the model of now has not proposed for."""
        self._stop()
        self.changed.emit()
        project = self._workspace.project
        if project is None or not self.wanted:
            return
        self._model = self._choice.proposing
        path, revision = project.path, revision_key(self._model)
        in_background(
            lambda: _out_of_date(path, revision),
            parent=self,
            done=lambda ids: self._take_list(project, revision, ids),
            failed=_missed,
        )
        self.order()

    def _stop(self) -> None:
        self._next_look.stop()
        if self._request is not None:
            self._beside.cancel(self._request)
            self._request = None
        self._left, self._done, self._total = [], 0, 0

    def _take_list(self, project: Project, revision: str, ids: list[int]) -> None:
        current = project is self._workspace.project and revision == revision_key(self._model)
        if current and self.wanted and self._request is None:
            self._left, self._total, self._done = ids[::-1], len(ids), 0
            self.progressed.emit(0, self._total)
            self._look()

    def _look(self) -> None:
        """Asks about the next image."""
        project = self._workspace.project
        if project is None or self._request is not None or not self._left:
            return
        if not self.may_look():
            self._next_look.start(_WAIT_MS)
            return
        try:
            record = project.image(self._left[-1])
        except (UserError, KeyError):
            self._skip(None)
            return
        if too_large(record) or record.height * record.width > _LARGEST:
            self._skip(None)
            return
        self._request = self._beside.ask(
            record,
            self._model,
            mapping=self._choice.mapping,
            done=self._on_proposed,
            failed=self._skip,
            embed=True,
        )

    def _on_proposed(self, proposal: BesideProposal) -> None:
        """What the revision before says of it is asked next, where there is one."""
        self._request = None
        project, before = self._workspace.project, self._before()
        if project is None:
            return
        if before is None:
            self._keep(proposal, None)
            return
        self._request = self._beside.ask(
            project.image(proposal.image_id),
            before,
            mapping=self._choice.mapping,
            done=lambda older: self._keep(proposal, older),
            failed=lambda _: self._keep(proposal, None),
        )

    def _keep(self, proposal: BesideProposal, older: BesideProposal | None) -> None:
        self._request = None
        project = self._workspace.project
        if project is None:
            return
        before = None if older is None else older.classes

        def measure() -> ImageDoubt:
            return doubt_of(
                proposal.image_id,
                revision_key(proposal.model),
                proposal.classes,
                proposal.confidence,
                before=before,
                embedding=proposal.embedding,
            )

        in_background(
            measure, parent=self, done=lambda doubt: self._note(project, doubt), failed=self._skip
        )

    def _note(self, project: Project, doubt: ImageDoubt) -> None:
        if project is self._workspace.project:
            _store(project, doubt)
            self._skip(None)

    def _skip(self, error: UserError | None) -> None:
        """On to the next image."""
        self._request = None
        if error is not None:
            _missed(error)
        if not self._left:
            return
        self._left.pop()
        self._done += 1
        self.progressed.emit(self._done, self._total)
        if not self._left or self._done % _ORDER_EVERY == 0:
            self.order()
        self._next_look.start(0)

    def _before(self) -> str | None:
        """What proposed before the model of now; None where nothing did."""
        if not self._model.startswith("weights:"):
            return None
        promoted = sorted(
            (revision for revision in self._choice.revisions() if revision.promoted),
            key=lambda revision: revision.promoted,
        )
        older = [r for r in promoted if f"weights:{r.sha256}" != self._model]
        return f"weights:{older[-1].sha256}" if older else f"starter:{self._choice.starter}"

    # ------------------------------------------------------------------ the shown image

    def _note_shown(self, _seconds: float) -> None:
        """The shown image has just been proposed for: that is a look, too."""
        project, document = self._workspace.project, self._workspace.document
        if project is None or document is None or not document.proposal_complete:
            return
        if document.mask.shape[0] * document.mask.shape[1] > _LARGEST:
            return
        image_id, revision = document.record.id, revision_key(self._proposing.model)
        bounds, proposal = document.mask.bounds, document.proposal
        classes, confidence = proposal.classes.snapshot(), proposal.confidence

        def measure() -> ImageDoubt:
            return doubt_of(image_id, revision, classes.read(bounds), confidence.read(bounds))

        in_background(
            measure,
            parent=self,
            done=lambda doubt: _store(project, doubt) if self._has(project) else None,
            failed=_missed,
        )

    def _has(self, project: Project) -> bool:
        return project is self._workspace.project

    def _show(self, project: Project, queue: Queue) -> None:
        if self._has(project) and self.wanted:
            self.ordered.emit(queue)


def revision_key(model: str) -> str:
    """What doubts are stored under: the sha256 of the weights, or a starter's name."""
    return model.removeprefix("weights:")


def _ordered(path: Path) -> Queue:
    with reading_doubts(path) as doubts:
        return queue_order(doubts.waiting(), doubts.seen())


def _out_of_date(path: Path, revision: str) -> list[int]:
    with reading_doubts(path) as doubts:
        ids = doubts.out_of_date(revision, most=2**31)
    if len(ids) <= LOOKED_AT:
        return ids
    chosen = np.random.default_rng(0).choice(len(ids), LOOKED_AT, replace=False)
    return [ids[place] for place in chosen]


def _store(project: Project, doubt: ImageDoubt) -> None:
    try:
        project.doubts.note([doubt])
    except UserError as error:
        _missed(error)


def _missed(error: UserError) -> None:
    """The order is a help; nothing depends on it."""
    _log.debug("an image was not looked at for the queue: %s", error)
