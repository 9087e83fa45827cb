"""Tiles that take longer than a frame are made in a thread, what was asked for last first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.ui.canvas.tiles import TileKey, TilePicture

_MOST = 256  # asked for and not begun; older ones are forgotten and asked for again when drawn


class TileLoader(QObject):
    """One thread, begun when first needed.

    Args:
        make: makes a tile's picture; called in the thread.
    """

    loaded = Signal(object, object)
    """TileKey and TilePicture."""
    failed = Signal(object)
    """UserError."""

    def __init__(self, make: Callable[[TileKey], TilePicture], parent: QObject) -> None:
        super().__init__(parent)
        self._make = make
        self._wanted: OrderedDict[TileKey, None] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def want(self, key: TileKey) -> None:
        """Has a tile made, before those that were wanted earlier."""
        with self._changed:
            self._wanted[key] = None
            self._wanted.move_to_end(key)
            while len(self._wanted) > _MOST:
                self._wanted.popitem(last=False)
            self._changed.notify()
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="tiles", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends the thread after the tile it is at."""
        with self._changed:
            self._closed = True
            self._wanted.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        del self._make  # it holds the image, in a circle that the collector finds minutes later

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._wanted and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                key, _ = self._wanted.popitem()
            try:
                picture = self._make(key)
            except UserError as error:
                self.failed.emit(error)
            else:
                self.loaded.emit(key, picture)
