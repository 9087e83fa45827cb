"""The names of a data set's images: all different, on any file system."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path


def page_stem(stem: str, page: int) -> str:
    """What a page of a stack is called, by the file's name without ending; pages count from 0."""
    return f"{stem}.{page + 1:03d}"


def unique_stems(images: Sequence[Path]) -> list[str]:
    """A file name without ending for each image, all different, on any file system.

    The first image keeps its own; a later one whose name is taken gets "-2", "-3", ….
    """
    own = {_folded(image.stem) for image in images}
    taken: set[str] = set()
    last: dict[str, int] = {}
    stems = []
    for image in images:
        stem, number = image.stem, last.get(_folded(image.stem), 1)
        while _folded(stem) in taken or (number > 1 and _folded(stem) in own):
            number += 1
            stem = f"{image.stem}-{number}"
        last[_folded(image.stem)] = number
        taken.add(_folded(stem))
        stems.append(stem)
    return stems


def _folded(stem: str) -> str:
    """Equal for names that Windows or macOS would take for the same."""
    return unicodedata.normalize("NFC", stem.casefold())
