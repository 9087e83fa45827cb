"""The list's order where it is not the folder's: a queue, then all other images."""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.queue_order import Queue


class ImageOrder:
    """Positions in the list and rows of the index, either from the other: 10 ms for 100,000.

    Images that are added later follow at the end, in the folder's order.

    Args:
        queue: what comes first.
        ids: int64[n] of all images, ascending, by row.
    """

    def __init__(self, queue: Queue, ids: npt.NDArray[np.int64]) -> None:
        if len(ids):
            found = np.minimum(np.searchsorted(ids, queue.ids), len(ids) - 1)
            known = np.flatnonzero(ids[found] == queue.ids)
        else:
            found = known = np.empty(0, np.int64)
        first = found[known]
        waits = np.ones(len(ids), np.bool_)
        waits[first] = False
        rows = np.concatenate([first, np.flatnonzero(waits)]).astype(np.int64)
        positions = np.empty_like(rows)
        positions[rows] = np.arange(len(rows))
        self._rows, self._positions = (array("q", part.tobytes()) for part in (rows, positions))
        self._places = array("q", known.astype(np.int64).tobytes())
        self._queue = queue

    def row(self, position: int) -> int:
        """The row of the index that stands at a position."""
        return self._rows[position] if position < len(self._rows) else position

    def position(self, row: int) -> int:
        """Where a row of the index stands."""
        return self._positions[row] if row < len(self._positions) else row

    def reason(self, position: int) -> str:
        """Why it stands there; empty where it is not in the queue."""
        if position >= len(self._places):
            return ""
        return self._queue.reason(self._places[position])

    def brief(self, position: int) -> str:
        """The same in a few words."""
        if position >= len(self._places):
            return ""
        return self._queue.brief(self._places[position])
