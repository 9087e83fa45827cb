"""What is asked before an export, and what is told after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.formats.dataset import Format, WriteOptions
from cnnseg_gui.formats.export_job import ExportJob
from cnnseg_gui.formats.export_verifying import Verified
from cnnseg_gui.formats.registry import FORMATS
from cnnseg_gui.formats.selection import IMAGES


class ExportStopped(Exception):
    """Leaves an export that was cancelled; nothing of it remains."""


@dataclass(frozen=True)
class ExportReport:
    """What was written where.

    Args:
        folder: the new folder.
        images: how many images it holds, tiles counted each.
        left_out: how many were left out because they were not chosen.
        renamed: images whose name was taken, with their name in the data set.
        turned: names of those that EXIF turns: their pixels were written upright, as 8-bit RGB
            PNG, or as TIFF where they are over 8 bits; all others are copied byte for byte.
        refused: why images are not in it: missing, changed since they were painted on, unreadable.
        copied: how many were copied that were to be linked or referred to.
        verified: what reading it back has shown; None where there are no masks.
    """

    folder: Path
    images: int
    left_out: int
    renamed: tuple[tuple[Path, str], ...]
    turned: tuple[str, ...]
    refused: tuple[UserError, ...] = ()
    copied: int = field(default=0, compare=False)
    verified: Verified | None = field(default=None, compare=False)


def find_format(name: str) -> Format:
    """The format of this name, one that can be written.

    Raises:
        UserError: there is none.
    """
    if name not in FORMATS:
        raise UserError(
            f"there is no format “{name}”", remedy=f"Use one of: {', '.join(written_formats())}."
        )
    if FORMATS[name].writer is None:
        raise UserError(
            f"“{name}” is only read", remedy=f"Use one of: {', '.join(written_formats())}."
        )
    return FORMATS[name]


def written_formats() -> tuple[str, ...]:
    """The names of the formats that can be written."""
    return tuple(name for name, format_ in FORMATS.items() if format_.writer is not None)


def check_job(job: ExportJob, format_: Format) -> None:
    """Asks before the work what would end it.

    Raises:
        UserError: there is nothing to export, or the format does not do what is asked.
    """
    for name in job.options.choices:
        if name not in format_.choices:
            offered = ", ".join(format_.choices) or "none"
            raise UserError(
                f"{format_.title} has no choice “{name}”", remedy=f"Its choices: {offered}."
            )
        WriteOptions(job.classes, job.options.choices).choice(format_.choices, name)
    if job.options.images not in IMAGES:
        raise UserError(
            f"images cannot be “{job.options.images}”", remedy=f"Use one of: {', '.join(IMAGES)}."
        )
    if job.options.images == "refer" and not format_.refers:
        raise UserError(
            f"{format_.title} needs its images in its own folder", remedy="Copy or link them."
        )
    if not job.items:
        what, remedy = {
            "approved": ("no image is approved", "Approve images, or export all decided ones."),
            "all": ("the project has no images", "Add images first."),
        }.get(
            job.options.which,
            (
                "no image has decided pixels",
                "Paint on an image or approve its proposal first.",
            ),
        )
        raise UserError(f"there is nothing to export: {what}", remedy=remedy)


def refuse_sources_inside(job: ExportJob, folder: Path) -> None:
    """Raises `UserError` where replacing the folder would remove images of the project."""
    resolved = folder.resolve()
    for item in job.items:
        if item.image.resolve().is_relative_to(resolved):
            raise UserError(
                "an image of the project lies in the folder that would be replaced",
                path=item.image,
                remedy="Choose another folder.",
            )
