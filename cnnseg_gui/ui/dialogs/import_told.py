"""What the import dialog says: of a data set that was looked at, and of what has become of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.import_looking import Looked
from cnnseg_gui.formats.import_classes import ClassPlan
from cnnseg_gui.formats.import_plan import ImportPlan
from cnnseg_gui.formats.importing import ImportReport
from cnnseg_gui.ui.dialogs.export_preview import Preview
from cnnseg_gui.ui.panels.small_pictures import overlaid

_LISTED = 50  # entries that are left out
_NAMED = 6  # classes
_TAKEN_BACK = (
    "Undo takes a mask back, image by image; images and tags that were added stay with the project."
)


def planned(looked: Looked, plan: ImportPlan, classes: ClassPlan) -> str:
    """The counts of a dry run, a line each."""
    of = len(looked.data_set.images)
    lines = [] if looked.complete else [f"{looked.done:,} of {_images(of)} compared so far"]
    line = f"{plan.matched:,} of {_images(plan.matched + plan.added)} are in the project"
    if plan.added:
        line += f", {plan.added:,} would be added"
    lines.append(f"{line}; {len(looked.refused):,} left out" if looked.refused else line)
    if plan.pixels:
        lines.append(f"{_pixels(plan.pixels)} would be set in {_images(plan.masks)}:")
        lines += [
            f"    {name} {count / plan.pixels:.1%} in {images:,}"
            for name, (count, images) in plan.by_class.items()
        ]
    if classes.added:
        lines.append(f"New classes: {_some([cls.name for cls in classes.added])}")
    if plan.tags:
        lines.append(f"{plan.tags:,} tag{'' if plan.tags == 1 else 's'} would be added")
    if plan.splits:
        lines.append(f"{_images(plan.splits)} would be fixed to a part (train, val, test)")
    return "\n".join(lines)


def reported(report: ImportReport) -> str:
    """What was stored, a line each."""
    start = "Cancelled; what was in stays: " if report.stopped else "Imported: "
    line = f"{start}{_images(report.matched + report.added)}"
    if report.added:
        line += f", {report.added:,} of them new"
    lines = [f"{line}; {report.skipped:,} left out" if report.skipped else line]
    done = f"{_pixels(report.pixels)} set in {_images(report.masks)}"
    if report.kept:
        done += f"; {_pixels(report.kept)} kept as you decided"
    lines.append(done)
    extra = []
    if report.tags:
        extra.append(f"{report.tags:,} tag{'' if report.tags == 1 else 's'}")
    if report.classes_added:
        extra.append(f"classes {_some(report.classes_added)}")
    if extra:
        lines.append(f"Added: {'; '.join(extra)}")
    if report.masks:
        lines.append(_TAKEN_BACK)
    return "\n".join(lines)


def left_out(refused: Sequence[UserError], data_set: Path) -> str:
    """Entries with their reasons, a line each; their names as they are in the data set."""
    folder = data_set if data_set.is_dir() else data_set.parent
    lines = [f"⚠ {_within(error, folder)}" for error in refused[:_LISTED]]
    if len(refused) > _LISTED:
        lines.append(f"and {len(refused) - _LISTED:,} more, see the log")
    return "\n".join(lines)


def previews(looked: Looked, classes: ClassPlan | None) -> list[Preview]:
    """The first images with their masks in the colours that they would have here."""
    colours = {}
    if classes is not None:
        colours = {
            one.source.index: one.target.colour
            for one in classes.classes
            if one.target is not None and one.target.index
        }
    return [
        Preview(
            one.name,
            None
            if one.pixels is None
            else overlaid(one.pixels, one.mask, colours, most=max(one.pixels.shape)),
            one.note or ("" if one.mask is not None else "no mask"),
        )
        for one in looked.glimpses
    ]


def _within(error: UserError, folder: Path) -> UserError:
    if error.path is None:
        return error
    path = Path(error.path)
    if path == folder:
        return UserError(error.what, remedy=error.remedy)
    if path.is_relative_to(folder):
        return UserError(error.what, path=path.relative_to(folder), remedy=error.remedy)
    return error


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"


def _pixels(count: int) -> str:
    return f"{count:,} pixel{'' if count == 1 else 's'}"
