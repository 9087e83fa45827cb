"""Between what was learnt and the person: revisions, effort, the label inbox and batches."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.batch import Batch, BatchRun
from cnnseg_gui.editor.beside_proposals import BesideProposals
from cnnseg_gui.editor.export_proposing import ExportProposing
from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.editor.inbox import Inbox, Suspect
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import Proposing
from cnnseg_gui.editor.queueing import Queueing
from cnnseg_gui.editor.revision_facts import RevisionFacts, facts_of, forecast_of
from cnnseg_gui.editor.revision_looks import CardPictures, RevisionLooks
from cnnseg_gui.editor.tool_choice import ToolChoice
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, State
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.inbox_pictures import InboxPictures
from cnnseg_gui.ui.ordering import Ordering
from cnnseg_gui.ui.panels.batch import BatchPanel
from cnnseg_gui.ui.panels.effort import EffortPanel
from cnnseg_gui.ui.panels.images import ImagesPanel
from cnnseg_gui.ui.panels.inbox import InboxPanel
from cnnseg_gui.ui.panels.revisions import PICTURE, RevisionsPanel
from cnnseg_gui.ui.panels.small_pictures import overlaid

_AFTER_MS = 400  # gestures in quick succession are counted once


class ReviewPanels:
    """The panels, by the titles of their docks."""

    def __init__(self) -> None:
        self.revisions, self.effort = RevisionsPanel(), EffortPanel()
        self.inbox, self.batch = InboxPanel(), BatchPanel()

    @property
    def by_title(self) -> dict[str, QWidget]:
        return {
            "Revisions": self.revisions,
            "Effort": self.effort,
            "Slips": self.inbox,
            "Batch": self.batch,
        }


class Reviewing(QObject):
    """Keeps the panels in step with the project."""

    said = Signal(str)
    """A line for the banner."""
    failed = Signal(object)
    """UserError."""

    def __init__(
        self,
        panels: ReviewPanels,
        images: ImagesPanel,
        blink: QAction,
        canvas: CanvasView,
        workspace: Workspace,
        choice: ModelChoice,
        engine: EngineClient,
        proposing: Proposing,
        fine_tuning: FineTuning,
        tools: ToolChoice,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._panels, self._images, self._canvas = panels, images, canvas
        self._workspace, self._choice, self._fine_tuning = workspace, choice, fine_tuning
        beside = BesideProposals(workspace, engine, self)
        self.export_proposing = ExportProposing(workspace, choice, beside, self)
        self.queueing = Queueing(workspace, choice, proposing, beside, self)
        self.queueing.may_look = lambda: (
            engine.state == State.READY
            and not (fine_tuning.running or proposing.running or self.batch.running)
        )
        self.ordering = Ordering(images, self.queueing, workspace, self)
        self.looks = RevisionLooks(workspace, choice, proposing, beside, self)
        self.inbox = Inbox(workspace, choice, engine, self, locked=lambda: tools.locked)
        self.batch = Batch(workspace, choice, beside, self)
        self._visited: Suspect | None = None
        self._facts: list[RevisionFacts] = []
        self._pictures = InboxPictures(panels.inbox, self)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_AFTER_MS)
        self._soon.timeout.connect(self._show_work)
        self._connect_revisions(blink)
        self._connect_inbox()
        self._connect_batch()
        self.ordering.failed.connect(self.failed)
        self.looks.failed.connect(self.failed)
        workspace.image_changed.connect(lambda _: self._soon.start())
        for panel in (panels.effort, panels.inbox):
            panel.shown.connect(self._show_work)
        workspace.project_changed.connect(self.refresh)
        workspace.classes_changed.connect(self.refresh)
        fine_tuning.finished.connect(lambda _: self.refresh())
        fine_tuning.kept.connect(lambda _: self.refresh())
        choice.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Shows the revisions that there are now, and the rest."""
        project = self._workspace.project
        self._panels.batch.show_open(project is not None)
        if project is None:
            self._panels.revisions.show_revisions([])
            self._panels.effort.show_effort([], None)
            self._panels.inbox.show_possible(0)
            return
        try:
            self._facts = facts_of(self._choice.revisions(), self._choice.proposing_revision)
            names = self._names_of({key for one in self._facts for key in one.by_image})
        except UserError as error:
            self.failed.emit(error)
            return
        self._panels.revisions.show_revisions(self._facts, names)
        self._panels.inbox.show_classes({cls.index: cls.name for cls in project.classes})
        self._show_work()

    def _show_work(self) -> None:
        """What every gesture changes: asked only for panels that are seen."""
        project, panels = self._workspace.project, self._panels
        if project is None:
            return
        try:
            if panels.effort.isVisible():
                panels.effort.show_effort(project.effort.all(), forecast_of(self._facts))
            if panels.inbox.isVisible():
                material = self._fine_tuning.training_set()
                panels.inbox.show_possible(material.images + material.held_out)
        except UserError as error:
            self.failed.emit(error)

    # ------------------------------------------------------------------ revisions

    def _connect_revisions(self, blink: QAction) -> None:
        panel = self._panels.revisions
        panel.use_asked.connect(self._use)
        panel.blink_asked.connect(self._blink)
        panel.chosen.connect(self._show_card)
        blink.triggered.connect(lambda: self._blink(panel.chosen_name))
        self.looks.blinked.connect(self._show_blinked)

    def _use(self, name: str) -> None:
        project = self._workspace.project
        if project is None:
            return
        try:
            self._choice.go_back_to(project.revisions.named(name))
        except UserError as error:
            self.failed.emit(error)
            return
        self.refresh()
        self.said.emit(f"Revision {name} proposes now.")

    def _blink(self, name: str) -> None:
        project, current = self._workspace.project, self._choice.revision
        if project is None or not name or current is None:
            self.looks.rest()
            self._panels.revisions.show_blinked("")
            if current is None:
                self.said.emit("There is no revision to compare with yet: teach the network.")
            return
        chosen = project.revisions.named(name)
        if name == current.name:  # nothing else is chosen: what it was taught from
            self.looks.blink(self.looks.model_before(chosen), f"what {name} was taught from")
        else:
            self.looks.blink(f"weights:{chosen.sha256}", name)

    def _show_blinked(self, name: str) -> None:
        self._panels.revisions.show_blinked(name)
        self.said.emit(f"Shown: {name}. Blink again for what proposes." if name else "")

    def _show_card(self, name: str) -> None:
        project = self._workspace.project
        if project is None or not self._panels.revisions.isVisible():
            return
        panel = self._panels.revisions

        def show(found: CardPictures | None) -> None:
            if panel.chosen_name != name:
                return
            if found is None:
                panel.show_pictures("")
                return
            colours = {cls.index: cls.colour for cls in project.classes}
            pictures = [
                overlaid(found.image, classes, colours, most=PICTURE)
                for classes in (None, found.mask, found.before, found.after)
            ]
            panel.show_pictures(f"On {found.record.name}:", pictures)

        panel.show_pictures("Pictures are being made …")
        try:
            self.looks.pictures(project.revisions.named(name), show)
        except UserError as error:
            self.failed.emit(error)

    def _names_of(self, keys: set[str]) -> dict[str, str]:
        """The names of images by their content."""
        project, names = self._workspace.project, {}
        for key in keys:
            try:
                if project is not None:
                    names[key] = project.find_image(key.partition("#")[0]).name
            except UserError:
                continue  # it is not in the project any more
        return names

    # ------------------------------------------------------------------ slips of the hand

    def _connect_inbox(self) -> None:
        panel, inbox = self._panels.inbox, self.inbox
        panel.look_asked.connect(lambda seconds: inbox.look(seconds=seconds))
        panel.cancel_asked.connect(inbox.cancel)
        panel.keep_asked.connect(inbox.keep)
        panel.change_asked.connect(inbox.change)
        panel.visited.connect(self._visit)
        inbox.started.connect(self._on_looking)
        inbox.progressed.connect(
            lambda p: panel.show_progress(
                p.seconds / max(1e-9, p.seconds + p.seconds_left), p.seconds_left
            )
        )
        inbox.found.connect(panel.add)
        inbox.found.connect(self._pictures.make)
        inbox.settled.connect(panel.remove)
        inbox.finished.connect(self._on_looked)
        inbox.stopped.connect(self._on_look_stopped)
        inbox.failed.connect(self.failed)
        self._workspace.project_changed.connect(panel.clear)
        self._workspace.document_changed.connect(self._show_visited)

    def _on_looking(self) -> None:
        self._panels.inbox.clear()
        self._panels.inbox.show_running(True)

    def _on_looked(self) -> None:
        self._panels.inbox.show_running(False)
        count = len(self._panels.inbox.suspects)
        found = f"{count} region{'' if count == 1 else 's'} to look at, the weightiest first."
        self._panels.inbox.show_said(found if count else "No mask is confidently contradicted.")

    def _on_look_stopped(self, reason: str) -> None:
        self._panels.inbox.show_running(False)
        self._panels.inbox.show_said(reason or "Cancelled.")

    def _visit(self, suspect: Suspect) -> None:
        """Shows its image and brings it to the middle."""
        self._visited = suspect
        document = self._workspace.document
        if document is not None and document.record.id == suspect.record.id:
            self._show_visited()
        else:
            self._workspace.open_image(suspect.record.id)

    def _show_visited(self) -> None:
        document, visited = self._workspace.document, self._visited
        if document is None or visited is None or document.record.id != visited.record.id:
            return
        self._visited = None
        QTimer.singleShot(0, self, lambda: self._canvas.show_place(visited.rect))

    # ------------------------------------------------------------------ batches

    def _connect_batch(self) -> None:
        panel, batch = self._panels.batch, self.batch
        panel.start_asked.connect(self._start_batch)
        panel.cancel_asked.connect(batch.cancel)
        panel.go_on_asked.connect(batch.go_on)
        panel.discard_asked.connect(batch.discard)
        batch.started.connect(lambda: panel.show_running(True))
        batch.progressed.connect(panel.show_progress)
        batch.finished.connect(self._on_batch_finished)
        batch.interrupted.connect(self._on_batch_interrupted)
        batch.failed.connect(self.failed)

    def _start_batch(self, only_listed: bool) -> None:
        chosen = self._images.listed() if only_listed else []
        if only_listed and not chosen:
            self.said.emit("The list of images shows none.")
            return
        try:
            self.batch.start(
                above=self._panels.batch.above, total=self._images.not_approved, images=chosen
            )
        except UserError as error:
            self.failed.emit(error)

    def _on_batch_finished(self, run: BatchRun, pixels: int, refused: int) -> None:
        panel = self._panels.batch
        panel.show_running(False)
        parts = [f"{_spaced(run.proposed)} images proposed"]
        if run.above is not None:
            parts.append(f"{_spaced(pixels)} pixels accepted")
        if refused:
            parts.append(f"{_spaced(refused)} images could not be proposed")
        panel.show_said(f"{', '.join(parts)}.")
        self.queueing.order()

    def _on_batch_interrupted(self, run: BatchRun | None) -> None:
        if not self.batch.running:
            self._panels.batch.show_running(False)
        self._panels.batch.show_interrupted(run)


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
