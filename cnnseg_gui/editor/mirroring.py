"""Keeps the mirror near the truth: masks as PNG, when an image is left or nothing is painted."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, QThreadPool, QTimer

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mirror_round import Round, mirror_round
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.jobs import in_background

_REST_MS = 3000
_LONGEST_S = 30.0  # who never rests gets a mirror that old
_AGAIN_MS = 60_000  # after the disk refused
_CLOSING_S = 0.5  # what is left then is mirrored when the project is opened again
_TABLES_SHARE = 20  # of the time at most one part goes into the list of images


class Mirroring(QObject):
    """One worker thread, which reads the database itself; the window only notes what it wrote."""

    def __init__(self, parent: QObject, *, failed: Callable[[UserError], None]) -> None:
        super().__init__(parent)
        self._failed = failed
        self._project: Project | None = None
        self._running = self._again = False
        self._waiting_since = 0.0
        self._stop_at = float("inf")
        self._tables_at = 0.0
        self._said = ""
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._run)

    def later(self, project: Project) -> None:
        """Something has changed: it is mirrored once nothing has for a while."""
        self._project = project
        now = time.monotonic()
        if not self._rest.isActive():
            self._waiting_since = now
        if not self._rest.isActive() or now - self._waiting_since < _LONGEST_S:
            self._rest.start(_REST_MS)

    def now(self, project: Project) -> None:
        """Mirrors what has changed."""
        self._project = project
        self._run()

    def finish(self) -> None:
        """The project is about to be closed: what can be mirrored in a moment still is."""
        self._stop_at = time.monotonic() + _CLOSING_S
        if self._rest.isActive():
            self._run()
        while self._running:
            self._pool.waitForDone()
            for job in self.findChildren(QObject):
                QCoreApplication.sendPostedEvents(job)
        self._rest.stop()
        self._project = None
        self._stop_at, self._tables_at, self._said = float("inf"), 0.0, ""

    # ------------------------------------------------------------------ inside

    def _run(self) -> None:
        self._rest.stop()
        project = self._project
        if project is None:
            return
        if self._running:
            self._again = True
            return
        self._running, self._again = True, False
        in_background(
            partial(
                mirror_round,
                project.path,
                tables=time.monotonic() >= self._tables_at,
                should_stop=lambda: time.monotonic() > self._stop_at,
            ),
            parent=self,
            done=partial(self._on_done, project),
            failed=self._on_failed,
            pool=self._pool,
        )

    def _on_done(self, project: Project, outcome: Round) -> None:
        if outcome.tables_s:
            self._tables_at = time.monotonic() + _TABLES_SHARE * outcome.tables_s
        failures = list(outcome.failures)
        try:
            if outcome.done:
                project.note_mirrored(outcome.done)
        except UserError as error:  # then they are mirrored once more
            failures.append(error)
        self._end(failures)

    def _on_failed(self, error: UserError) -> None:
        self._end([error])

    def _end(self, failures: list[UserError]) -> None:
        self._running = False
        for error in failures:
            if str(error) != self._said:  # once, however often it is tried again
                self._said = str(error)
                self._failed(error)
        if failures:
            self._rest.start(_AGAIN_MS)
        elif self._again:
            self._run()
