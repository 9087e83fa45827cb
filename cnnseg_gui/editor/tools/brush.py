"""Brush: covers pixels with a round or square tip. Eraser: the same, back to unlabelled."""

from __future__ import annotations

from dataclasses import replace

from cnnseg_gui.core.raster import stroke_segment
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import (
    NOWHERE,
    Gesture,
    ImagePoint,
    Operation,
    Scene,
    ToolSettings,
)

_NAMES = {
    Operation.PAINT: "Brush stroke",
    Operation.ERASE: "Eraser stroke",
    Operation.ACCEPT: "Accept with brush",
}
_LEAST_PRESSURE = 0.05


class Stroke(Gesture):
    """A tip dragged over the mask: swept along straight lines between the pointer's events."""

    def __init__(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> None:
        super().__init__(_NAMES[settings.operation], scene, settings)
        self.last = at
        self._radius: float | None = None

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        radius = self.settings.diameter / 2 * max(pressure, _LEAST_PRESSURE)
        changed = NOWHERE
        for coverage in stroke_segment(
            self.last.y,
            self.last.x,
            to.y,
            to.x,
            radius=radius,
            start_radius=self._radius,
            square=self.settings.square,
        ):
            changed = changed.union(self._cover(coverage))
        self.last, self._radius = to, radius
        return changed


class Brush:
    """Paints the active class."""

    key = "brush"
    label = "Brush"

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[Stroke, Rect]:
        start = scene.last_end if settings.straight and scene.last_end is not None else at
        stroke = Stroke(scene, start, settings)
        return stroke, stroke.move(at, scene.pressure)


class Eraser:
    """Takes the decision back: the pixels are unlabelled again and show the proposal."""

    key = "eraser"
    label = "Eraser"

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[Stroke, Rect]:
        return Brush().press(scene, at, replace(settings, operation=Operation.ERASE))
