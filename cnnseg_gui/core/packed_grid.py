"""A raster whose tiles are packed while nobody looks at them: class maps shrink 50-fold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from cnnseg_gui.core.mask import UNLABELLED, Pixels, TileGrid, pack_tile, unpack_tile

OPEN_TILES = 256
"""16 MB; a screen of 1600 × 1000 pixels shows 40."""

_Cell = tuple[int, int]


class PackedGrid(TileGrid):
    """As `TileGrid`; only the tiles used last lie open in memory.

    A tile that `tile` or `tiles` gives is to be read at once, not kept.

    Args:
        open_tiles: how many lie open at most.
    """

    def __init__(
        self, height: int, width: int, fill: int = UNLABELLED, *, open_tiles: int = OPEN_TILES
    ) -> None:
        super().__init__(height, width, fill)
        self._most = open_tiles
        self._packed: dict[_Cell, bytes] = {}

    def snapshot(self) -> Self:
        """The raster as it is now; copies the tiles that lie open."""
        copy = type(self)(*self.shape, self.fill, open_tiles=self._most)
        copy._packed = dict(self._packed)
        copy._tiles = {cell: tile.copy() for cell, tile in self._tiles.items()}
        return copy

    def cells(self) -> Iterator[_Cell]:
        yield from self._tiles
        yield from self._packed

    def tiles(self) -> Iterator[tuple[_Cell, Pixels]]:
        """Those that are packed stay so."""
        yield from self._tiles.items()
        for cell, data in self._packed.items():
            yield cell, unpack_tile(data)

    def tile(self, row: int, column: int) -> Pixels | None:
        cell = row, column
        tile = self._tiles.pop(cell, None)
        if tile is None:
            packed = self._packed.pop(cell, None)
            if packed is None:
                return None
            tile = unpack_tile(packed)
        self._open(cell, tile)
        return tile

    def put_tile(self, row: int, column: int, values: Pixels) -> None:
        self._packed.pop((row, column), None)
        self._tiles.pop((row, column), None)
        super().put_tile(row, column, values)
        self._open((row, column), values)

    def _open(self, cell: _Cell, tile: Pixels) -> None:
        """It is the one used last; the one not used for longest is packed."""
        self._tiles[cell] = tile
        while len(self._tiles) > self._most:
            oldest = next(iter(self._tiles))
            self._packed[oldest] = pack_tile(self._tiles.pop(oldest))
