"""Which classes of a model the project's go on with: the same in the window and in all commands."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.revisions import Revision

MAPPING = "class_mapping"
"""The setting of a project that holds what a person has matched by hand, as JSON."""


def class_mapping(project: Project, revision: Revision | None) -> dict[str, str]:
    """Names of the model's classes by the project's, as `learning.model.adapt` takes them.

    A class that was renamed goes on with what the revision learnt under a former name; what a
    person has matched by hand goes before that.

    Raises:
        UserError: the project cannot be read.
    """
    return {**_renamed(project.classes, revision), **_by_hand(project.setting(MAPPING))}


def _renamed(classes: Sequence[PixelClass], revision: Revision | None) -> dict[str, str]:
    """The revision's names of those classes that it knows under a former one only."""
    if revision is None:
        return {}
    known = set(json.loads(revision.card).get("classes", ()))
    found = {}
    for cls in classes:
        former = [name for name in cls.former if name in known]
        if cls.name not in known and former:
            found[cls.name] = former[-1]
    return found


def _by_hand(stored: str) -> dict[str, str]:
    """Nothing where the setting is damaged: names that are equal still match."""
    try:
        found = json.loads(stored or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(new): str(old) for new, old in found.items()}
