"""Published weights, fetched and taken over off the window's thread."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, QThreadPool, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import Failed
from cnnseg_gui.weights.fetch import FetchStopped, fetch
from cnnseg_gui.weights.store import WeightStore

_MIRROR = "weights/mirror"


class WeightFetching(QObject):
    """One download at a time; a file that a person chooses is checked by the engine, too."""

    progressed = Signal(str, int, int)
    """Name, bytes that are here, bytes in all."""
    arrived = Signal(str)
    """The name: its weights are here now."""
    ended = Signal(str)
    """The name: it was cancelled; what came is kept for the next time."""
    failed = Signal(str, object)
    """Name, UserError."""

    def __init__(self, engine: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._stop = threading.Event()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._checking: dict[int, str] = {}
        self.fetching = ""
        """What is on its way; empty: nothing."""
        engine.checked.connect(self._on_checked)
        engine.failed.connect(self._on_failed)

    @property
    def store(self) -> WeightStore:
        return WeightStore(mirror=self.mirror)

    @property
    def mirror(self) -> str:
        """A folder or address to fetch from in place of the published ones; empty: none."""
        return str(QSettings().value(_MIRROR, ""))

    def set_mirror(self, mirror: str) -> None:
        QSettings().setValue(_MIRROR, mirror.strip())

    def start(self, name: str) -> None:
        """Begins to download; does nothing while another download runs."""
        if self.fetching:
            return
        self.fetching = name
        self._stop.clear()
        store, stopped = self.store, self._stop.is_set

        def work() -> bool:
            try:
                fetch(store, name, on_progress=partial(self.progressed.emit, name), stopped=stopped)
            except FetchStopped:
                return False
            return True

        in_background(
            work,
            parent=self,
            done=lambda whole: self._finish(name, whole),
            failed=lambda error: self._fail(name, error),
            pool=self._pool,
        )

    def cancel(self) -> None:
        """Stops the download within a block."""
        self._stop.set()

    def close(self) -> None:
        """Stops, and waits for the thread."""
        self.cancel()
        self._pool.waitForDone()

    def take_over(self, name: str, path: Path) -> None:
        """Copies a person's file into the store, then has the engine check that it fits."""
        store = self.store
        in_background(
            lambda: store.accept(name, path),
            parent=self,
            done=lambda _: self._check(name),
            failed=lambda error: self.failed.emit(name, error),
            pool=self._pool,
        )

    def remove(self, name: str) -> None:
        """Frees the disk."""
        try:
            self.store.remove(name)
        except UserError as error:
            self.failed.emit(name, error)
            return
        self.ended.emit(name)

    # ------------------------------------------------------------------ inside

    def _finish(self, name: str, whole: bool) -> None:
        self.fetching = ""
        (self.arrived if whole else self.ended).emit(name)

    def _fail(self, name: str, error: UserError) -> None:
        self.fetching = ""
        self.failed.emit(name, error)

    def _check(self, name: str) -> None:
        self._checking[self._engine.check_weights(name)] = name

    def _on_checked(self, request: int) -> None:
        name = self._checking.pop(request, None)
        if name is not None:
            self.arrived.emit(name)

    def _on_failed(self, failure: Failed) -> None:
        name = self._checking.pop(failure.request, None)
        if name is not None:
            self.remove(name)  # a copy of what the person still has
            error = UserError(failure.what, path=failure.path, remedy=failure.remedy)
            self.failed.emit(name, error)
