"""`cnnseg export`: a project as a labelled data set."""

from __future__ import annotations

import argparse
from pathlib import Path

from cnnseg_gui.commands.output import Ticker, answer, counted, note
from cnnseg_gui.commands.searching import add_look_in, look_in
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.export import FORMATS, export_project

HELP = "write a project's images and decided pixels as a labelled data set"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("--format", required=True, choices=tuple(FORMATS))
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="a folder yet to be made"
    )
    add_look_in(parser)


def run(options: argparse.Namespace) -> int:
    """Writes the data set, whole or not at all; 1 where images had to be left out.

    Raises:
        UserError: there is nothing to export, the folder exists, or no image can be read.
    """
    ticker = Ticker()
    project = Project.open(options.project)
    try:
        look_in(options, project)
        report = export_project(
            project,
            options.format,
            options.output,
            on_progress=lambda done, total: ticker.note(f"{done} of {total} images"),
        )
    finally:
        project.close()
    for error in report.refused:
        note(error)
    if report.refused:
        note(f"{counted(len(report.refused), 'image')} could not be exported")
    if report.left_out:
        note(f"{counted(report.left_out, 'image')} without decided pixels left out")
    for image, name in report.renamed:
        note(f"{image} is called {name} there: its name was taken")
    for name in report.turned:
        note(f"{name} was turned as its EXIF says")
    data = {
        "folder": str(report.folder),
        "format": options.format,
        "images": report.images,
        "left_out": report.left_out,
        "renamed": {str(image): name for image, name in report.renamed},
        "turned": list(report.turned),
        "refused": [str(error) for error in report.refused],
    }
    answer(options, data, [f"{report.folder}: {counted(report.images, 'image')}"])
    return 1 if report.refused else 0
