"""How an image is shown: brightness, contrast, gamma, and the window of deep values.

Only the picture on the screen changes: tools and networks see the image as it was read.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.windowing import Window, windowed

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


class Lookup:
    """A display's tables, made once for all tiles. Used from any thread."""

    def __init__(self, display: Display) -> None:
        self.display = display
        self._tone = display.tone
        self._translation = self._tone.tobytes()
        self._deep: Pixels | None = None  # made when first needed: most images have 8 bits

    def of_pixels(self, pixels: Pixels) -> Pixels:
        """What uint8[h, w, 3], as read, is shown as; the same shape."""
        # A third of the time of numpy's indexing.
        shown = pixels.tobytes().translate(self._translation)
        return np.frombuffer(shown, np.uint8).reshape(pixels.shape)

    def of_values(self, values: npt.NDArray[Any]) -> Pixels:
        """What the file's values [h, w, C] are shown as through the window: uint8[h, w, C]."""
        window = self.display.window
        assert window is not None, "without one the image is shown as it was read"
        if values.dtype != np.uint16:
            return self.of_pixels(windowed(values, window))
        if self._deep is None:
            self._deep = self._tone[windowed(np.arange(1 << 16, dtype=np.uint16), window)]
        return self._deep.take(values)


def window_to_text(window: Window | None) -> str:
    """For a project's settings; empty for None."""
    return "" if window is None else json.dumps(window)


def window_from_text(text: str) -> Window | None:
    """The inverse; None for what is no window."""
    try:
        low, high = (float(value) for value in json.loads(text))
    except (ValueError, TypeError):
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None
