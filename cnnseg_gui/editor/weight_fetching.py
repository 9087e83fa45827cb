"""Published weights, fetched and taken over off the window's thread."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.supplies import Supplies
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import Failed
from cnnseg_gui.weights.fetch import FetchStopped, fetch
from cnnseg_gui.weights.store import WeightStore

_log = logging.getLogger(__name__)
_MIRROR = "weights/mirror"
_PATIENCE_S = 1.0


class WeightFetching(QObject):
    """One download at a time; a file that a person chooses is checked by the engine, too."""

    progressed = Signal(str, int, int)
    """Name, bytes that are here, bytes in all."""
    arrived = Signal(str)
    """The name: its weights are here now."""
    stopped = Signal(str)
    """The name: its download was cancelled; what came is kept for the next time."""
    removed = Signal(str)
    """The name: its weights are not here any more."""
    failed = Signal(str, object)
    """Name, UserError."""
    _ended = Signal(str, object)

    def __init__(
        self, engine: EngineClient, supplies: Supplies, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._engine, self._supplies = engine, supplies
        self._stop = threading.Event()
        # A daemon: one that waits for a silent server must not keep the program from ending.
        self._thread: threading.Thread | None = None
        self._taking_over: set[str] = set()
        self._checking: dict[int, str] = {}
        self.fetching = ""
        """What is on its way; empty: nothing."""
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)
        engine.checked.connect(self._on_checked)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)

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
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._fetch, args=(self.store, name, self._stop), name="fetch", daemon=True
        )
        self._thread.start()

    def cancel(self) -> None:
        """Stops the download within a block."""
        self._stop.set()

    def close(self) -> None:
        """Stops, and waits a moment for the thread; what came is kept."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
        for copy in self._supplies.candidates.values():  # not checked yet: the person has the file
            with suppress(OSError):
                copy.unlink()

    def take_over(self, name: str, path: Path) -> None:
        """Copies a person's file, has the engine check that it fits, then puts it in place."""
        if name in self._taking_over:
            busy = f"another file for {name} is being checked"
            self.failed.emit(name, UserError(busy, path=path, remedy="Wait for it."))
            return
        self._taking_over.add(name)
        store = self.store
        in_background(
            lambda: store.stage(name, path),
            parent=self,
            done=lambda copy: self._check(name, copy),
            failed=lambda error: self._refuse(name, error),
        )

    def remove(self, name: str) -> None:
        """Frees the disk."""
        try:
            self.store.remove(name)
        except UserError as error:
            self.failed.emit(name, error)
            return
        self.removed.emit(name)

    # ------------------------------------------------------------------ inside

    def _fetch(self, store: WeightStore, name: str, stop: threading.Event) -> None:
        """In the thread."""
        outcome: UserError | bool = False
        with suppress(RuntimeError):  # the window is gone
            try:
                fetch(
                    store,
                    name,
                    on_progress=partial(self.progressed.emit, name),
                    stopped=stop.is_set,
                )
                outcome = True
            except FetchStopped:
                outcome = False
            except UserError as error:
                outcome = error
            except Exception as error:  # noqa: BLE001 - a defect must end in a line, too
                _log.exception("a download failed")
                outcome = UserError(f"{name} could not be downloaded ({error})")
            self._ended.emit(name, outcome)

    def _on_ended(self, name: str, outcome: UserError | bool) -> None:
        self.fetching = ""
        if isinstance(outcome, UserError):
            self.failed.emit(name, outcome)
        else:
            (self.arrived if outcome else self.stopped).emit(name)

    def _check(self, name: str, copy: Path) -> None:
        self._supplies.candidates[name] = copy
        self._checking[self._engine.check_weights(name)] = name

    def _on_checked(self, request: int) -> None:
        name = self._checking.pop(request, None)
        if name is not None:
            copy = self._supplies.candidates[name]
            try:
                self.store.settle(name, copy)
            except UserError as error:
                self._refuse(name, error)
            else:
                del self._supplies.candidates[name]
                self._taking_over.discard(name)
                self.arrived.emit(name)

    def _on_failed(self, failure: Failed) -> None:
        error = UserError(failure.what, path=failure.path, remedy=failure.remedy)
        self._drop(failure.request, error)

    def _on_cancelled(self, request: int) -> None:
        self._drop(request, UserError("the file was not checked", remedy="Choose it again."))

    def _drop(self, request: int, error: UserError) -> None:
        """Deletes the copy; what was there before stays."""
        name = self._checking.pop(request, None)
        if name is not None:
            self._refuse(name, error)

    def _refuse(self, name: str, error: UserError) -> None:
        self._taking_over.discard(name)
        copy = self._supplies.candidates.pop(name, None)
        if copy is not None:
            with suppress(OSError):
                copy.unlink()
        self.failed.emit(name, error)
