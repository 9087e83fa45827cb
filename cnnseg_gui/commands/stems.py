"""Files that belong together by their names: an image, its mask, its prediction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from cnnseg_gui.core.errors import UserError


class _Named(Protocol):
    """A file, or a page of one; as text it is what people are shown."""

    @property
    def stem(self) -> str: ...


_T = TypeVar("_T", bound=_Named)


def by_stem(files: Iterable[_T], *, noun: str) -> dict[str, _T]:
    """Files by their name without its ending.

    Args:
        files: paths, or pages.
        noun: what to call one of them in an error, e.g. "mask".

    Raises:
        UserError: two have the same stem, so that one cannot tell which is meant.
    """
    found: dict[str, _T] = {}
    for file in files:
        first = found.setdefault(file.stem, file)
        if first is not file:
            raise UserError(
                f"there is another {noun} of this name, {first}",
                path=str(file),
                remedy="Names without their endings must differ: rename one, or leave it out.",
            )
    return found
