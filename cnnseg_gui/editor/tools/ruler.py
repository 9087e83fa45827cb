"""Ruler: how far it is from here to there."""

from __future__ import annotations

import math

from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import NOWHERE, Gesture, ImagePoint, Outline, Scene, ToolSettings


class Measure(Gesture):
    """A line with its length, which stays to be read until the next press."""

    keeps_outline = True

    def __init__(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> None:
        super().__init__("Measure", scene, settings)
        self._first = at

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        dy, dx = to.y - self._first.y, to.x - self._first.x
        length = math.hypot(dy, dx)
        text = f"{length:.1f} px"
        if self.scene.pixel_size is not None:
            text += f" = {length_text(length * self.scene.pixel_size)}"
        if length:
            text += f", {math.degrees(math.atan2(-dy, dx)):.0f}°"
        self.outline = Outline((self._first, to), text=text)
        return NOWHERE


class Ruler:
    """Measures; changes nothing."""

    key = "ruler"
    label = "Ruler"

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[Measure, Rect]:
        measure = Measure(scene, at, settings)
        return measure, measure.move(at)


def length_text(micrometres: float) -> str:
    """In the unit that reads best: nm, µm, mm or m."""
    for unit, size in (("m", 1e6), ("mm", 1e3), ("µm", 1.0)):
        if micrometres >= size:
            return f"{micrometres / size:.4g} {unit}"
    return f"{micrometres * 1000:.4g} nm"
