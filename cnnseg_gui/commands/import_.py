"""`cnnseg import`: a labelled data set into a project."""

from __future__ import annotations

import argparse
from pathlib import Path

from cnnseg_gui.commands.output import Ticker, answer, counted, note
from cnnseg_gui.core.database import FILE_NAME
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.import_classes import read_mapping
from cnnseg_gui.formats.importing import (
    Import,
    ImportOptions,
    ImportReport,
    import_all,
    make_project,
    read_data_set,
)
from cnnseg_gui.formats.registry import FORMATS

HELP = "put a labelled data set's masks, tags and splits into a project"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument(
        "project", type=Path, metavar="PROJECT", help="made with its classes if it is not there"
    )
    parser.add_argument(
        "data_set", type=Path, metavar="DATASET", help="a folder, or the file that lists it"
    )
    parser.add_argument(
        "--format", choices=list(FORMATS), help="without it, the one that it looks like"
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="decided pixels become the data set's; without it they are kept",
    )
    parser.add_argument(
        "--map",
        nargs="+",
        default=[],
        metavar="OLD=NEW",
        help="what its classes are here; OLD= leaves undecided",
    )


def run(options: argparse.Namespace) -> int:
    """Imports; nothing of a damaged entry, all of the others.

    Returns:
        1 where entries had to be left out.

    Raises:
        UserError: the data set cannot be read, nothing of it goes in, or it cannot be stored.
    """
    mapping = read_mapping(options.map)
    format_, data_set = read_data_set(options.data_set, options.format)
    if not data_set.images and data_set.refused:
        raise data_set.refused[0]
    if not data_set.images:
        raise UserError("this data set has no images", path=options.data_set)
    folder = options.project.parent if options.project.name == FILE_NAME else options.project
    is_new = not (folder / FILE_NAME).exists()
    project = make_project(folder, data_set, mapping) if is_new else Project.open(folder)
    try:
        ticker = Ticker()
        chosen = ImportOptions(mapping, options.replace)
        report = import_all(
            Import(project, data_set, chosen, title=format_.title),
            on_progress=lambda done, of: ticker.note(f"{done} of {of} images"),
        )
    finally:
        project.close()
    return _say(options, report, format_.name, is_new=is_new)


def _say(options: argparse.Namespace, report: ImportReport, name: str, *, is_new: bool) -> int:
    for line in report.notes:
        note(line)
    for error in report.refused:
        note(error)
    data = {
        "project": str(options.project),
        "made": is_new,
        "format": name,
        "matched": report.matched,
        "added": report.added,
        "skipped": report.skipped,
        "masks": report.masks,
        "pixels": report.pixels,
        "kept": report.kept,
        "tags": report.tags,
        "splits": report.splits,
        "classes_added": list(report.classes_added),
        "refused": [str(error) for error in report.refused],
        "notes": list(report.notes),
    }
    lines = [
        f"{options.project}: {counted(report.matched, 'image')} matched, {report.added:,} added, "
        f"{report.skipped:,} left out",
        f"{counted(report.pixels, 'pixel')} set in {counted(report.masks, 'image')}",
    ]
    if report.kept:
        lines.append(
            f"{counted(report.kept, 'decided pixel')} kept that the data set says otherwise of "
            "(--replace takes its word)"
        )
    if report.classes_added:
        lines.append(f"new classes: {', '.join(report.classes_added)}")
    answer(options, data, lines)
    return 1 if report.refused else 0
