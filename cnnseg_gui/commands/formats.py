"""`cnnseg formats`: the data-set formats there are, with their choices."""

from __future__ import annotations

import argparse

from cnnseg_gui.commands.output import answer
from cnnseg_gui.formats.dataset import Format
from cnnseg_gui.formats.registry import FORMATS

HELP = "list the data-set formats that can be exported and imported"


def configure(parser: argparse.ArgumentParser) -> None:
    """It has no arguments of its own."""


def run(options: argparse.Namespace) -> int:
    """One line per format, and one per choice; the first value is the default."""
    rows = [_row(format_) for format_ in FORMATS.values()]
    lines = []
    for format_ in FORMATS.values():
        lines.append(f"{format_.name:12}{format_.title}: {format_.description}")
        lines += [
            f"{'':14}--choice {name}={'|'.join(values)}" for name, values in format_.choices.items()
        ]
    answer(options, {"formats": rows}, lines)
    return 0


def _row(format_: Format) -> dict[str, object]:
    return {
        "name": format_.name,
        "title": format_.title,
        "description": format_.description,
        "exports": format_.writer is not None,
        "imports": True,
        "masks": not format_.labels_only,
        "exact": format_.exact,
        "refers": format_.refers,
        "read_back_by": format_.checked_by(),
        "choices": {name: list(values) for name, values in format_.choices.items()},
    }
