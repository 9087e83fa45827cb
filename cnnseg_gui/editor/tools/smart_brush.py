"""Smart brush: covers what belongs together with what is under the pointer, up to the edges."""

from __future__ import annotations

import math

import numpy as np

from cnnseg_gui.core.alike import Bools, Numbers, belonging
from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.raster import Coverage, capsule
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.superpixels import SPACINGS, Superpixels, count
from cnnseg_gui.editor.tools.base import (
    NOWHERE,
    Gesture,
    ImagePoint,
    Scene,
    ToolSettings,
    named,
)

_SPACING = 10.0  # screen pixels: a superpixel is as large as an edge can be seen to be
_WIDEST = 200.0  # pixels of the level that is looked at: a dab takes at most 30 ms
_STEP = 8.0  # pixels of that level between two dabs of a small brush; of a large one its radius
_LEAST_PRESSURE = 0.05


class SmartStroke(Gesture):
    """A disc dragged over the mask that keeps to what is alike under its middle."""

    def __init__(
        self, scene: Scene, at: ImagePoint, settings: ToolSettings, superpixels: Superpixels
    ) -> None:
        super().__init__(named(settings, "smart brush"), scene, settings)
        self._superpixels = superpixels
        self._last = at
        self._level = _level(scene, settings.diameter)
        size = scene.scale * 2**self._level
        self._spacing = min(SPACINGS, key=lambda spacing: abs(spacing - _SPACING / size))

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        radius = self.settings.diameter / 2 * max(pressure, _LEAST_PRESSURE)
        length = math.hypot(to.y - self._last.y, to.x - self._last.x)
        steps = max(1, math.ceil(length / max(radius, _STEP * 2**self._level)))
        changed, begin = NOWHERE, self._last
        for k in range(1, steps + 1):
            end = ImagePoint(
                self._last.y + (to.y - self._last.y) * k / steps,
                self._last.x + (to.x - self._last.x) * k / steps,
            )
            changed = changed.union(self._dab(begin, end, radius))
            begin = end
        self._last = to
        return changed

    def _dab(self, begin: ImagePoint, end: ImagePoint, radius: float) -> Rect:
        """Covers what is alike to the end's place, within the brush's way to it."""
        factor = 2**self._level
        bounds = self.scene.mask.bounds
        small = Rect(0, 0, *self.scene.mask.shape).reduced(self._level)
        way = capsule(
            begin.y / factor,
            begin.x / factor,
            end.y / factor,
            end.x / factor,
            radius=radius / factor,
        )
        rect = _rect(way).intersection(small)
        row, column = math.floor(end.y / factor), math.floor(end.x / factor)
        if not (0 <= end.y < bounds.bottom and 0 <= end.x < bounds.right):
            return NOWHERE
        found = belonging(
            image_part(self.scene.image, rect, self._level),
            self._parts(rect),
            _cut(way, rect),
            row - rect.top,
            column - rect.left,
            tolerance=self.settings.tolerance,
        )
        if factor == 1:
            return self._cover(Coverage(rect.top, rect.left, found))
        exact = capsule(begin.y, begin.x, end.y, end.x, radius=radius)
        full = Rect(*(edge * factor for edge in rect)).intersection(bounds)
        part = _rect(exact).intersection(full)
        large = found.repeat(factor, axis=0).repeat(factor, axis=1)
        covered = _cut(Coverage(full.top, full.left, large), part) & _cut(exact, part)
        return self._cover(Coverage(part.top, part.left, covered))

    def _parts(self, rect: Rect) -> Numbers:
        """int64[h, w]: superpixels, divided where the proposal changes its class."""
        parts = self._superpixels.read(rect, level=self._level, spacing=self._spacing)
        factor = 2**self._level
        proposed = self.scene.proposal.classes.read(Rect(*(edge * factor for edge in rect)))
        classes = proposed[factor // 2 :: factor, factor // 2 :: factor]
        if (classes != classes[0, 0]).any():
            dense = np.zeros(256, np.int64)
            present = np.flatnonzero(np.bincount(classes.ravel(), minlength=256))
            dense[present] = np.arange(len(present))
            parts += dense[classes] * count(rect, self._spacing)
        return parts


class SmartBrush:
    """Paints up to the edges. Keeps the superpixels of the image that was painted last."""

    key = "smart_brush"
    label = "Smart Brush"

    def __init__(self) -> None:
        self._superpixels: Superpixels | None = None

    def press(
        self, scene: Scene, at: ImagePoint, settings: ToolSettings
    ) -> tuple[SmartStroke, Rect]:
        if self._superpixels is None or self._superpixels.image is not scene.image:
            self._superpixels = Superpixels(scene.image)
        start = scene.last_end if settings.straight and scene.last_end is not None else at
        stroke = SmartStroke(scene, start, settings, self._superpixels)
        return stroke, stroke.move(at)


def _level(scene: Scene, diameter: float) -> int:
    """The pyramid's level the view shows, or a coarser one for a very large brush."""
    level = round(math.log2(1 / scene.scale)) if scene.scale < 1 else 0
    while diameter / 2**level > _WIDEST:
        level += 1
    return min(level, scene.image.levels - 1)


def _rect(coverage: Coverage) -> Rect:
    top, left, covered = coverage
    return Rect(top, left, top + covered.shape[0], left + covered.shape[1])


def _cut(coverage: Coverage, part: Rect) -> Bools:
    """bool[h, w]: a coverage within a rectangle inside its own."""
    top, left, covered = coverage
    return covered[part.top - top : part.bottom - top, part.left - left : part.right - left]
