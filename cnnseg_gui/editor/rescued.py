"""Masks with strokes that could not be stored: where they went, and putting them back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSettings

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.workspace import Workspace

_KEY = "rescued masks"
_STEP = "Put strokes back"


def remember(folder: Path, masks: Sequence[Path]) -> None:
    """Keeps where masks went, as `Workspace.rescue` wrote them, until they are put back.

    Args:
        folder: of the project.
    """
    kept = _kept()
    kept[str(folder.resolve())] = [str(path) for path in (*recall(folder), *masks)]
    QSettings().setValue(_KEY, json.dumps(kept))


def recall(folder: Path) -> list[Path]:
    """The masks of a project that are there still."""
    masks = _kept().get(str(folder.resolve()), [])
    return [path for path in map(Path, masks) if path.is_file()]


def forget(folder: Path) -> None:
    """The masks of a project were put back; the files stay."""
    kept = _kept()
    if kept.pop(str(folder.resolve()), None) is not None:
        QSettings().setValue(_KEY, json.dumps(kept))


def put_back(workspace: Workspace, path: Path) -> None:
    """Makes an image's mask what was rescued of it, as one step of its history.

    Raises:
        UserError: the mask cannot be read or is of no image of the project, or could not be stored.
    """
    project = workspace.project
    if project is None:
        raise UserError("the project was closed", remedy="Open it again.")
    wanted = read_mask(path)
    record = _image_of(project, path, wanted.shape)
    document = workspace.opened(record.id)
    if document is not None:
        document.settle()
    mask = project.load_mask(record.id) if document is None else document.mask
    known = np.zeros(256, np.bool_)
    known[[UNLABELLED, *(cls.index for cls in project.classes)]] = True
    builder = PatchBuilder(mask)
    builder.paint(0, 0, (wanted != mask.read(mask.bounds)) & known[wanted], wanted)
    patch = builder.finish()
    if patch is None:
        return
    if document is not None:
        document.keep(patch, _STEP)
    else:
        project.commit(patch, mask, name=_STEP)
        workspace.image_changed.emit(record.id)


# ---------------------------------------------------------------------- inside


def _kept() -> dict[str, list[str]]:
    """The masks' paths by their project's folder."""
    try:
        stored = json.loads(str(QSettings().value(_KEY, "{}")))
    except ValueError:
        return {}
    if not isinstance(stored, dict):
        return {}
    return {
        folder: [path for path in masks if isinstance(path, str)]
        for folder, masks in stored.items()
        if isinstance(masks, list)
    }


def _image_of(project: Project, path: Path, shape: tuple[int, ...]) -> ImageRecord:
    stem, _, number = path.stem.rpartition(".")
    try:
        record = project.image(int(number))
    except (KeyError, ValueError):
        record = None
    if record is None or (record.path.stem, record.height, record.width) != (stem, *shape):
        raise UserError(
            "this mask is of no image of the project any more",
            path=path,
            remedy="It is kept where it is.",
        )
    return record
