"""Brush: paints a class with a round tip. Eraser: the same, back to unlabelled."""

from __future__ import annotations

from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.raster import stroke_segment
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import ImagePoint, ToolSettings


class Stroke:
    """A round tip dragged over the mask: capsules between the pointer's events."""

    def __init__(
        self, mask: Mask, at: ImagePoint, *, value: int, diameter: float, name: str
    ) -> None:
        self.name = name
        self._builder = PatchBuilder(mask)
        self._value = value
        self._radius = diameter / 2
        self._last = at

    def move(self, to: ImagePoint) -> Rect:
        changed = Rect(0, 0, 0, 0)
        for top, left, covered in stroke_segment(
            self._last.y, self._last.x, to.y, to.x, radius=self._radius
        ):
            changed = changed.union(self._builder.paint(top, left, covered, self._value))
        self._last = to
        return changed

    def finish(self) -> Patch | None:
        return self._builder.finish()

    def cancel(self) -> Rect:
        return self._builder.cancel()


class Brush:
    """Paints the active class over everything."""

    key = "brush"
    label = "Brush"

    def press(self, mask: Mask, at: ImagePoint, settings: ToolSettings) -> tuple[Stroke, Rect]:
        stroke = Stroke(
            mask,
            at,
            value=settings.class_index,
            diameter=settings.diameter,
            name="Brush stroke",
        )
        return stroke, stroke.move(at)


class Eraser:
    """Takes the decision back: the pixels are unlabelled again and show the proposal."""

    key = "eraser"
    label = "Eraser"

    def press(self, mask: Mask, at: ImagePoint, settings: ToolSettings) -> tuple[Stroke, Rect]:
        stroke = Stroke(
            mask, at, value=UNLABELLED, diameter=settings.diameter, name="Eraser stroke"
        )
        return stroke, stroke.move(at)
