"""Adds images to the project: looked at in the background, stored batch by batch."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, QThreadPool, Signal

from cnnseg_gui.core.checkpoint import checkpoint
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import find_image_names
from cnnseg_gui.core.image_table import ImageFacts
from cnnseg_gui.core.probing_process import MOST_AT_ONCE, ProbingProcess
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.reading import probe_some

_BATCH = min(100, MOST_AT_ONCE)  # files: storing what was found takes some 2 ms
_FIRST = 20  # files of the first batch, which a person waits for
_BATCH_S = 0.2  # of large files there are fewer in a batch, so that something is seen to happen
_AHEAD = 2  # batches: while one is stored the next is looked at
_EMPTIED_EVERY = 10  # batches: about the 1000 pages at which SQLite would do it by itself
_SAID = 20  # files that are named one by one


class _Looked(NamedTuple):
    """What was found about files, and how long it took."""

    found: list[ImageFacts | UserError]
    seconds: float


class Adding(QObject):
    """Keeps the order in which the files were found; one that cannot be read is left out."""

    found = Signal()
    """More files wait: see `left`."""
    taken = Signal(int)
    """So many files, the first of those that waited, wait no longer: stored, or left out."""
    added = Signal(list)
    """The numbers of images that are in the project now."""
    ended = Signal()
    """Nothing waits any more."""
    finished = Signal(int)
    """All was looked at; so many images are new."""
    failed = Signal(object)
    """UserError: of a file, or why nothing more is added."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._project: Project | None = None
        self._files: list[str] = []
        self._done = 0  # of _files
        self._asked = 0  # of _files: up to here they are looked at, or have been
        self._searches = 0
        self._batches: deque[int] = deque()  # how many files each holds
        self._batch = _FIRST
        self._unreadable = self._came = 0
        self._stored = 0  # batches
        self._process = ProbingProcess()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)  # batches come back in order

    @property
    def running(self) -> bool:
        return self._project is not None

    @property
    def left(self) -> int:
        """Files that wait."""
        return len(self._files) - self._done

    @property
    def total(self) -> int:
        """Files in all, those that are done among them."""
        return len(self._files)

    def file(self, place: int) -> Path:
        """One of the files that wait, from 0."""
        return Path(self._files[self._done + place])

    def add(self, project: Project, paths: Sequence[Path]) -> None:
        """Adds images and folders of images; those that are there already stay as they are."""
        if self._project is not project:
            self.cancel()
            self._project = project
        self._searches += 1
        in_background(
            lambda: find_image_names(paths),
            parent=self,
            done=lambda files: self._on_found(project, files),
            failed=lambda error: self._on_none_found(project, error),
            pool=self._pool,
        )

    def cancel(self) -> None:
        """What is added stays; the rest is not looked at any more."""
        if self._project is None:
            return
        self._project = None
        self._pool.clear()
        left = self.left
        self._files, self._done, self._asked, self._searches = [], 0, 0, 0
        self._batches.clear()
        self._batch = _FIRST
        self._unreadable = self._came = 0
        self._process.close()
        self._process = ProbingProcess()
        self.taken.emit(left)
        self.ended.emit()

    # ------------------------------------------------------------------ inside

    def _on_found(self, project: Project, files: list[str]) -> None:
        if project is not self._project:
            return
        self._searches -= 1
        self._files += files
        self.found.emit()
        self._go_on()

    def _on_none_found(self, project: Project, error: UserError) -> None:
        if project is not self._project:
            return
        self._searches -= 1
        self.failed.emit(error)
        self._go_on()

    def _go_on(self) -> None:
        """Has the next files looked at, or ends."""
        project = self._project
        if project is None:
            return
        while len(self._batches) < _AHEAD and self._asked < len(self._files):
            batch = list(map(Path, self._files[self._asked : self._asked + self._batch]))
            try:
                new = project.listing.not_yet(batch)
            except UserError as error:
                self._give_up(error)
                return
            self._look_at(project, new)
            self._asked += len(batch)
            self._batches.append(len(batch))
        if not self._batches and not self._searches:
            if self._unreadable > _SAID:
                self.failed.emit(
                    UserError(
                        f"{self._unreadable - _SAID} more files could not be read",
                        remedy="Convert them, or leave them out.",
                    )
                )
            came, known = self._came, self.total and not self._unreadable
            self.cancel()
            if came or known:
                self.finished.emit(came)

    def _look_at(self, project: Project, files: Sequence[Path]) -> None:
        process = self._process
        few = self._asked < _BATCH  # what is to be shown first does not wait for the process

        def look() -> _Looked:
            began = time.monotonic()
            found = probe_some(files) if few else process.probe(files)
            return _Looked(found, time.monotonic() - began)

        in_background(
            look,
            parent=self,
            done=lambda looked: self._store(project, looked),
            failed=lambda error: self._on_failed(project, error),
            pool=self._pool,
        )

    def _store(self, project: Project, looked: _Looked) -> None:
        if project is not self._project:
            return
        errors = [found for found in looked.found if isinstance(found, UserError)]
        facts = [found for found in looked.found if not isinstance(found, UserError)]
        try:
            numbers = project.add_images(facts)
        except UserError as error:
            self._give_up(error)
            return
        self._stored += 1
        if self._stored % _EMPTIED_EVERY == 0:
            in_background(
                lambda: checkpoint(project.path),
                parent=self,
                done=lambda _: None,
                failed=lambda _: None,  # the next commits try it themselves
            )
        self._came += len(numbers)
        count = self._batches.popleft()
        self._done += count
        per_file = looked.seconds / max(1, len(looked.found))
        self._batch = max(1, min(_BATCH, round(_BATCH_S / max(per_file, 1e-6))))
        self.taken.emit(count)
        for unreadable in errors[: max(0, _SAID - self._unreadable)]:
            self.failed.emit(unreadable)
        self._unreadable += len(errors)
        if numbers:
            self.added.emit(numbers)
        self._go_on()

    def _on_failed(self, project: Project, error: UserError) -> None:
        if project is self._project:
            self._give_up(error)

    def _give_up(self, error: UserError) -> None:
        self.failed.emit(error)
        self.cancel()
