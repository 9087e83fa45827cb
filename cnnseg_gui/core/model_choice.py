"""Which model proposes in a project, and which one the next fine-tune begins from.

The current revision proposes, or the starter where there is none. A person may have chosen another
model to begin with next; one that knows something already proposes until then. Models are named as
in `messages.Propose`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from cnnseg_gui.core.model_classes import MAPPING
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.revisions import Revision

DEFAULT_STARTER = "fcn-lite0"
_STARTER, _BEGIN, _KNOWS = "starter", "begin_with", "begin_knows"  # settings of the project


def starter(project: Project) -> str:
    """The name of the starter that a project begins from."""
    return project.setting(_STARTER, DEFAULT_STARTER)


def chosen(project: Project) -> str:
    """What the next fine-tune begins with instead of what proposes; empty: nothing else."""
    return project.setting(_BEGIN)


def proposing(project: Project) -> str:
    """What proposes."""
    return chosen(project) if _chosen_proposes(project) else own_model(project)


def proposing_revision(project: Project) -> Revision | None:
    """The revision that proposes; None where something else does."""
    return None if _chosen_proposes(project) else project.revisions.current


def own_model(project: Project) -> str:
    """The current revision, or the starter: what proposes where nothing else is chosen."""
    current = project.revisions.current
    return f"weights:{current.sha256}" if current else f"starter:{starter(project)}"


def in_words(model: str) -> str:
    """A model that is no revision, for people."""
    kind, _, name = model.partition(":")
    return f"the {'starter' if kind == 'starter' else 'network'} {name.partition('?')[0]}"


def choose(
    project: Project, model: str, *, knows: bool = False, mapping: Mapping[str, str] | None = None
) -> None:
    """Begins with another model from the next fine-tune on; "" goes back to what proposes.

    Args:
        knows: it can propose before it is taught.
        mapping: names of its classes by the project's.

    Raises:
        UserError: it could not be stored.
    """
    with project.together():
        project.set_setting(MAPPING, json.dumps(dict(mapping or {})))
        project.set_setting(_KNOWS, "yes" if knows else "")
        project.set_setting(_BEGIN, model)


def propose_from_now(project: Project, name: str, *, patience: float = 0.0) -> Revision:
    """Makes a revision propose, whatever was chosen, and the next fine-tune begin from it.

    Args:
        name: as for `Revisions.named`.
        patience: as for `database.transaction`.

    Raises:
        UserError: there is no such revision, or it could not be stored.
    """
    with project.together(patience=patience):
        name = project.revisions.named(name).name
        project.revisions.promote(name)
        choose(project, "")
        return project.revisions.named(name)


def store_taught(
    project: Project,
    weights: bytes,
    card: bytes,
    *,
    promoted: bool,
    instead_of: str | None,
    begun_with: str | None = None,
    patience: float = 0.0,
) -> Revision:
    """Stores what a fine-tune has learnt and, in the same transaction, what follows from it.

    Args:
        weights: safetensors.
        card: JSON, UTF-8.
        promoted: it is to propose from now on.
        instead_of: what proposed as it began, which it was compared with. Where something else
            does by now, it is only kept. None: that was not asked for.
        begun_with: what was `chosen` as it began, which it went on from; where it still is, the
            next fine-tune goes on from what was learnt. None: the choice was passed over, and
            stays unless it would propose in place of what was learnt.
        patience: as for `database.transaction`.

    Raises:
        UserError: as `Revisions.add`.
    """
    with project.revisions.staged(weights, card) as staged, project.together(patience=patience):
        promoted = promoted and instead_of in (None, proposing(project))
        revision = project.revisions.insert(staged, promoted=promoted)
        if begun_with is not None and chosen(project) == begun_with:
            choose(project, "" if promoted else f"weights:{revision.sha256}")
        elif promoted and _chosen_proposes(project):
            choose(project, "")
        return revision


def _chosen_proposes(project: Project) -> bool:
    return bool(chosen(project) and project.setting(_KNOWS))
