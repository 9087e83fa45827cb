"""Exporting a labelled data set: exactly what was painted, complete or not there.

Two steps, because a project belongs to one thread: `gather` reads what is needed from it, `write`
works on that alone and may run in another thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.export_job import ExportItem as ExportItem
from cnnseg_gui.formats.export_job import ExportJob as ExportJob
from cnnseg_gui.formats.export_job import Proposer as Proposer
from cnnseg_gui.formats.export_job import gather as gather
from cnnseg_gui.formats.export_names import unique_stems as unique_stems
from cnnseg_gui.formats.export_report import ExportReport as ExportReport
from cnnseg_gui.formats.export_report import ExportStopped as ExportStopped
from cnnseg_gui.formats.export_report import find_format as find_format
from cnnseg_gui.formats.export_report import written_formats as written_formats
from cnnseg_gui.formats.export_writing import write as write
from cnnseg_gui.formats.registry import FORMATS as FORMATS
from cnnseg_gui.formats.selection import ExportOptions


def export_project(
    project: Project,
    format_name: str,
    folder: Path,
    *,
    options: ExportOptions | None = None,
    proposer: Proposer | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_checked: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ExportReport:
    """`gather` and `write` in one, for the thread that owns the project."""
    job = gather(project, options=options, format_=find_format(format_name), proposer=proposer)
    return write(
        job,
        format_name,
        folder,
        on_progress=on_progress,
        on_checked=on_checked,
        should_stop=should_stop,
    )
