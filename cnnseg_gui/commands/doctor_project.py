"""`cnnseg doctor PROJECT`: whether all of it is there and whole, and mending with consent."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cnnseg_gui.commands.locking import locked
from cnnseg_gui.commands.output import Ticker, answer, counted, note
from cnnseg_gui.core import database
from cnnseg_gui.core.check_project import Checked, Finding, Repair, check_project
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.repair_project import QUESTIONS, repair


def run(options: argparse.Namespace) -> int:
    """Prints the findings; 1 where something is (still) wrong.

    Raises:
        UserError: there is no project, it is open elsewhere, or it could not be mended.
    """
    folder: Path = options.project
    folder = folder.parent if folder.name == database.FILE_NAME else folder
    ticker = Ticker()
    checked = check_project(folder, on_progress=ticker.note)
    for finding in checked.findings:
        note(f"cnnseg doctor: {finding}")
    done: list[str] = []
    if options.repair and checked.findings:
        done = _mended(folder, checked.findings, ticker, ask=not options.yes)
        checked = check_project(folder, on_progress=ticker.note)
    answer(options, _data(checked, done), [*done, *_lines(checked)])
    return 1 if checked.findings else 0


def _mended(folder: Path, findings: Sequence[Finding], ticker: Ticker, *, ask: bool) -> list[str]:
    """One kind of repair after the other; a project that is made again is whole by that."""
    done: list[str] = []
    with locked(folder):
        kinds = [kind for kind in Repair if any(f.repair == kind for f in findings)]
        for kind in kinds[:1] if Repair.REBUILD in kinds else kinds:
            if not ask or _agreed(QUESTIONS[kind]):
                done += repair(folder, kind, findings, on_progress=ticker.note)
    return done


def _agreed(question: str) -> bool:
    """What a person at the terminal says; where nobody sits at one, nothing is mended."""
    if not sys.stdin.isatty():
        raise UserError(
            "nobody can be asked here", remedy="Say --yes to have everything mended that can be."
        )
    print(f"{question}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _data(checked: Checked, done: Sequence[str]) -> dict[str, object]:
    return {
        "images": checked.images,
        "masks": checked.masks,
        "steps": checked.steps,
        "models": checked.models,
        "repaired": list(done),
        "findings": [
            {
                "what": finding.what,
                "path": finding.path,
                "repair": finding.repair,
                "remedy": finding.remedy,
            }
            for finding in checked.findings
        ],
    }


def _lines(checked: Checked) -> list[str]:
    looked = (
        f"{counted(checked.images, 'image')}, {counted(checked.masks, 'mask')}, "
        f"{counted(checked.steps, 'step')} of the history, {counted(checked.models, 'model')}"
    )
    found = len(checked.findings)
    if not found:
        return [f"{looked}: all is whole"]
    mended = any(finding.repair for finding in checked.findings)
    hint = "; --repair mends what can be mended" if mended else ""
    return [f"{looked}: {counted(found, 'finding')}{hint}"]
