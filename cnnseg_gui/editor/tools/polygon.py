"""Polygon: corner by corner; closed by a click on the first one, a double click, or Enter."""

from __future__ import annotations

import math

from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import (
    NOWHERE,
    ImagePoint,
    Outline,
    Scene,
    ToolSettings,
    named,
)
from cnnseg_gui.editor.tools.lasso import AreaGesture

_NEAR = 8.0  # screen pixels: a click that near to the first corner closes the polygon
_LEAST_CORNERS = 3


class Corners(AreaGesture):
    """Stays open over several presses; between them the next edge follows the pointer."""

    lasts = True

    def __init__(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> None:
        super().__init__(named(settings, "polygon"), scene, settings)
        self._corners = [at]
        self._closed = False
        self._show(at)

    @property
    def complete(self) -> bool:
        return self._closed

    def press(self, at: ImagePoint) -> Rect:
        if len(self._corners) >= _LEAST_CORNERS and self._near_first(at):
            self._closed = True
        elif at != self._corners[-1]:
            self._corners.append(at)
            self._show(at)
        return NOWHERE

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        self._show(to)
        return NOWHERE

    def release(self, at: ImagePoint) -> Rect:
        return self._cover_inside(self._corners) if self._closed else NOWHERE

    def close(self) -> Rect:
        """Fills what there is: two corners have no inside, and cover nothing."""
        if self._closed:
            return NOWHERE
        self._closed = True
        return self._cover_inside(self._corners)

    def step_back(self) -> Rect:
        if len(self._corners) > 1:
            self._corners.pop()
            self._show(self._corners[-1])
        return NOWHERE

    def _near_first(self, at: ImagePoint) -> bool:
        first = self._corners[0]
        return math.hypot(at.y - first.y, at.x - first.x) * self.scene.scale <= _NEAR

    def _show(self, pointer: ImagePoint) -> None:
        closing = len(self._corners) >= _LEAST_CORNERS and self._near_first(pointer)
        end = () if closing else (pointer,)
        self.outline = Outline((*self._corners, *end), closed=closing, corners=True)


class Polygon:
    """Straight edges from corner to corner."""

    key = "polygon"
    label = "Polygon"

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[Corners, Rect]:
        return Corners(scene, at, settings), NOWHERE
