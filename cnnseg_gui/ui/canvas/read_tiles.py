"""The tiles last read, so that another brightness is a lookup and nothing else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy.typing as npt

from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.ui.canvas.tiles import TileKey

_MAX_BYTES = 24 * 2**20  # what a view of 1600 × 1000 shows of the costliest tiles, twice over


class ReadTiles:
    """Keeps those that were made for the asking; views of what is in memory cost nothing.

    Used from any thread.
    """

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._tiles: OrderedDict[tuple[TileKey, bool], npt.NDArray[Any]] = OrderedDict()
        self._bytes = 0

    def get(self, key: TileKey, *, deep: bool) -> npt.NDArray[Any]:
        """A tile's pixels, uint8[h, w, 3].

        Args:
            deep: the file's own values instead, [h, w, C], where it has others.

        Raises:
            UserError: the file could not be read.
        """
        with self._lock:
            found = self._tiles.get((key, deep))
            if found is not None:
                self._tiles.move_to_end((key, deep))
                return found
        tile = self._source.deep_tile(*key) if deep else None
        if tile is None:
            tile = self._source.tile(*key)
        if tile.base is None:
            self._keep((key, deep), tile)
        return tile

    def _keep(self, name: tuple[TileKey, bool], tile: npt.NDArray[Any]) -> None:
        with self._lock:
            if name not in self._tiles:
                self._tiles[name] = tile
                self._bytes += tile.nbytes
            while self._bytes > _MAX_BYTES:
                self._bytes -= self._tiles.popitem(last=False)[1].nbytes
