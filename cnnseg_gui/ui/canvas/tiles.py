"""Pictures of tiles, made when first drawn, within a time budget and a memory cap."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from cnnseg_gui.core.mask import TILE

TileKey = tuple[int, int, int]
"""(level, row, column)."""


class OutOfTime(Exception):
    """The frame's budget is spent; what was made so far is kept for the next frame."""


class Loading(OutOfTime):
    """It is being made elsewhere; the canvas is told when it is there."""


_LEAST_TILES = 128  # 32 MiB
_AT_LEAST = 2  # tiles a frame: it gets there also where drawing alone takes the frame's time


class Deadline:
    """What making tiles may take in one frame, in milliseconds; the first few are always made."""

    def __init__(self, milliseconds: float) -> None:
        self._at = time.perf_counter() + milliseconds / 1000
        self._made = 0

    def check(self) -> None:
        """Called before a tile is made.

        Raises:
            OutOfTime: not in this frame any more.
        """
        self._made += 1
        if self._made > _AT_LEAST and time.perf_counter() > self._at:
            raise OutOfTime


class TilePicture:
    """uint32[h, w] as a QImage that shares its memory: writing the array changes the picture."""

    def __init__(self, colours: npt.NDArray[np.uint32], pixel_format: QImage.Format) -> None:
        self.colours = np.ascontiguousarray(colours)
        height, width = self.colours.shape
        self.image = QImage(self.colours.data, width, height, width * 4, pixel_format)


class TileSource(Protocol):
    """What a layer draws from."""

    def picture(self, key: TileKey, deadline: Deadline) -> TilePicture | None:
        """The tile's picture; None where it is empty. Raises OutOfTime."""
        ...

    def cached(self, key: TileKey) -> TilePicture | None:
        """The tile's picture if it is there already."""
        ...


class TileCache:
    """The pictures last used; an empty tile is remembered as None."""

    def __init__(self) -> None:
        self._max_tiles = _LEAST_TILES
        self._pictures: OrderedDict[TileKey, TilePicture | None] = OrderedDict()

    def make_room(self, view_pixels: int) -> None:
        """Holds at least what a view of so many screen pixels shows: a level has up to four pixels
        for each of them, and tiles at the border are seen in part."""
        self._max_tiles = max(_LEAST_TILES, 6 * view_pixels // (TILE * TILE))

    def __contains__(self, key: TileKey) -> bool:
        return key in self._pictures

    def get(self, key: TileKey) -> TilePicture | None:
        picture = self._pictures.get(key)
        if picture is not None:
            self._pictures.move_to_end(key)
        return picture

    def put(self, key: TileKey, picture: TilePicture | None) -> None:
        self._pictures[key] = picture
        self._pictures.move_to_end(key)
        while len(self._pictures) > self._max_tiles:
            self._pictures.popitem(last=False)

    def drop(self, key: TileKey) -> None:
        self._pictures.pop(key, None)

    def drawn(self) -> list[TileKey]:
        return list(self._pictures)
