"""What takes longer than a frame: computed in a worker on a snapshot of the mask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, QThreadPool, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.patch import Writable
from cnnseg_gui.core.prepared import Prepared, prepare
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.tools.base import Fill

Work = Callable[[Mask], Iterable[Fill]]
"""Runs beside the window: reads the snapshot it is given, and nothing that changes."""


class Computing(QObject):
    """One worker, in the order asked for; its outcomes in the window's thread."""

    changed = Signal()
    """Something was begun, or has ended."""
    prepared = Signal(str, object)
    """Name, Prepared."""
    failed = Signal(object)
    """UserError."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.names: list[str] = []
        """Of what is asked for and not there yet, the oldest first."""
        self._stop = threading.Event()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def begin(self, name: str, mask: Mask, work: Work, writable: Writable) -> None:
        """Computes on the mask as it is now."""
        stop = self._stop
        snapshot = _Stoppable.of(mask, stop)
        self.names.append(name)
        self.changed.emit()
        in_background(
            partial(_prepared, snapshot, work, writable),
            parent=self,
            done=partial(self._on_prepared, name, stop),
            failed=partial(self._on_failed, name),
            pool=self._pool,
        )

    def stop(self) -> None:
        """What is asked for is not wanted any more; the mask stays as it is."""
        self._stop.set()
        self._stop = threading.Event()

    def settle(self) -> None:
        """Waits for all of it."""
        while self.names:
            self._pool.waitForDone()
            for job in self.findChildren(QObject):
                QCoreApplication.sendPostedEvents(job)

    def _on_prepared(self, name: str, stop: threading.Event, prepared: Prepared | None) -> None:
        self.names.remove(name)
        if prepared is not None and not stop.is_set():
            self.prepared.emit(name, prepared)
        self.changed.emit()

    def _on_failed(self, name: str, error: UserError) -> None:
        self.names.remove(name)
        self.failed.emit(error)
        self.changed.emit()


class _Stopped(Exception):
    """Nobody wants the outcome any more."""


class _Stoppable(Mask):
    """A snapshot that cannot be read any more once its computation is stopped.

    So a computation ends within what it does between two tiles, and knows nothing of it.
    """

    _stop: threading.Event | None = None

    @classmethod
    def of(cls, mask: Mask, stop: threading.Event) -> Mask:
        copy = mask.snapshot()
        stoppable = cls(*copy.shape, copy.fill)
        for cell, tile in copy.tiles():
            stoppable.put_tile(*cell, tile)
        stoppable.meaning, stoppable.image_id = copy.meaning, copy.image_id
        stoppable._stop = stop
        return stoppable

    def read_stored(self, rect: Rect) -> Pixels:
        if self._stop is not None and self._stop.is_set():
            raise _Stopped
        return super().read_stored(rect)


def _prepared(snapshot: Mask, work: Work, writable: Writable) -> Prepared | None:
    try:
        return prepare(snapshot, work(snapshot), writable)
    except _Stopped:
        return None
