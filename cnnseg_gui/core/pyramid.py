"""An image in memory at halved sizes, so that what is drawn never depends on what it measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnseg_gui.core.deep_levels import DeepLevels
from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.core.windowing import Window

_FIRST_KEPT = 2  # level 1 would take a quarter of the image's memory; a tile of it takes 0.4 ms
_BAND = 1024  # rows halved at a time: Pillow's copy of them is 4 bytes a pixel


class ImagePyramid:
    """The image, uint8[H, W, 3], and its levels; those from a quarter of its size on are kept."""

    def __init__(
        self,
        pixels: Pixels,
        *,
        pixel_size: float | None = None,
        values: npt.NDArray[Any] | None = None,
        window: Window | None = None,
    ) -> None:
        self._pixels = np.ascontiguousarray(pixels)
        self.window = window
        self._kept: list[Pixels] = []
        self.pixel_size = pixel_size
        self.on_grown: Callable[[Rect], None] | None = None
        height, width = self.shape
        self._levels = level_count(height, width)
        self._deep: DeepLevels | None = None
        if values is not None and window is not None:
            self._deep = DeepLevels(values, window, self._levels)
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
        deep = self._deep.nbytes if self._deep is not None else 0
        return self._pixels.nbytes + deep + sum(level.nbytes for level in self._kept)

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

    def deep_tile(self, level: int, row: int, column: int) -> npt.NDArray[Any] | None:
        """The file's own values, [h, w, C], of coarser levels their means; None where they have 8
        bits."""
        return None if self._deep is None else self._deep.tile(level, row, column)

    def sample(self) -> npt.NDArray[np.float64] | None:
        """Some of the file's own values, from all over the image; None where they have 8 bits."""
        return None if self._deep is None else self._deep.sample()

    def value(self, row: int, column: int) -> tuple[float, ...]:
        """The file's own values of one pixel."""
        if self._deep is not None:
            return self._deep.value(row, column)
        return tuple(float(value) for value in self._pixels[row, column])

    def close(self) -> None:
        """Nothing to let go of."""


def build_pyramid(
    pixels: Pixels,
    *,
    pixel_size: float | None = None,
    values: npt.NDArray[Any] | None = None,
    window: Window | None = None,
) -> ImagePyramid:
    """A worker's job: about 10 ms for 4096².

    Args:
        values: the file's own, of more than 8 bits, as `image_io.LoadedImage` has them.
        window: what `pixels` were made of them with.
    """
    return ImagePyramid(pixels, pixel_size=pixel_size, values=values, window=window)


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
