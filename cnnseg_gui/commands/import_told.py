"""What `cnnseg import` says."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from cnnseg_gui.commands.output import answer, counted, note
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.formats.import_classes import ClassPlan
from cnnseg_gui.formats.import_plan import ImportPlan
from cnnseg_gui.formats.importing import ImportReport


def say_plan(
    options: argparse.Namespace,
    name: str,
    found: ImportPlan,
    classes: ClassPlan,
    refused: Sequence[UserError],
) -> int:
    """The dry run: warnings on stderr, counts on stdout; 1 where entries would be left out."""
    for line in (*found.warnings, *refused):
        note(line)
    added = [cls.name for cls in classes.added]
    data = {
        "project": str(options.project),
        "format": name,
        "matched": found.matched,
        "added": found.added,
        "skipped": len(refused),
        "masks": found.masks,
        "pixels": found.pixels,
        "classes": {
            name: {"pixels": pixels, "images": images}
            for name, (pixels, images) in found.by_class.items()
        },
        "tags": found.tags,
        "splits": found.splits,
        "classes_added": added,
        "refused": [str(error) for error in refused],
        "warnings": list(found.warnings),
    }
    lines = [
        f"{counted(found.matched, 'image')} would be matched, {found.added:,} added, "
        f"{len(refused):,} left out",
        f"{counted(found.pixels, 'pixel')} would be set in {counted(found.masks, 'image')}",
    ]
    lines += [
        f"{name}: {counted(pixels, 'pixel')} in {counted(images, 'image')}"
        for name, (pixels, images) in found.by_class.items()
    ]
    if added:
        lines.append(f"new classes: {', '.join(added)}")
    answer(options, data, lines)
    return 1 if refused else 0


def say_report(
    options: argparse.Namespace, report: ImportReport, name: str, *, is_new: bool
) -> int:
    """What was stored; 1 where entries had to be left out."""
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
            "(--existing replace takes its word)"
        )
    if report.classes_added:
        lines.append(f"new classes: {', '.join(report.classes_added)}")
    answer(options, data, lines)
    return 1 if report.refused else 0
