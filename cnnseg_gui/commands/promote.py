"""`cnnseg promote`: makes a stored revision the one that proposes, newer or older."""

from __future__ import annotations

import argparse
from pathlib import Path

from cnnseg_gui.commands.output import answer
from cnnseg_gui.core import model_choice
from cnnseg_gui.core.database import PATIENCE_S
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.scores import trust

HELP = "make one of a project's revisions the one that proposes"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("revision", metavar="REVISION", help="its name, e.g. r003, or its title")


def run(options: argparse.Namespace) -> int:
    """Promotes it, as going back to it in the window does: what was chosen there counts no more.

    That is one transaction, so it works beside an open window.

    Raises:
        UserError: there is no such project or revision, or the choice could not be stored.
    """
    project = Project.open(options.project)
    try:
        model, before = model_choice.proposing(project), model_choice.proposing_revision(project)
        chosen = model_choice.propose_from_now(project, options.revision, patience=PATIENCE_S)
    finally:
        project.close()
    instead_of = before.name if before else model_choice.in_words(model)
    earlier = f" instead of {instead_of}" if instead_of != chosen.name else ""
    data = {
        "revision": chosen.name,
        "sha256": chosen.sha256,
        "before": before.name if before else None,
    }
    answer(options, data, [f"{chosen.name} proposes now{earlier}: {trust(chosen.card)}"])
    return 0
