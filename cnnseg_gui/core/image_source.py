"""Where the canvas and the tools get an image's pixels from, tile by tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.windowing import Window


class ImageSource(Protocol):
    """An image at halved sizes: level 0 is the image, each level halves the one below."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        ...

    @property
    def levels(self) -> int:
        """How many; the coarsest one fits one tile."""
        ...

    @property
    def pixel_size(self) -> float | None:
        """Micrometres per pixel, where the file says it."""
        ...

    on_grown: Callable[[Rect], None] | None
    """Called from any thread with the part of the image that coarse levels hold by now."""

    @property
    def complete(self) -> bool:
        """The coarse levels show the whole image."""
        ...

    def ready(self, level: int, row: int, column: int) -> bool:
        """Whether the tile costs no more than a frame allows; else it is a worker's job."""
        ...

    def tile(self, level: int, row: int, column: int) -> Pixels:
        """uint8[h, w, 3], h and w ≤ TILE: smaller at the right and bottom edge.

        From any thread. Not to be written.

        Raises:
            UserError: the file could not be read.
        """
        ...

    def deep_tile(self, level: int, row: int, column: int) -> npt.NDArray[Any] | None:
        """The file's own values of a tile, [h, w, C], of coarser levels their means; None where
        they are the 8 bits of `tile`, or cannot be had."""
        ...

    def sample(self) -> npt.NDArray[np.float64] | None:
        """Some finite values of the file's own, from all over the image, float64[n]; None where
        they have 8 bits, or there is none."""
        ...

    def value(self, row: int, column: int) -> tuple[float, ...]:
        """The file's own values of one pixel; of an image of 8 bits its red, green and blue."""
        ...

    @property
    def window(self) -> Window | None:
        """The file's values that `tile` has as black and as white; None: they have 8 bits."""
        ...

    def close(self) -> None:
        """The image is not shown any more: lets go of its file."""
        ...
