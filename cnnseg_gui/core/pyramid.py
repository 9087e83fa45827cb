"""An image in memory at halved sizes, so that what is drawn never depends on what it measures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.rect import Rect, cell_rect

_FIRST_KEPT = 2  # level 1 would take a quarter of the image's memory; a tile of it takes 0.4 ms
_BAND = 1024  # rows halved at a time: Pillow's copy of them is 4 bytes a pixel


class ImagePyramid:
    """The image, uint8[H, W, 3], and its levels; those from a quarter of its size on are kept."""

    def __init__(self, pixels: Pixels, *, pixel_size: float | None = None) -> None:
        self._pixels = np.ascontiguousarray(pixels)
        self._kept: list[Pixels] = []
        self.pixel_size = pixel_size
        self.on_grown: Callable[[Rect], None] | None = None
        height, width = self.shape
        self._levels = level_count(height, width)
        if self._levels > _FIRST_KEPT:
            self._kept.append(reduced(self._pixels, 1 << _FIRST_KEPT))
            while len(self._kept) < self._levels - _FIRST_KEPT:
                self._kept.append(reduced(self._kept[-1], 2))

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self._pixels.shape[:2]
        return height, width

    @property
    def levels(self) -> int:
        return self._levels

    @property
    def pixels(self) -> Pixels:
        """The image itself, uint8[H, W, 3]."""
        return self._pixels

    @property
    def kept_bytes(self) -> int:
        """What it takes in memory."""
        return self._pixels.nbytes + sum(level.nbytes for level in self._kept)

    @property
    def complete(self) -> bool:
        return True

    def ready(self, level: int, row: int, column: int) -> bool:
        return True

    def tile(self, level: int, row: int, column: int) -> Pixels:
        """uint8[h, w, 3], h and w ≤ TILE: smaller at the right and bottom edge."""
        if level == 0 or level >= _FIRST_KEPT:
            image = self._pixels if level == 0 else self._kept[level - _FIRST_KEPT]
            return image[cell_rect(row, column, TILE).clipped(image.shape[:2]).slices]
        below = cell_rect(row, column, TILE << level).clipped(self.shape)
        return reduced(self._pixels[below.slices], 1 << level)

    def close(self) -> None:
        """Nothing to let go of."""


def build_pyramid(pixels: Pixels, *, pixel_size: float | None = None) -> ImagePyramid:
    """A worker's job: about 10 ms for 4096²."""
    return ImagePyramid(pixels, pixel_size=pixel_size)


def level_count(height: int, width: int) -> int:
    """How many levels until one fits a tile."""
    count = 1
    while max(height, width) > TILE:
        height, width, count = -(-height // 2), -(-width // 2), count + 1
    return count


def level_shape(shape: tuple[int, int], level: int) -> tuple[int, int]:
    """Height and width of a level."""
    area = Rect(0, 0, *shape).reduced(level)
    return area.height, area.width


def reduced(pixels: Pixels, factor: int) -> Pixels:
    """Means of `factor` × `factor` pixels, fewer at the edge: uint8[⌈h/f⌉, ⌈w/f⌉, 3]."""
    height, width = pixels.shape[:2]
    out = np.empty((-(-height // factor), -(-width // factor), 3), np.uint8)
    for top in range(0, height, _BAND):  # a multiple of every factor
        band = np.ascontiguousarray(pixels[top : top + _BAND])
        first = top // factor
        part = np.asarray(Image.fromarray(band).reduce(factor))
        out[first : first + part.shape[0]] = part
    return out
