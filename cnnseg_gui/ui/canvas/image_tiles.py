"""The image's tiles as pictures."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.ui.canvas.tile_loader import TileLoader
from cnnseg_gui.ui.canvas.tiles import Deadline, Loading, TileCache, TileKey, TilePicture


class ImageTiles(QObject):
    """Draws from an image's levels; what would hold a frame up is made in a thread."""

    arrived = Signal()
    """A tile can be drawn that could not be before."""
    failed = Signal(object)
    """UserError: a part of the image cannot be read."""
    _grown = Signal(object)

    def __init__(self, source: ImageSource, parent: QObject) -> None:
        super().__init__(parent)
        self._source = source
        self._cache = TileCache()
        self._loader = TileLoader(self._made, self)
        self._loader.loaded.connect(self._keep)
        self._loader.failed.connect(self.failed)
        self._grown.connect(self._on_grown)
        source.on_grown = self._grown.emit

    def picture(self, key: TileKey, deadline: Deadline) -> TilePicture | None:
        picture = self._cache.get(key)
        if picture is None:
            if not self._source.ready(*key):
                self._loader.want(key)
                raise Loading
            deadline.check()
            picture = self._made(key)
            self._cache.put(key, picture)
        return picture

    def make_room(self, view_pixels: int) -> None:
        """For a view of so many of the screen's pixels."""
        self._cache.make_room(view_pixels)

    def cached(self, key: TileKey) -> TilePicture | None:
        return self._cache.get(key)

    def close(self) -> None:
        """Another image is shown."""
        self._source.on_grown = None
        self._loader.close()

    def _made(self, key: TileKey) -> TilePicture:
        rgb = self._source.tile(*key).astype(np.uint32)
        red, green, blue = (np.left_shift(rgb[..., k], np.uint32(16 - 8 * k)) for k in range(3))
        colours = red | green | blue | np.uint32(0xFF000000)
        return TilePicture(colours, QImage.Format.Format_RGB32)

    def _keep(self, key: TileKey, picture: TilePicture) -> None:
        self._cache.put(key, picture)
        self.arrived.emit()

    def _on_grown(self, area: Rect) -> None:
        """More of the coarse levels is there: what was drawn of them before is stale."""
        for level, row, column in self._cache.drawn():
            cell = Rect(row, column, row + 1, column + 1)
            if (
                level
                and not area.reduced(level).reduced(TILE.bit_length() - 1).intersection(cell).empty
            ):
                self._cache.drop((level, row, column))
        self.arrived.emit()
