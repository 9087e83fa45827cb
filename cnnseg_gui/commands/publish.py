"""`cnnseg publish`: a project's model as files of their own, to be shared or shipped."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from cnnseg_gui.commands.output import answer
from cnnseg_gui.core.atomic import write_atomically
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.project import Project

HELP = "write a project's newest model as weights and card, for others to use"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("--name", required=True, help="the model is known by it")
    parser.add_argument("--data", default="", help="what it learnt from, and where that is from")
    parser.add_argument("--licence", default="", help="of the weights")
    parser.add_argument("--notes", default="", help="what it is good for, and how well it does")
    parser.add_argument(
        "--metric",
        type=_metric,
        action="append",
        default=[],
        metavar="KEY=NUMBER",
        help="a score of your own, e.g. from `cnnseg evaluate`",
    )
    parser.add_argument("--half", action="store_true", help="weights in half precision")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")


def run(options: argparse.Namespace) -> int:
    """Writes `model.safetensors` and `card.json`, weights first.

    Raises:
        UserError: the project has no model yet, or the folder cannot be written.
    """
    import msgspec

    from cnnseg_gui.commands.stored import load_revision
    from cnnseg_gui.learning.model import CARD, WEIGHTS, dump, stamped

    project = Project.open(options.project)
    try:
        revision = project.revisions.current
        if revision is None:
            raise UserError(
                "there is no model to publish yet",
                path=options.project,
                remedy="Teach one first: cnnseg train.",
            )
        model = load_revision(revision)
    finally:
        project.close()
    weights = dump(model, half=options.half)
    card = msgspec.structs.replace(
        model.card,
        name=options.name,
        data=options.data,
        licence=options.licence,
        notes=options.notes,
        metrics={**model.card.metrics, **dict(options.metric)},
        check=None,  # these two are about this project's revisions and images
        by_image={},
    )
    folder: Path = options.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, doing="making the folder", path=folder) from error
    write_atomically(folder / WEIGHTS, weights)
    write_atomically(folder / CARD, stamped(card, weights).to_json())
    data = {"folder": str(folder), "revision": revision.name, "bytes": len(weights)}
    answer(
        options,
        data,
        [f"{folder / WEIGHTS}: {len(weights) / 1e6:.1f} MB, from {revision.name}"],
    )
    return 0


def _metric(text: str) -> tuple[str, float]:
    key, equals, number = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"“{text}” is not KEY=NUMBER")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):  # JSON has no such number: the card could not be read again
        raise argparse.ArgumentTypeError(f"“{number}” is not a finite number")
    return key, value
