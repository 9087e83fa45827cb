"""Interpolation while the image moves: as much of it as a frame has time for."""

from __future__ import annotations

import time

from PySide6.QtGui import QPainter


class Smoothing:
    """Interpolates where pixels of the image are smaller than the screen's, but not for ever.

    Qt takes 5 to 15 ms to interpolate a view of 1600 × 1000, a fifth of that without. So a frame
    that another will follow anyway interpolates until its time is up, and draws the rest as is.

    Args:
        wanted: False draws exact pixels.
        milliseconds: of interpolated drawing in this frame; None: as long as it takes.
    """

    def __init__(self, *, wanted: bool, milliseconds: float | None) -> None:
        self._on = wanted
        self._until = None if milliseconds is None else time.perf_counter() + milliseconds / 1000
        self.spared = False
        """Something was drawn without that should be drawn with it."""

    def apply(self, painter: QPainter) -> None:
        """Before each piece."""
        if self._on and self._until is not None and time.perf_counter() > self._until:
            self._on, self.spared = False, True
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._on)
