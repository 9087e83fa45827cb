"""Lasso: a line drawn freehand round an area. Box: a rectangle. Filled, erased or accepted."""

from __future__ import annotations

from cnnseg_gui.core.polygon import polygon
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


class AreaGesture(Gesture):
    """Covers the inside of its outline at the end."""

    _corners: list[ImagePoint]

    def release(self, at: ImagePoint) -> Rect:
        return self._cover_inside(self._corners)

    def close(self) -> Rect:
        return self._cover_inside(self._corners)

    def _cover_inside(self, corners: list[ImagePoint]) -> Rect:
        changed = NOWHERE
        for coverage in polygon(corners, self.scene.mask.shape):
            changed = changed.union(self._cover(coverage))
        return changed


class Loop(AreaGesture):
    """A line under way; what it surrounds is covered at the release."""

    def __init__(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> None:
        super().__init__(named(settings, "lasso"), scene, settings)
        self._corners = [at]

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        if to != self._corners[-1]:
            self._corners.append(to)
            self.outline = Outline(tuple(self._corners), closed=True)
        return NOWHERE


class Lasso:
    """Freehand: everything inside the line."""

    key = "lasso"
    label = "Lasso"

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[Loop, Rect]:
        return Loop(scene, at, settings), NOWHERE


class Frame(AreaGesture):
    """A rectangle between the press and the pointer, of whole pixels."""

    def __init__(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> None:
        super().__init__(named(settings, "box"), scene, settings)
        self._first = at
        self._corners: list[ImagePoint] = []

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        top, bottom = (int(edge // 1) for edge in sorted((self._first.y, to.y)))
        left, right = (int(edge // 1) for edge in sorted((self._first.x, to.x)))
        self._corners = [
            ImagePoint(y, x)
            for y, x in ((top, left), (top, right + 1), (bottom + 1, right + 1), (bottom + 1, left))
        ]
        size = f"{right - left + 1} × {bottom - top + 1} px"
        self.outline = Outline(tuple(self._corners), closed=True, text=size)
        return NOWHERE


class Box:
    """A rectangle from corner to corner."""

    key = "box"
    label = "Box"

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[Frame, Rect]:
        frame = Frame(scene, at, settings)
        return frame, frame.move(at)
