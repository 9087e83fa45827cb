"""`cnnseg revisions`: what a project's network has learnt so far, revision by revision."""

from __future__ import annotations

import argparse
import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from cnnseg_gui.commands.output import answer
from cnnseg_gui.core import effort, model_choice
from cnnseg_gui.core.forecast import Forecast, forecast
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.revisions import Revision
from cnnseg_gui.core.scores import Scores, trust, verdict_of

HELP = "list a project's revisions with their numbers, and which one proposes"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT")


def run(options: argparse.Namespace) -> int:
    """Prints one line a revision, oldest first.

    Raises:
        UserError: there is no such project.
    """
    project = Project.open(options.project)
    try:
        model, current = model_choice.proposing(project), model_choice.proposing_revision(project)
        revisions = project.revisions.all()
        efforts = project.effort.all()
    finally:
        project.close()
    names = {revision.sha256: revision.name for revision in reversed(revisions)}
    found = [_facts(revision, names, current) for revision in revisions]
    lines = [_line(facts) for facts in found]
    if current is None:
        other = f"{model_choice.in_words(model)} proposes"
        lines.append(other if found else f"no revision yet: {other}")
    ahead = _forecast(found)
    if efforts:
        lines.append(f"effort: {effort.in_words(efforts)}")
    if ahead.points:
        lines.append(f"forecast: {ahead.in_words()}")
    data = {
        "current": current.name if current else None,
        "proposing": model,
        "revisions": found,
        "effort": [
            {**dataclasses.asdict(found), "corrected": found.corrected} for found in efforts
        ],
        "forecast": {**dataclasses.asdict(ahead), "flat": ahead.flat, "words": ahead.in_words()},
    }
    answer(options, data, lines)
    return 0


def _forecast(found: list[dict[str, Any]]) -> Forecast:
    """Through the scores of all that was promoted."""
    scored = [
        (facts["images"], facts["dice"])
        for facts in found
        if facts["promoted"] and isinstance(facts["dice"], float) and facts["images"]
    ]
    return forecast([images for images, _ in scored], [dice for _, dice in scored])


def _facts(revision: Revision, names: dict[str, str], current: Revision | None) -> dict[str, Any]:
    card = json.loads(revision.card)
    scores, verdict = Scores.of_card(revision.card), verdict_of(revision.card)
    return {
        "revision": revision.name,
        "title": revision.title,
        "proposes": current is not None and revision.name == current.name,
        "promoted": revision.promoted,
        "created": datetime.fromtimestamp(revision.created).astimezone().isoformat("T", "seconds"),
        "sha256": revision.sha256,
        "parent": names.get(card.get("parent", ""), card.get("parent", "")),
        "network": card.get("network"),
        "images": card.get("images"),
        "held_out": card.get("held_out"),
        "steps": card.get("steps"),
        "seconds": card.get("seconds"),
        "iou_before": scores.before if scores else None,
        "iou": scores.after if scores else None,
        "iou_proposing": scores.proposing if scores else None,
        "dice": card.get("dice"),
        "check": dataclasses.asdict(verdict) if verdict else None,
        "by_class": card.get("by_class") or {},
        "by_image": card.get("by_image") or {},
        "calibration": card.get("calibration"),
        "trust": trust(revision.card),
        "folder": str(revision.folder),
    }


def _line(facts: dict[str, Any]) -> str:
    """Mark, name, what it is, what it was taught with, how good it is."""
    mark = "*" if facts["proposes"] else "+" if facts["promoted"] else " "
    parent = facts["parent"] or ""
    origin = f" from {parent if parent.startswith('r') else parent[:8]}" if parent else ""
    title = f" “{facts['title']}”" if facts["title"] else ""
    images = f"{facts['images']} image{'' if facts['images'] == 1 else 's'}"
    return (
        f"{mark} {facts['revision']}{title}  {facts['created'][:16].replace('T', ' ')}  "
        f"{facts['network']}{origin}, {images}, {facts['steps']} steps: {facts['trust']}"
    )
