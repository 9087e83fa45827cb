"""What the current model proposes, for a thread that writes an export."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.editor.beside_proposals import BesideProposal, BesideProposals
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import too_large
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.formats.export import ExportStopped, Proposer
from cnnseg_gui.formats.export_job import ExportItem

_LOOK_S = 0.1  # how often a waiting thread looks whether it should stop


@dataclass(eq=False)
class _Wanted:
    """An image that a thread waits for."""

    item: ExportItem
    record: ImageRecord | None
    ready: threading.Event = field(default_factory=threading.Event)
    classes: Pixels | None = None
    """As proposed: mask values of the project."""
    error: UserError | None = None
    request: int | None = None


class ExportProposing(QObject):
    """Lives in the window's thread; asks the engine for one image at a time."""

    _wanted = Signal(object)
    _left = Signal(object)

    def __init__(
        self,
        workspace: Workspace,
        choice: ModelChoice,
        beside: BesideProposals,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._choice, self._beside = workspace, choice, beside
        self._wanted.connect(self._ask, Qt.ConnectionType.QueuedConnection)
        self._left.connect(self._cancel, Qt.ConnectionType.QueuedConnection)

    @property
    def name(self) -> str:
        """Of what proposes: a revision with the beginning of its hash, or a starter."""
        revision = self._choice.revision
        if revision is not None and self._choice.proposing == f"weights:{revision.sha256}":
            return f"{revision.name} ({revision.sha256[:12]})"
        return self._choice.proposing.replace(":", " ")

    def proposer(self, should_stop: Callable[[], bool]) -> Proposer:
        """Fills undecided pixels; its `propose` is for another thread than the window's.

        It raises `ExportStopped` where it should stop, and the UserError of an image that the
        engine cannot propose.
        """

        project = self._workspace.project
        records = {
            (record.path, record.page, record.sha256): record
            for record in (project.images() if project is not None else ())
        }
        dense = np.empty(0, np.uint8) if project is None else project.class_list.dense

        def propose(item: ExportItem, pixels: Pixels) -> Pixels:
            wanted = _Wanted(item, records.get((item.image, item.page or 0, item.sha256)))
            self._wanted.emit(wanted)
            while not wanted.ready.wait(_LOOK_S):
                if should_stop():
                    self._left.emit(wanted)
                    raise ExportStopped
            if wanted.error is not None:
                raise wanted.error
            if wanted.classes is None:
                raise ExportStopped
            return dense[wanted.classes]  # as the export knows them, whatever is edited meanwhile

        return Proposer(self.name, propose)

    # ------------------------------------------------------------------ in the window's thread

    def _ask(self, wanted: _Wanted) -> None:
        project, record = self._workspace.project, wanted.record
        if project is None or record is None:
            self._refuse(wanted, "the image is no longer in the project", "Export again.")
            return
        if too_large(record):
            self._refuse(wanted, "the image is too large to be proposed", "Decide it by hand.")
            return

        def done(proposal: BesideProposal) -> None:
            wanted.classes = proposal.classes
            wanted.ready.set()

        def failed(error: UserError | None) -> None:
            wanted.error = error
            wanted.ready.set()

        wanted.request = self._beside.ask(
            record,
            self._choice.proposing,
            mapping=self._choice.mapping,
            done=done,
            failed=failed,
        )

    def _cancel(self, wanted: _Wanted) -> None:
        if wanted.request is not None:
            self._beside.cancel(wanted.request)

    @staticmethod
    def _refuse(wanted: _Wanted, what: str, remedy: str) -> None:
        wanted.error = UserError(what, path=wanted.item.image, remedy=remedy)
        wanted.ready.set()
