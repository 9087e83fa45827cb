"""Files that belong together by their names: an image, its mask, its prediction."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cnnseg_gui.core.errors import UserError


def by_stem(paths: Iterable[Path], *, noun: str) -> dict[str, Path]:
    """Files by their name without its ending.

    Args:
        paths: the files.
        noun: what to call one of them in an error, e.g. "mask".

    Raises:
        UserError: two have the same stem, so that one cannot tell which is meant.
    """
    found: dict[str, Path] = {}
    for path in paths:
        first = found.setdefault(path.stem, path)
        if first is not path:
            raise UserError(
                f"there is another {noun} of this name, {first}",
                path=path,
                remedy="Names without their endings must differ: rename one, or leave it out.",
            )
    return found
