"""The image's tiles as pictures."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from cnnseg_gui.core.display import Display, Lookup
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.ui.canvas.read_tiles import ReadTiles
from cnnseg_gui.ui.canvas.tile_loader import TileLoader
from cnnseg_gui.ui.canvas.tiles import Deadline, Loading, TileCache, TileKey, TilePicture

AS_READ = Display()
_RGBA_BYTES = (2, 1, 0, 3) if sys.byteorder == "little" else (1, 2, 3, 0)  # of 0xFFRRGGBB


class _Picture(TilePicture):
    """Knows what it was made with: another display makes it a stand-in."""

    def __init__(self, pixels: Pixels, lookup: Lookup) -> None:
        super().__init__(_packed(pixels), QImage.Format.Format_RGB32)
        self.lookup = lookup


class ImageTiles(QObject):
    """Draws from an image's levels; what would hold a frame up is made in a thread."""

    arrived = Signal()
    """A tile can be drawn that could not be before."""
    failed = Signal(object)
    """UserError: a part of the image cannot be read."""
    _grown = Signal(object)

    def __init__(self, source: ImageSource, parent: QObject, display: Display = AS_READ) -> None:
        super().__init__(parent)
        self._lookup = Lookup(display)
        self._source = source
        self._tiles = ReadTiles(source)
        self._cache = TileCache()
        self._loader = TileLoader(self._made, self)
        self._loader.loaded.connect(self._keep)
        self._loader.failed.connect(self.failed)
        self._grown.connect(self._on_grown)
        source.on_grown = self._grown.emit

    def picture(self, key: TileKey, deadline: Deadline) -> TilePicture | None:
        picture = self._cache.get(key)
        if not isinstance(picture, _Picture) or picture.lookup is not self._lookup:
            if not self._source.ready(*key):
                self._loader.want(key)
                raise Loading
            deadline.check()
            picture = self._made(key)
            self._cache.put(key, picture)
        return picture

    def set_display(self, display: Display) -> None:
        """Everything is drawn anew; what there was stands in until it is."""
        self._lookup = Lookup(display)

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
        lookup = self._lookup  # the window's thread may set another one meanwhile
        tile = self._tiles.get(key, deep=lookup.display.window is not None)
        shown = lookup.of_values(tile) if tile.dtype != np.uint8 else lookup.of_pixels(tile)
        return _Picture(shown, lookup)

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


def _packed(pixels: Pixels) -> npt.NDArray[np.uint32]:
    """uint8[h, w, C], C 1 or 3, as 0xFFRRGGBB in uint32[h, w]."""
    height, width, channels = pixels.shape
    out = np.empty((height, width, 4), np.uint8)
    for channel, place in enumerate(_RGBA_BYTES[:3]):
        out[..., place] = pixels[..., channel % channels]
    out[..., _RGBA_BYTES[3]] = 255
    return out.view(np.uint32)[..., 0]
