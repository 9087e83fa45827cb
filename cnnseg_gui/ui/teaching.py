"""Between the teaching panel and the fine-tune: what the person asks, sees and is told."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.revisions import Revision
from cnnseg_gui.core.scores import Scores, trust, verdict_of
from cnnseg_gui.core.unfinished import UnfinishedRun
from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.editor.material import Material
from cnnseg_gui.editor.model_choice import ModelChoice, network_of
from cnnseg_gui.editor.proposing import Proposing
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.panels.training import TrainingPanel
from cnnseg_gui.ui.teaching_story import TeachingStory

_log = logging.getLogger("cnnseg")
_BORDERS, _YES = "borders", "yes"  # a setting of the project


class Teaching(QObject):
    """Keeps the panel and the Teach action in step with project and fine-tune."""

    said = Signal(str)
    """A line for the banner."""

    def __init__(
        self,
        panel: TrainingPanel,
        actions: Actions,
        workspace: Workspace,
        choice: ModelChoice,
        material: Material,
        fine_tuning: FineTuning,
        proposing: Proposing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._panel, self._actions = panel, actions
        self._workspace, self._choice, self._material = workspace, choice, material
        self._fine_tuning, self._proposing = fine_tuning, proposing
        self._story = TeachingStory(panel.run, fine_tuning, self)
        self._project: Project | None = None
        panel.teach_asked.connect(self._teach)
        panel.cancel_asked.connect(fine_tuning.cancel)
        panel.go_on_asked.connect(fine_tuning.go_on)
        panel.discard_asked.connect(fine_tuning.discard)
        panel.borders_chosen.connect(self._keep_borders)
        workspace.project_changed.connect(self._show_project)
        workspace.classes_changed.connect(self._show_material)
        material.changed.connect(self._show_material)
        fine_tuning.started.connect(self._on_started)
        fine_tuning.progressed.connect(panel.run.show_progress)
        fine_tuning.resumed.connect(panel.show_note)
        fine_tuning.lightened.connect(panel.show_note)
        fine_tuning.interrupted.connect(self._show_interrupted)
        fine_tuning.failed.connect(self._on_failed)
        fine_tuning.finished.connect(self._on_finished)
        fine_tuning.kept.connect(self._on_kept)
        choice.changed.connect(self._show_model)
        fine_tuning.unimproved.connect(self._on_unimproved)
        fine_tuning.stopped.connect(self._on_stopped)
        self._show_project()

    def _teach(self, seconds: int) -> None:
        self._fine_tuning.start(seconds=seconds, borders=self._panel.borders.isChecked())

    def _keep_borders(self, stressed: bool) -> None:
        project = self._workspace.project
        if project is None:
            return
        try:
            project.set_setting(_BORDERS, _YES if stressed else "")
        except UserError as error:
            self.said.emit(str(error))

    def _show_project(self) -> None:
        project = self._workspace.project
        if project is not self._project:
            self._project = project
            self._panel.run.forget()
        if project is not None:
            self._show_model()
            self._panel.show_borders(project.setting(_BORDERS) == _YES)
        if not self._fine_tuning.running:
            self._panel.show_idle()
        self._show_material()

    def _show_material(self) -> None:
        project = self._workspace.project
        classes = project.classes if project else ()
        running, missing = self._fine_tuning.running, self._material.missing
        why_not = "It is learning; Cancel stops it" if running else missing
        self._actions.explain("teach", why_not)
        self._panel.show_material(self._material.found, classes)
        self._panel.show_teach(possible=not missing, tip=self._actions["teach"].toolTip())
        self._actions["teach"].setEnabled(self._panel.teach.isEnabled())
        self._actions["cancel_teaching"].setEnabled(running)

    def _show_interrupted(self, run: UnfinishedRun | None) -> None:
        said = ""
        if run is not None:
            said = f"A fine-tune was interrupted: {run.left:.0f} of {run.seconds:.0f} s are left."
        self._panel.show_interrupted(said)

    def _on_failed(self, error: UserError) -> None:
        _log.warning("%s", error)
        self._panel.show_note(str(error))
        self._panel.run.say(str(error))
        self.said.emit(str(error))

    def _on_started(self) -> None:
        project = self._workspace.project
        assert project is not None
        self._panel.show_started(project.class_list.dense_classes)
        self._story.begin(_in_words(self._choice.teaching, self._choice.revisions()))
        self._show_material()

    def _end(self, outcome: str) -> None:
        self._panel.show_idle(outcome)
        self._panel.run.say(outcome)
        self._show_material()

    def _on_finished(self, revision: Revision) -> None:
        _log.info("revision %s is stored and proposes now", revision.name)
        scores = Scores.of_card(revision.card)
        learnt = f": held-out IoU {scores.before:.2f} → {scores.after:.2f}" if scores else ""
        verdict = verdict_of(revision.card)
        said = f" {verdict.sentence()}." if verdict else ""
        self._end(f"Learnt{learnt}. Revision {revision.name} proposes now.{said}")
        self._proposing.refresh()

    def _show_model(self) -> None:
        """What proposes, and what is taught next."""
        revision, starter = self._choice.revision, self._choice.starter
        if revision is None:
            proposing = f"the starter {starter}"
        else:
            title = f" “{revision.title}”" if revision.title else ""
            known = f"{network_of(revision)}, {trust(revision.card)}"
            proposing = f"revision {revision.name}{title}, {known}"
        chosen = self._choice.chosen
        named = _in_words(chosen, self._choice.revisions())
        if chosen and chosen == self._choice.proposing:
            proposing = named
        self._panel.show_model(proposing, named or "what proposes")

    def _on_kept(self, revision: Revision) -> None:
        scores, verdict = Scores.of_card(revision.card), verdict_of(revision.card)
        if verdict is not None and not verdict.promotes:
            why = f"{verdict.sentence()}: what proposed before stays"
        elif scores is not None and scores.worse and scores.proposing is not None:
            why = (
                f"{network_of(revision)} has come to a held-out IoU of {scores.after:.2f}; what "
                f"proposes has {scores.proposing:.2f} and stays"
            )
        else:
            why = "Another model was chosen meanwhile, and stays"
        self._end(f"{why}. What was learnt is kept as {revision.name}.")

    def _on_unimproved(self, iou: float) -> None:
        self._end(
            f"No better on the held-out images (IoU {iou:.2f}): the model before it stays. "
            "Correct more images, or teach for longer."
        )

    def _on_stopped(self, reason: str) -> None:
        self._end(reason or "Cancelled; the model before it stays.")
        if reason:
            self.said.emit(reason)


def _in_words(model: str, revisions: list[Revision]) -> str:
    """A model as in `messages.Propose`, for a person."""
    kind, _, name = model.partition(":")
    if kind == "weights":
        return next((f"revision {r.name}" for r in revisions if r.sha256 == name), "a revision")
    network, _, options = name.partition("?")
    said = [part.replace("=", " ") for part in options.split("&") if part and "from=" not in part]
    text = ", ".join([network, *said])
    return f"the starter {text}" if kind == "starter" else text
