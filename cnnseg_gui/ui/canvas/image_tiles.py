"""The image's tiles as pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from cnnseg_gui.core.display import Display
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.ui.canvas.tile_loader import TileLoader
from cnnseg_gui.ui.canvas.tiles import Deadline, Loading, TileCache, TileKey, TilePicture

AS_READ = Display()
Tones = npt.NDArray[np.uint32]


class ImageTiles(QObject):
    """Draws from an image's levels; what would hold a frame up is made in a thread."""

    arrived = Signal()
    """A tile can be drawn that could not be before."""
    failed = Signal(object)
    """UserError: a part of the image cannot be read."""
    _grown = Signal(object)

    def __init__(self, source: ImageSource, parent: QObject, display: Display = AS_READ) -> None:
        super().__init__(parent)
        self._display, self._tones = display, _tones(display)
        self._stale: set[TileKey] = set()
        self._source = source
        self._cache = TileCache()
        self._loader = TileLoader(self._made, self)
        self._loader.loaded.connect(self._keep)
        self._loader.failed.connect(self.failed)
        self._grown.connect(self._on_grown)
        source.on_grown = self._grown.emit

    def picture(self, key: TileKey, deadline: Deadline) -> TilePicture | None:
        picture = self._cache.get(key)
        if picture is None or key in self._stale:
            if not self._source.ready(*key):
                self._loader.want(key)
                raise Loading
            deadline.check()
            picture = self._made(key)
            self._cache.put(key, picture)
            self._stale.discard(key)
        return picture

    def set_display(self, display: Display) -> None:
        """Everything is drawn anew; what there was stands in until it is."""
        self._display = display
        self._tones = _tones(display)
        self._stale.update(self._cache.drawn())

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
        display, tones = self._display, self._tones
        deep = self._source.deep_tile(*key) if display.window is not None else None
        rgb = self._source.tile(*key) if deep is None else display.windowed(deep)
        colours = tones[0][rgb[..., 0]] | tones[1][rgb[..., 1]] | tones[2][rgb[..., 2]]
        return TilePicture(colours, QImage.Format.Format_RGB32)

    def _keep(self, key: TileKey, picture: TilePicture) -> None:
        self._cache.put(key, picture)
        self._stale.discard(key)
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


def _tones(display: Display) -> tuple[Tones, Tones, Tones]:
    """uint32[256] for red, green and blue: where each value goes in 0xFFRRGGBB."""
    tone = display.tone.astype(np.uint32)
    opaque = np.uint32(0xFF000000)
    return tone << np.uint32(16) | opaque, tone << np.uint32(8), tone
