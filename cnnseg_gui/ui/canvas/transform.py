"""Where the image lies in the view: plain numbers, no widget."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import ImagePoint

MIN_SCALE, MAX_SCALE = 1 / 256, 64.0
_LARGEST_FIT = 8.0
_MARGIN = 0.96  # a fitted image leaves a little air


@dataclass(frozen=True)
class ViewTransform:
    """`scale`: view pixels per image pixel; (`x`, `y`): the view's place of the image's corner.

    All in the unit the caller draws in; the canvas uses the screen's own pixels.
    """

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def to_image(self, x: float, y: float) -> ImagePoint:
        return ImagePoint((y - self.y) / self.scale, (x - self.x) / self.scale)

    def to_view(self, point: ImagePoint) -> tuple[float, float]:
        return self.x + point.x * self.scale, self.y + point.y * self.scale

    def panned(self, dx: float, dy: float) -> ViewTransform:
        return replace(self, x=self.x + dx, y=self.y + dy)

    def snapped(self) -> ViewTransform:
        """With the image's corner on a whole pixel, so that at whole scales all pixels are."""
        return replace(self, x=float(round(self.x)), y=float(round(self.y)))

    def zoomed(self, factor: float, x: float, y: float) -> ViewTransform:
        """Zoomed so that the image under (x, y) stays under it."""
        scale = min(max(self.scale * factor, MIN_SCALE), MAX_SCALE)
        ratio = scale / self.scale
        return ViewTransform(scale, x - (x - self.x) * ratio, y - (y - self.y) * ratio)

    def visible(self, width: float, height: float) -> Rect:
        """The image's pixels that a view of this size shows, not clipped to the image."""
        first, last = self.to_image(0, 0), self.to_image(width, height)
        return Rect(math.floor(first.y), math.floor(first.x), math.ceil(last.y), math.ceil(last.x))

    def view_edges(self, first: int, step: int, count: int, *, vertical: bool) -> list[int]:
        """Where the grid lines first, first + step, … of the image fall, in whole view pixels.

        Neighbouring tiles share these numbers, so they meet without gap or overlap.
        """
        origin = self.y if vertical else self.x
        return [round(origin + (first + k * step) * self.scale) for k in range(count)]


def fitted(shape: tuple[int, int], width: float, height: float) -> ViewTransform:
    """The whole image, centred; tiny ones are not enlarged beyond what the eye needs."""
    scale = min(width / shape[1], height / shape[0]) * _MARGIN
    return centred(shape, min(max(scale, MIN_SCALE), _LARGEST_FIT), width, height)


def centred(shape: tuple[int, int], scale: float, width: float, height: float) -> ViewTransform:
    """The image's centre in the view's centre."""
    return ViewTransform(scale, (width - shape[1] * scale) / 2, (height - shape[0] * scale) / 2)


def pyramid_level(scale: float, levels: int) -> int:
    """The coarsest level that still has a pixel for each pixel of the view."""
    if scale >= 1:
        return 0
    return min(math.floor(-math.log2(scale) + 1e-9), levels - 1)
