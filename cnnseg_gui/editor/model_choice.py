"""Which model proposes in the window's project, and which one is taught next."""

from __future__ import annotations

import json
from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core import model_choice
from cnnseg_gui.core.model_choice import DEFAULT_STARTER
from cnnseg_gui.core.model_classes import class_mapping
from cnnseg_gui.core.revisions import CARD, Revision
from cnnseg_gui.core.scores import promotes
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.resources import starter_folder


def network_of(revision: Revision) -> str:
    """The network's name, as its card has it."""
    return str(json.loads(revision.card).get("network", ""))


def starters() -> dict[str, str]:
    """What the models that ship with the program have learnt, by their names."""
    found = {}
    for path in sorted(starter_folder().glob(f"*/{CARD}")):
        card = json.loads(path.read_bytes())
        found[path.parent.name] = f"Knows {', '.join(card['classes'])}. Learnt from {card['data']}."
    return found


class ModelChoice(QObject):
    """The project's revision, or what a person has chosen to begin with instead.

    Models are named as in `messages.Propose`. A network that knows nothing yet does not propose:
    the one before it goes on doing so until the new one is taught.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        workspace.project_changed.connect(self.changed)

    @property
    def revision(self) -> Revision | None:
        """The current one."""
        project = self._workspace.project
        return project.revisions.current if project else None

    def revisions(self) -> list[Revision]:
        """All that the project has, oldest first."""
        project = self._workspace.project
        return project.revisions.all() if project else []

    @property
    def proposing_revision(self) -> Revision | None:
        """The one that proposes; None where something else does."""
        project = self._workspace.project
        return model_choice.proposing_revision(project) if project else None

    @property
    def starter(self) -> str:
        """The name of the starter that this project begins from."""
        project = self._workspace.project
        return model_choice.starter(project) if project else DEFAULT_STARTER

    @property
    def chosen(self) -> str:
        """What the next fine-tune begins with instead of what proposes; empty: nothing else."""
        project = self._workspace.project
        return model_choice.chosen(project) if project else ""

    @property
    def proposing(self) -> str:
        """What proposes."""
        project = self._workspace.project
        return model_choice.proposing(project) if project else f"starter:{DEFAULT_STARTER}"

    @property
    def teaching(self) -> str:
        """What the next fine-tune begins from."""
        return self.chosen or self.proposing

    @property
    def answering(self) -> str:
        """What answers while somebody paints: what is taught next, unless it was refused.

        A revision that held-out pixels did not call better is learnt on from, but what a person
        sees is of the one that proposes.
        """
        kind, _, sha256 = self.teaching.partition(":")
        if kind != "weights" or self.teaching == self.proposing:
            return self.teaching
        refused = any(r.sha256 == sha256 and not promotes(r.card) for r in self.revisions())
        return self.proposing if refused else self.teaching

    @property
    def mapping(self) -> dict[str, str]:
        """Names of the model's classes by the project's, where they are others."""
        project = self._workspace.project
        return class_mapping(project, self.revision) if project else {}

    def choose(
        self, model: str, *, knows: bool = False, mapping: Mapping[str, str] | None = None
    ) -> None:
        """Begins with another model from the next fine-tune on; "" goes back to what proposes.

        Args:
            model: as in `messages.Propose`.
            knows: it can propose before it is taught.
            mapping: names of its classes by the project's.

        Raises:
            UserError: it could not be stored.
        """
        project = self._workspace.project
        if project is not None:
            model_choice.choose(project, model, knows=knows, mapping=mapping)
            self.changed.emit()

    def go_back_to(self, revision: Revision) -> None:
        """Makes an older revision propose, and the next fine-tune begin from it.

        Raises:
            UserError: it could not be stored.
        """
        project = self._workspace.project
        if project is not None:
            model_choice.propose_from_now(project, revision.name)
            self.changed.emit()
