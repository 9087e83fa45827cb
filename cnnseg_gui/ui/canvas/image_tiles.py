"""The image's tiles as pictures."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from cnnseg_gui.core.pyramid import ImagePyramid
from cnnseg_gui.ui.canvas.tiles import Deadline, TileCache, TileKey, TilePicture

_CACHE_BYTES = 192 * 2**20


class ImageTiles:
    """Draws from the image pyramid."""

    def __init__(self, pyramid: ImagePyramid) -> None:
        self._pyramid = pyramid
        self._cache = TileCache(_CACHE_BYTES)

    def picture(self, key: TileKey, deadline: Deadline) -> TilePicture | None:
        picture = self._cache.get(key)
        if picture is None:
            deadline.check()
            rgb = self._pyramid.tile(*key).astype(np.uint32)
            red, green, blue = (np.left_shift(rgb[..., k], np.uint32(16 - 8 * k)) for k in range(3))
            colours = red | green | blue | np.uint32(0xFF000000)
            picture = TilePicture(colours, QImage.Format.Format_RGB32)
            self._cache.put(key, picture)
        return picture

    def cached(self, key: TileKey) -> TilePicture | None:
        return self._cache.get(key)
