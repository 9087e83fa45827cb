"""Finds a model by what a person calls it: a starter, a file, a project. Imports torch."""

from __future__ import annotations

from pathlib import Path

from cnnseg_gui.core.classes import PixelClass, make_classes
from cnnseg_gui.core.database import FILE_NAME
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.model_classes import class_mapping
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.revisions import CARD, WEIGHTS, Revision
from cnnseg_gui.learning.card import Card
from cnnseg_gui.learning.model import Model, adapt, load, new, starter, starters
from cnnseg_models.registry import NETWORKS

Found = tuple[Model, tuple[PixelClass, ...]]


def find_model(text: str) -> Found:
    """The model, and the classes of its logits with their colours.

    Args:
        text: a starter's name; a network whose published weights know classes; weights with
            card.json beside them, or the folder of both; or a project, whose current revision
            is meant.

    Raises:
        UserError: there is none, or it is damaged.
    """
    path = Path(text)
    if path.name == FILE_NAME or (path / FILE_NAME).is_file():
        return _of_project(path)
    if (path / WEIGHTS).is_file():
        path = path / WEIGHTS
    if path.is_file():
        return _with_own_classes(load_file(path))
    if text in NETWORKS and NETWORKS[text].label_names:
        return _with_own_classes(new(text, None))
    names = [card.name for card in starters()]
    if text in names:
        return _with_own_classes(starter(text))
    raise UserError(
        "there is no such model",
        path=text,
        remedy="Name weights that exist, a project, fcn-resnet50 or -101, or a starter: "
        f"{', '.join(names) or 'but none is installed'}.",
    )


def load_file(weights: Path) -> Model:
    """A model from a safetensors file and the card beside it.

    Raises:
        UserError: one of them cannot be read, is damaged, or belongs to another.
    """
    beside = weights.with_name(CARD)
    try:
        data = beside.read_bytes()
    except OSError as error:
        raise from_os_error(error, doing="reading the model's card", path=beside) from error
    return load(weights, Card.from_json(data, beside))


def load_revision(revision: Revision) -> Model:
    """A project's stored model.

    Raises:
        UserError: its files are missing, damaged, or not what was stored.
    """
    card = Card.from_json(revision.card.encode(), revision.folder / CARD)
    return load(revision.folder / WEIGHTS, card)


def adapted(project: Project, revision: Revision) -> Model:
    """A revision for the project's classes as they are now, matched as the window does it.

    Raises:
        UserError: as `load_revision`.
    """
    classes = [cls.name for cls in project.class_list.dense_classes]
    return adapt(load_revision(revision), classes, class_mapping(project, revision))


def _of_project(path: Path) -> Found:
    project = Project.open(path)
    try:
        current = project.revisions.current
        if current is None:
            raise UserError(
                "this project has learnt nothing yet",
                path=path,
                remedy="Teach it with `cnnseg train`, or name a starter.",
            )
        return adapted(project, current), project.class_list.dense_classes
    finally:
        project.close()


def _with_own_classes(model: Model) -> Found:
    return model, make_classes(model.card.classes)
