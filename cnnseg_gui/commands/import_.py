"""`cnnseg import`: a labelled data set into a project."""

from __future__ import annotations

import argparse
from pathlib import Path

from cnnseg_gui.commands.import_told import say_plan, say_report
from cnnseg_gui.commands.locking import locked
from cnnseg_gui.commands.output import Ticker
from cnnseg_gui.core.database import FILE_NAME
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.dataset import DataSet, Format
from cnnseg_gui.formats.import_change import Existing
from cnnseg_gui.formats.import_classes import first_classes, plan_classes, read_mapping
from cnnseg_gui.formats.import_plan import Compared, plan_import, reader_for, survey
from cnnseg_gui.formats.importing import (
    Import,
    ImportOptions,
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
        "--existing",
        choices=[str(one) for one in Existing],
        default=str(Existing.FILL),
        help="masks that are there: keep them, fill what is undecided in them, or replace (fill)",
    )
    parser.add_argument(
        "--replace",
        action="store_const",
        dest="existing",
        const=str(Existing.REPLACE),
        help="the same as --existing replace",
    )
    parser.add_argument(
        "--map",
        nargs="+",
        default=[],
        metavar="OLD=NEW",
        help="what its classes are here; OLD= leaves undecided",
    )
    parser.add_argument("--dry-run", action="store_true", help="count and warn, store nothing")


def run(options: argparse.Namespace) -> int:
    """Imports; nothing of a damaged entry, all of the others.

    Returns:
        1 where entries had to be left out.

    Raises:
        ProjectInUse: a window or another command has the project; nothing goes in.
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
    chosen = ImportOptions(mapping, Existing(options.existing))
    if options.dry_run:
        return _dry_run(options, format_, data_set, chosen, None if is_new else folder)
    if is_new:
        make_project(folder, data_set, mapping).close()
    with locked(folder):
        project = Project.open(folder)
        try:
            ticker = Ticker()
            report = import_all(
                Import(project, data_set, chosen, title=format_.title),
                on_progress=lambda done, of: ticker.note(f"{done} of {of} images"),
            )
        finally:
            project.close()
    return say_report(options, report, format_.name, is_new=is_new)


def _dry_run(
    options: argparse.Namespace,
    format_: Format,
    data_set: DataSet,
    chosen: ImportOptions,
    folder: Path | None,
) -> int:
    """Compares with the project in a folder; None: with an empty one, which is not made."""
    project = Project.open(folder) if folder is not None else None
    compared: list[Compared] = []
    refused = list(data_set.refused)
    ticker = Ticker()
    try:
        empty = first_classes(data_set.classes, chosen.mapping)
        before = project.class_list if project is not None else empty
        classes = plan_classes(data_set.classes, before, chosen.mapping)
        reader = reader_for(data_set, project)
        for place, one in enumerate(survey(reader, project), start=1):
            refused.append(one) if isinstance(one, UserError) else compared.append(one[1])
            ticker.note(f"{place} of {len(reader)} images")
    finally:
        if project is not None:
            project.close()
    found = plan_import(compared, classes, chosen.existing, data_set.notes)
    return say_plan(options, format_.name, found, classes, refused)
