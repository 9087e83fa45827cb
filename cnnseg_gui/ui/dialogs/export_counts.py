"""What an export would hold, counted in a worker while its options are changed."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.formats.dataset import Format
from cnnseg_gui.formats.export import ExportJob, Proposer, gather
from cnnseg_gui.formats.export_plan import ExportPlan, plan
from cnnseg_gui.formats.export_report import check_job
from cnnseg_gui.formats.selection import ExportOptions
from cnnseg_gui.ui.dialogs.export_preview import Preview, previews

_PAUSE_MS = 200  # after the last change


def gather_anew(
    folder: Path, options: ExportOptions, format_: Format, proposer: Proposer | None = None
) -> ExportJob:
    """What an export needs, for a worker thread: over a connection of its own.

    Raises:
        UserError: the options do not fit the project, or it cannot be read.
    """
    project = Project.open(folder)
    try:
        job = gather(project, options=options, format_=format_, proposer=proposer)
    finally:
        project.close()
    check_job(job, format_)
    return job


@dataclass(frozen=True)
class Counted:
    """The dry run of some options."""

    classes: tuple[str, ...]
    plan: ExportPlan
    previews: tuple[Preview, ...]


class DryRun(QObject):
    """Counts anew a moment after each change; what is under way for older options is left."""

    counted = Signal(object)
    """`Counted`."""
    failed = Signal(object)
    """The `UserError` why it cannot be exported so."""
    _quick = Signal(int, object)

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._folder = folder
        self._wanted: tuple[ExportOptions, Format] | None = None
        self._stop = threading.Event()
        self._turn = 0
        self.busy = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._begin)
        self._quick.connect(self._show_quick)

    def ask(self, options: ExportOptions, format_: Format) -> None:
        """Counts these options soon."""
        self._wanted = options, format_
        self.busy = True
        self._stop.set()
        self._timer.start()

    def stop(self) -> None:
        """Leaves what is under way."""
        self._stop.set()
        self._timer.stop()
        self._turn += 1
        self.busy = False

    # ------------------------------------------------------------------ inside

    def _begin(self) -> None:
        if self._wanted is None:
            return
        options, format_ = self._wanted
        self._turn += 1
        self._stop = stop = threading.Event()
        turn, folder, quick = self._turn, self._folder, self._quick

        def tell(found: Counted) -> None:
            with suppress(RuntimeError):  # the dialog is gone
                quick.emit(turn, found)

        def work() -> Counted:
            job = gather_anew(folder, options, format_)
            names = tuple(cls.name for cls in job.classes)
            first = plan(job, format_, should_stop=lambda: True)
            tell(Counted(names, first, ()))
            shown = tuple(previews(job, should_stop=stop.is_set))
            tell(Counted(names, first, shown))
            return Counted(names, plan(job, format_, should_stop=stop.is_set), shown)

        in_background(
            work,
            parent=self,
            done=lambda found: self._show(turn, found),
            failed=lambda error: self._say(turn, error),
        )

    def _show_quick(self, turn: int, found: Counted) -> None:
        if turn == self._turn and not self._stop.is_set():
            self.counted.emit(found)

    def _show(self, turn: int, found: Counted) -> None:
        if turn == self._turn and not self._stop.is_set():
            self.busy = False
            self.counted.emit(found)

    def _say(self, turn: int, error: UserError) -> None:
        if turn == self._turn and not self._stop.is_set():
            self.busy = False
            self.failed.emit(error)


def in_words(found: Counted) -> str:
    """Counts and warnings, a line each."""
    own = found.plan
    line = f"{own.images:,} image{'' if own.images == 1 else 's'}"
    if own.background:
        line += f", {own.background:,} with background alone"
    if own.left_out:
        line += f"; {own.left_out:,} left out"
    lines = [line]
    if own.splits:
        lines.append(", ".join(f"{name} {count:,}" for name, count in own.splits.items()))
    total = sum(own.pixels.values())
    shares = [
        f"{name} {own.pixels.get(index, 0) / total:.1%} in {own.holding.get(index, 0):,}"
        for index, name in enumerate(found.classes)
        if own.pixels.get(index)
    ]
    if shares:
        lines.append("Decided pixels: " + ", ".join(shares))
    return "\n".join(lines)
