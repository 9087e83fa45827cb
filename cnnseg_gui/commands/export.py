"""`cnnseg export`: a project as a labelled data set."""

from __future__ import annotations

import argparse
from pathlib import Path

from cnnseg_gui.commands.arguments import add_device, count, seed
from cnnseg_gui.commands.composite import CurrentModel, current_model
from cnnseg_gui.commands.export_told import say_plan, say_report
from cnnseg_gui.commands.output import Ticker
from cnnseg_gui.commands.searching import add_look_in, look_in
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.export import (
    Proposer,
    find_format,
    gather,
    write,
    written_formats,
)
from cnnseg_gui.formats.export_plan import plan
from cnnseg_gui.formats.export_report import check_job
from cnnseg_gui.formats.selection import IMAGES, ExportOptions
from cnnseg_gui.formats.splits import GROUPS, SplitRule, read_ratios

HELP = "write a project's images and decided pixels as a labelled data set"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("--format", required=True, choices=written_formats())
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="a folder yet to be made"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--approved", action="store_true", help="approved images alone")
    which.add_argument("--all", action="store_true", help="images without a decided pixel too")
    parser.add_argument(
        "--composite",
        action="store_true",
        help="fill undecided pixels as the current revision proposes; the card says so",
    )
    parser.add_argument(
        "--map",
        nargs="+",
        default=[],
        metavar="OLD=NEW",
        help="rename or merge classes; OLD= leaves undecided, OLD=background drops",
    )
    parser.add_argument("--order", nargs="+", default=[], metavar="CLASS", help="new order")
    parser.add_argument(
        "--split", type=_ratios, metavar="R", help="shares of train/val/test, such as 70/15/15"
    )
    parser.add_argument("--seed", type=seed, default=0, help="of the split (0)")
    parser.add_argument(
        "--group", choices=GROUPS, default="file", help="what is never split apart (file)"
    )
    parser.add_argument(
        "--separator", default="_", metavar="S", help="ends the prefix of --group prefix (_)"
    )
    parser.add_argument(
        "--new-split", action="store_true", help="do not keep parts that are fixed, as by an import"
    )
    parser.add_argument("--images", choices=IMAGES, default="copy", help="the image files (copy)")
    parser.add_argument(
        "--tiles", type=count, default=0, metavar="N", help="squares of N pixels, not whole images"
    )
    parser.add_argument("--no-tags", action="store_true", help="leave the images' tags out")
    parser.add_argument(
        "--choice",
        type=_choice,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the format, see `cnnseg formats`",
    )
    parser.add_argument("--licence", default="", metavar="TEXT", help="for the data card")
    parser.add_argument("--dry-run", action="store_true", help="count and warn, write nothing")
    parser.add_argument(
        "--replace", action="store_true", help="replace an earlier export of the same name"
    )
    add_device(parser)
    add_look_in(parser)


def run(options: argparse.Namespace) -> int:
    """Writes the data set, whole or not at all.

    Returns:
        1 where images had to be left out, or masks that should be identical were read back
        otherwise.

    Raises:
        UserError: there is nothing to export, the folder exists, or no image can be read.
    """
    format_ = find_format(options.format)
    project = Project.open(options.project)
    try:
        look_in(options, project)
        proposer = None
        if options.composite:
            proposer = _proposer(current_model(options, project))
        job = gather(project, options=_chosen(options), format_=format_, proposer=proposer)
    finally:
        project.close()
    check_job(job, format_)
    if options.dry_run:
        return say_plan(options, job, plan(job, format_))
    ticker = Ticker()
    report = write(
        job,
        options.format,
        options.output,
        on_progress=lambda done, total: ticker.note(f"{done} of {total} images"),
        on_checked=lambda done, total: ticker.note(f"{done} of {total} read back"),
    )
    return say_report(options, job, report)


def _chosen(options: argparse.Namespace) -> ExportOptions:
    rule = None
    if options.split is not None:
        rule = SplitRule(
            options.split,
            options.seed,
            options.group,
            options.separator,
            keep=not options.new_split,
        )
    return ExportOptions(
        which="approved" if options.approved else "all" if options.all else "decided",
        classes=tuple(options.map),
        order=tuple(options.order),
        split=rule,
        images=options.images,
        tile=options.tiles,
        tags=not options.no_tags,
        choices=dict(options.choice),
        licence=options.licence,
        replace=options.replace,
    )


def _proposer(model: CurrentModel) -> Proposer:
    return Proposer(model.name, lambda item, pixels: model.propose(pixels, item.image))


def _ratios(text: str) -> tuple[float, float, float]:
    try:
        return read_ratios(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error


def _choice(text: str) -> tuple[str, str]:
    name, separator, value = (part.strip() for part in text.partition("="))
    if not (separator and name and value):
        raise argparse.ArgumentTypeError(f"“{text}” is not KEY=VALUE")
    return name, value
