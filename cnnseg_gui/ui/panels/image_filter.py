"""Which images the list shows: by name, tag and status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

_TAG = "tag:"


@dataclass(frozen=True)
class ImageFilter:
    """Every word must be found in the name or a tag; `tag:word` in a tag only."""

    words: tuple[str, ...] = ()
    """Case folded."""
    status: str = ""
    """Empty: any."""

    @classmethod
    def typed(cls, text: str, status: str = "") -> Self:
        """What is typed, and a status; empty: all."""
        return cls(tuple(text.casefold().split()), status)

    @property
    def active(self) -> bool:
        """Something may be hidden."""
        return bool(self.words or self.status)

    def accepts(self, name: str, status: str, tags: Sequence[str]) -> bool:
        """Whether an image has all words and the status."""
        if self.status and status != self.status:
            return False
        if not self.words:
            return True
        name, tags = name.casefold(), [tag.casefold() for tag in tags]
        for word in self.words:
            wanted = word.removeprefix(_TAG)
            if word == wanted and wanted in name:
                continue
            if not any(wanted in tag for tag in tags):
                return False
        return True
