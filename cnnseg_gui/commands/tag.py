"""`cnnseg tag`: what the images of a project are called."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path

from cnnseg_gui.commands.locking import locked
from cnnseg_gui.commands.output import answer, counted, note
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.tags import clean_tag

HELP = "list, add and remove the tags of a project's images"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--add", metavar="TAG", help="tag the images of --images")
    change.add_argument("--remove", metavar="TAG", help="take it off the images of --images")
    change.add_argument(
        "--from-folders", action="store_true", help="tag every image with its folder's name"
    )
    parser.add_argument(
        "--images", nargs="+", default=[], metavar="NAME", help="names of images, endings may lack"
    )


def run(options: argparse.Namespace) -> int:
    """Changes tags where asked to, then prints them all.

    Raises:
        ProjectInUse: tags are to change, and a window or another command has the project.
        UserError: no such project or image, or a tag that is no name.
    """
    if bool(options.add or options.remove) != bool(options.images):
        options.usage_error("--add and --remove need --images, and --images one of them")
    changes = options.add or options.remove or options.from_folders
    with locked(options.project) if changes else nullcontext():
        project = Project.open(options.project)
        try:
            _change(options, project)
            records = project.images()
        finally:
            project.close()
    data = {"images": [{"image": str(r.path), "tags": list(r.tags)} for r in records]}
    tagged = [record for record in records if record.tags]
    lines = [f"{record.name}: {', '.join(record.tags)}" for record in tagged]
    answer(options, data, [*lines, f"{counted(len(tagged), 'image')} of {len(records)} tagged"])
    return 0


def _change(options: argparse.Namespace, project: Project) -> None:
    if options.from_folders:
        for record in project.images():
            project.tags.add(record.id, record.path.parent.name)
    records = [record for name in options.images for record in _named(project, name)]
    if options.add:
        for record in records:
            project.tags.add(record.id, options.add)
    elif options.remove:
        _remove(project, records, clean_tag(options.remove))


def _remove(project: Project, records: list[ImageRecord], tag: str) -> None:
    having = [record for record in records if tag in record.tags]
    for record in having:
        project.tags.remove(record.id, tag)
    if not having:
        note(f"none of these images has the tag “{tag}”: nothing was removed")


def _named(project: Project, name: str) -> list[ImageRecord]:
    found = [
        record
        for record in project.images()
        if name in (str(record.path), record.name, record.path.stem)
    ]
    if not found:
        raise UserError(
            f"there is no image “{name}” in this project",
            path=project.folder,
            remedy="See `cnnseg tag PROJECT --json` for all.",
        )
    return found
