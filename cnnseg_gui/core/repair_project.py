"""Mends what `check_project` found, where that loses nothing that is not lost already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from cnnseg_gui.core import mirror, model_folders
from cnnseg_gui.core.atomic import sweep
from cnnseg_gui.core.check_project import Finding, Repair
from cnnseg_gui.core.mirror_round import mirror_round
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.rebuild import rebuild, survey

QUESTIONS = {
    Repair.REBUILD: "Set the damaged file aside and make the project again from its masks folder",
    Repair.RECOUNT: "Count the decided pixels of these images anew",
    Repair.MIRROR: "Write these masks into the masks folder again",
    Repair.SWEEP: "Remove what was left half-written",
}


def repair(
    folder: Path,
    kind: Repair,
    findings: Sequence[Finding],
    *,
    on_progress: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Mends all findings of one kind; the project must not be open elsewhere.

    Returns:
        What was done and what could not be, a line each.

    Raises:
        UserError: it could not be done; all is as it was.
    """
    images = [f.image_id for f in findings if f.repair == kind and f.image_id is not None]
    match kind:
        case Repair.REBUILD:
            return _rebuilt(folder, on_progress)
        case Repair.RECOUNT:
            return _on_images(folder, images, lambda project, number: project.recount(number))
        case Repair.MIRROR:
            return _mirrored(folder, images)
        case Repair.SWEEP:
            sweep(folder)
            mirror.sweep_leftovers(folder)
            model_folders.sweep_leftovers(folder)
            return ["removed"]


def _rebuilt(folder: Path, on_progress: Callable[[str], None]) -> list[str]:
    told = rebuild(
        survey(folder),
        when=datetime.now(),
        on_progress=lambda done, of: on_progress(f"mask {done} of {of}"),
    )
    lines = [
        f"made again: {told.masks} masks of {told.images} images, {told.tags} tags, "
        f"{told.revisions} models"
    ]
    if told.aside is not None:
        lines.append(f"the damaged file is {told.aside} now")
    return [*lines, *(f"not restored: {problem}" for problem in told.problems)]


def _on_images(
    folder: Path, images: Sequence[int], act: Callable[[Project, int], None]
) -> list[str]:
    project = Project.open(folder)
    try:
        for number in images:
            act(project, number)
    finally:
        project.close()
    return [f"done for {len(images)} images"]


def _mirrored(folder: Path, images: Sequence[int]) -> list[str]:
    project = Project.open(folder)
    try:
        for number in images:
            project.mirror_again(number)
        outcome = mirror_round(project.path)
        project.note_mirrored(outcome.done)
    finally:
        project.close()
    return [
        f"written: {len(outcome.done)} masks",
        *(f"not written: {failure}" for failure in outcome.failures),
    ]
