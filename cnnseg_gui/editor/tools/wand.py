"""Wand: selects what is connected in colour; dragging right or left moves the tolerance."""

from __future__ import annotations

import math

from scipy import ndimage

from cnnseg_gui.core.flood import alike_in_colour, colour_distance
from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import (
    NOWHERE,
    Gesture,
    ImagePoint,
    Outline,
    Scene,
    ToolSettings,
    named,
)
from cnnseg_gui.editor.tools.bucket import deferred_fill

_WINDOW = 1024  # pixels: what follows the pointer lies in a square of this side round the press
_MARGIN = 64  # pixels beyond what is visible that belong to the area too
_STEP = 2.0  # screen pixels of dragging for one step of the tolerance


class WandDrag(Gesture):
    """The area in what is visible, live; what lies far from the press follows in a worker."""

    def __init__(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> None:
        super().__init__(named(settings, "wand"), scene, settings)
        self._start = at
        self._row, self._column = math.floor(at.y), math.floor(at.x)
        self._within = scene.visible.inflated(_MARGIN).clipped(scene.mask.shape)
        seed = Rect(self._row, self._column, self._row + 1, self._column + 1)
        self._window = seed.inflated(_WINDOW // 2).intersection(self._within)
        self._outside = seed.intersection(self._within).empty
        if not self._outside:
            self._colour = image_part(scene.image, seed)[0, 0]
            self._distance = colour_distance(image_part(scene.image, self._window), self._colour)
        self._tolerance = -1
        self._beyond = False

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        steps = round((to.x - self._start.x) * self.scene.scale / _STEP)
        tolerance = min(max(self.settings.tolerance + steps, 0), 255)
        if self._outside or tolerance == self._tolerance:
            return NOWHERE
        self._tolerance = tolerance
        changed = self._show()
        text = f"tolerance {tolerance}" + (", goes on beyond" if self._beyond else "")
        self.outline = Outline((self._start, to), text=text)
        return changed

    def release(self, at: ImagePoint) -> Rect:
        return self.close()

    def close(self) -> Rect:
        """Where the area goes on beyond the window, all of it comes as one from the worker."""
        if not self._beyond:
            return NOWHERE
        changed = self.cancel()
        image, colour, tolerance = self.scene.image, self._colour, self._tolerance
        self.deferred = deferred_fill(
            self.scene,
            self.settings,
            lambda rect: alike_in_colour(image_part(image, rect), colour, tolerance),
            self._within,
            self._row,
            self._column,
        )
        return changed

    def _show(self) -> Rect:
        """Covers the window's part of the area anew."""
        changed = self.cancel()
        window, within = self._window, self._within
        numbers, _ = ndimage.label(self._distance <= self._tolerance)
        covered = numbers == numbers[self._row - window.top, self._column - window.left]
        self._beyond = bool(
            (window.top > within.top and covered[0].any())
            or (window.bottom < within.bottom and covered[-1].any())
            or (window.left > within.left and covered[:, 0].any())
            or (window.right < within.right and covered[:, -1].any())
        )
        return changed.union(self._cover(Coverage(window.top, window.left, covered)))


class Wand:
    """Selects an area of one colour; the way dragged is the tolerance."""

    key = "wand"
    label = "Wand"

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[WandDrag, Rect]:
        gesture = WandDrag(scene, at, settings)
        return gesture, gesture.move(at)
