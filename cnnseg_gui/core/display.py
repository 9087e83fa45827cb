"""How an image is shown: brightness, contrast, gamma, and the window of deep values.

Only the picture on the screen changes: tools and networks see the image as it was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.windowing import Window, to_rgb8

_STEEPEST = 8.0  # at full contrast a grey value's neighbour is eight grey values away


@dataclass(frozen=True)
class Display:
    """All at rest shows the image as it was read."""

    brightness: float = 0.0
    """-1 (black) … 1 (white), added to values in 0…1."""
    contrast: float = 0.0
    """-1 (flat grey) … 1, about the middle."""
    gamma: float = 1.0
    """Above 1 lifts the dark parts."""
    window: Window | None = None
    """The file's values that are black and white; None: those found when it was read."""

    @property
    def tone(self) -> Pixels:
        """uint8[256]: what each 8-bit value is shown as. Never falls; at rest the value itself."""
        values = np.arange(256) / 255
        slope = _STEEPEST**self.contrast if self.contrast >= 0 else 1 + self.contrast
        values = (values - 0.5) * slope + 0.5 + self.brightness
        values = np.clip(values, 0.0, 1.0) ** (1 / self.gamma)
        return np.rint(255 * values).astype(np.uint8)

    def windowed(self, values: npt.NDArray[Any]) -> Pixels:
        """The file's values through the window: uint8[h, w, 3], before `tone`."""
        if values.dtype == np.uint16 and self.window is not None:
            values = self._table()[values]
        return to_rgb8(values, self.window)[0]

    def _table(self) -> Pixels:
        """uint8[65536]: one lookup a value instead of arithmetic."""
        assert self.window is not None
        every = np.arange(65536, dtype=np.uint16)[None]
        return to_rgb8(every, self.window)[0][0, :, 0]
