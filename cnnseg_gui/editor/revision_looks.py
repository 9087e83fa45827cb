"""What two revisions propose for the same image: blinking between them, and cards' pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.pyramid import ImagePyramid
from cnnseg_gui.core.revisions import Revision
from cnnseg_gui.editor.beside_proposals import BesideProposal, BesideProposals
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import Proposing
from cnnseg_gui.editor.reading import load_image
from cnnseg_gui.editor.workspace import Workspace

LARGEST = 24_000_000
"""Pixels of an image that two revisions are compared on."""


@dataclass(frozen=True)
class CardPictures:
    """Of one image, uint8[H, W, 3] and uint8[H, W] each."""

    record: ImageRecord
    image: Pixels
    mask: Pixels
    before: Pixels
    after: Pixels


class RevisionLooks(QObject):
    """Proposes with any revision, for a card or for the shown image."""

    blinked = Signal(str)
    """What the canvas shows now instead of what proposes; empty: what proposes."""
    failed = Signal(object)
    """UserError."""

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
        self._beside = beside
        self._own: tuple[Pixels, Pixels] | None = None  # of the document that blinks
        self._document: Document | None = None
        self._other: BesideProposal | None = None
        self._other_name = ""
        self._request: int | None = None
        self._card: list[int] = []
        workspace.document_changed.connect(self._forget)
        choice.changed.connect(self._forget)
        proposing.started.connect(self._forget)
        workspace.image_changed.connect(self._forget_if_shown)

    # ------------------------------------------------------------------ blink

    @property
    def blinking(self) -> bool:
        """The canvas shows the other revision's proposal."""
        return self._own is not None

    def blink(self, model: str, name: str) -> None:
        """Shows what another model proposes for the shown image, or again what proposes."""
        document = self._workspace.document
        if self.blinking:
            self.rest()
        elif document is not None and document.proposal_complete and self._request is None:
            if self._other is not None and self._other.model == model:
                self._show(document)
            elif document.mask.shape[0] * document.mask.shape[1] <= LARGEST:
                self._ask(document, model, name)

    def rest(self) -> None:
        """Shows what proposes again."""
        document, own = self._document, self._own
        self._own = None
        if document is not None and own is not None:
            with suppress(RuntimeError):  # it may be gone by now
                document.show_proposal(0, 0, *own)
        if own is not None:
            self.blinked.emit("")

    def _ask(self, document: Document, model: str, name: str) -> None:
        def done(proposal: BesideProposal) -> None:
            self._request = None
            self._other, self._other_name = proposal, name
            if document is self._workspace.document and document.proposal_complete:
                self._show(document)

        def failed(error: UserError | None) -> None:
            self._request = None
            if error is not None:
                self.failed.emit(error)

        self._request = self._beside.ask(
            document.record, model, mapping=self._choice.mapping, done=done, failed=failed
        )

    def _show(self, document: Document) -> None:
        assert self._other is not None
        bounds = document.mask.bounds
        proposal = document.proposal
        self._document = document
        self._own = proposal.classes.read(bounds).copy(), proposal.confidence.read(bounds).copy()
        document.show_proposal(0, 0, self._other.classes, self._other.confidence)
        self.blinked.emit(self._other_name)

    def _forget_if_shown(self, image_id: int) -> None:
        """What is painted may be answered by other proposals."""
        document = self._workspace.document
        if document is not None and document.record.id == image_id:
            self._forget()

    def _forget(self) -> None:
        """Another image, or another proposal of it."""
        self.rest()
        if self._request is not None:
            self._beside.cancel(self._request)
        self._request = self._other = self._document = None

    # ------------------------------------------------------------------ cards

    def pictures(self, revision: Revision, done: Callable[[CardPictures | None], None]) -> None:
        """Image, mask, and what was proposed before and after, of an image it was checked on.

        `done` gets None where there is no image to show it on.
        """
        for request in self._card:
            self._beside.cancel(request)
        self._card = []
        project = self._workspace.project
        record = None if project is None else _telling_image(project, revision)
        if project is None or record is None:
            done(None)
            return
        found: dict[str, BesideProposal] = {}

        def take(which: str, proposal: BesideProposal) -> None:
            found[which] = proposal
            if len(found) == 2:
                self._card = []
                self._compose(project, record, found["before"], found["after"], done)

        def failed(_error: UserError | None) -> None:
            for request in self._card:
                self._beside.cancel(request)
            self._card = []
            done(None)

        models = {"before": self.model_before(revision), "after": f"weights:{revision.sha256}"}
        self._card = [
            self._beside.ask(
                record,
                model,
                mapping=self._choice.mapping,
                done=lambda proposal, which=which: take(which, proposal),  # type: ignore[misc]
                failed=failed,
            )
            for which, model in models.items()
        ]

    def model_before(self, revision: Revision) -> str:
        """What the revision was taught from; the starter where that is no revision."""
        parent = str(json.loads(revision.card).get("parent", ""))
        if any(known.sha256 == parent for known in self._choice.revisions()):
            return f"weights:{parent}"
        return f"starter:{self._choice.starter}"

    def _compose(
        self,
        project: Project,
        record: ImageRecord,
        before: BesideProposal,
        after: BesideProposal,
        done: Callable[[CardPictures | None], None],
    ) -> None:
        if project is not self._workspace.project:
            return
        try:
            mask = project.load_mask(record.id).to_array()
        except UserError as error:
            self.failed.emit(error)
            done(None)
            return

        def take(image: ImageSource) -> None:
            if isinstance(image, ImagePyramid):
                done(CardPictures(record, image.pixels, mask, before.classes, after.classes))
            else:
                done(None)

        in_background(
            lambda: load_image(record), parent=self, done=take, failed=lambda _error: done(None)
        )


def _telling_image(project: Project, revision: Revision) -> ImageRecord | None:
    """The held-out image that it changed most; any with decided pixels where none was held out."""
    scores = json.loads(revision.card).get("by_image") or {}
    ranked = sorted(scores, key=lambda key: -abs(scores[key][1] - scores[key][0]))
    for key in ranked:
        try:
            record = project.find_image(key.partition("#")[0])
        except UserError:
            continue
        if record.content == key and record.height * record.width <= LARGEST:
            return record
    for number in project.listing.decided():
        record = project.image(number)
        if record.height * record.width <= LARGEST:
            return record
    return None
