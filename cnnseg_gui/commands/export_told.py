"""What `cnnseg export` says."""

from __future__ import annotations

import argparse

from cnnseg_gui.commands.output import answer, counted, note
from cnnseg_gui.formats.export import ExportJob, ExportReport
from cnnseg_gui.formats.export_plan import ExportPlan


def say_plan(options: argparse.Namespace, job: ExportJob, found: ExportPlan) -> int:
    """The dry run: warnings on stderr, counts on stdout; 0."""
    for warning in found.warnings:
        note(warning)
    names = {cls.index: cls.name for cls in job.classes}
    data = {
        "format": options.format,
        "images": found.images,
        "left_out": found.left_out,
        "unlabelled": found.unlabelled,
        "background_alone": found.background,
        "tiny_objects": found.tiny,
        "splits": found.splits,
        "classes": {
            name: {
                "pixels": found.pixels.get(index, 0),
                "images": found.holding.get(index, 0),
            }
            for index, name in names.items()
        },
        "warnings": list(found.warnings),
    }
    lines = [f"{counted(found.images, 'image')} would be written, {found.left_out:,} left out"]
    lines += [f"{name}: {counted(number, 'image')}" for name, number in found.splits.items()]
    lines += [
        f"{name}: {counted(found.pixels.get(index, 0), 'pixel')} in "
        f"{counted(found.holding.get(index, 0), 'image')}"
        for index, name in names.items()
    ]
    answer(options, data, lines)
    return 0


def say_report(options: argparse.Namespace, job: ExportJob, report: ExportReport) -> int:
    """What was written, and what reading it back has shown; the exit code."""
    for error in report.refused:
        note(error)
    if report.refused:
        note(f"{counted(len(report.refused), 'image')} could not be exported")
    if report.left_out:
        why = "not approved" if options.approved else "without decided pixels"
        note(f"{counted(report.left_out, 'image')} {why} left out")
    for image, name in report.renamed:
        note(f"{image} is called {name} there: its name was taken")
    for name in report.turned:
        note(f"{name} was turned as its EXIF says")
    if report.copied:
        note(f"{counted(report.copied, 'image')} copied: {options.images} was not possible")
    verified = report.verified
    data = {
        "folder": str(report.folder),
        "format": options.format,
        "images": report.images,
        "left_out": report.left_out,
        "renamed": {str(image): name for image, name in report.renamed},
        "turned": list(report.turned),
        "refused": [str(error) for error in report.refused],
        "copied": report.copied,
        "composite": job.proposer.revision if job.proposer is not None else None,
        "read_back": None
        if verified is None
        else {
            "reader": verified.reader,
            "identical": verified.identical,
            "of": verified.images,
            "differing": {
                one.image: {"pixels": one.pixels, "worst_iou": one.worst_iou}
                for one in verified.differing
            },
        },
    }
    lines = [f"{report.folder}: {counted(report.images, 'image')}"]
    if verified is not None:
        lines.append(verified.in_words())
    answer(options, data, lines)
    return 1 if report.refused or (verified is not None and not verified.sound) else 0
