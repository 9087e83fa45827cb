"""What a command says: its answer on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterable, Mapping

_EVERY_S = 2.0


def answer(options: argparse.Namespace, data: Mapping[str, object], lines: Iterable[str]) -> None:
    """Prints the outcome: `data` as JSON where `--json` was given, else the lines for a person.

    What is not a number becomes null: JSON has no NaN.
    """
    if options.json:
        print(json.dumps(_finite(data), indent=2, ensure_ascii=False))
    else:
        for line in lines:
            print(line)


def note(text: object) -> None:
    """One line on stderr, at once."""
    print(text, file=sys.stderr, flush=True)


class Ticker:
    """Progress lines on stderr, at most one every two seconds."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _EVERY_S

    def note(self, text: str, *, at_once: bool = False) -> None:
        """Says it if it is time, or if it must not be missed."""
        now = time.monotonic()
        if at_once or now >= self._next:
            self._next = now + _EVERY_S
            note(text)


def counted(number: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
