"""`--look-in`: images of a project that moved are found again before a command goes on."""

from __future__ import annotations

import argparse
from pathlib import Path

from cnnseg_gui.commands.locking import locked
from cnnseg_gui.commands.output import Ticker, counted, note
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.relink import relink


def add_look_in(parser: argparse.ArgumentParser) -> None:
    """`--look-in`."""
    parser.add_argument(
        "--look-in",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="where images that are missing may be now, whatever they are called there",
    )


def look_in(options: argparse.Namespace, project: Project) -> None:
    """Attaches what is found in the folders named, and says on stderr what was and was not.

    Raises:
        ProjectInUse: a window or another command has the project; nothing is looked for.
        UserError: a folder is not there, or the project cannot be written.
    """
    if not options.look_in:
        return
    ticker = Ticker()
    with locked(project.folder):
        found = relink(
            project,
            options.look_in,
            on_progress=lambda looked, files, done: ticker.note(
                f"{looked} of {files} files looked at, {counted(done, 'image')} found"
            ),
        )
    for image_id, path in found.moved.items():
        note(f"found again: {path} (image {image_id})")
    for file in found.missing:
        note(f"still missing: {file.path}")
