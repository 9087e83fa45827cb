"""Which of the paths that are opened or dropped hold labels that could be imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import expect_images
from cnnseg_gui.formats.importing import read_data_set, recognise

_LISTS = frozenset({".json", ".xml", ".yaml", ".yml"})


class FoundLabels(NamedTuple):
    """A data set to be imported, and the line that says so."""

    path: Path
    text: str


def lists_images(path: Path) -> bool:
    """Whether it is a file that may list a data set, and no image."""
    return path.suffix.lower() in _LISTS and path.is_file()


def holds_images(path: Path) -> bool:
    """Whether there are images to be added; what is no folder is taken as one."""
    if not path.is_dir():
        return True
    try:
        expect_images([path])
    except UserError:
        return False
    return True


def find_labels(paths: Sequence[Path]) -> list[FoundLabels]:
    """Folders and lists that look like data sets; in large folders it takes a moment."""
    found: dict[Path, str] = {}
    for path in paths:
        is_list = lists_images(path)
        if not is_list and not path.is_dir():
            continue
        for candidate in (path, path.parent) if is_list else (path,):
            format_ = recognise(candidate)
            if format_ is not None:
                found[candidate] = f"“{candidate.name}” holds labels ({format_.title})."
                break
        else:
            if is_list:
                found[path] = f"“{path.name}” may list labels."
    return [FoundLabels(path, text) for path, text in found.items()]


def names_of_classes(path: Path) -> list[str]:
    """What the classes of a data set are called; a worker's job.

    Raises:
        UserError: it cannot be read.
    """
    _, data_set = read_data_set(path)
    return [cls.name for cls in data_set.classes]
