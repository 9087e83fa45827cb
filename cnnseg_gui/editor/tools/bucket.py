"""Bucket: fills what is connected to the pressed pixel, in image colour or in class."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial

import numpy as np

from cnnseg_gui.core.flood import Alike, alike_in_colour, flood
from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.mask import UNLABELLED, Pixels, TileGrid
from cnnseg_gui.core.proposal import composite
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import (
    NOWHERE,
    Fill,
    Gesture,
    ImagePoint,
    Operation,
    Scene,
    ToolSettings,
    named,
)

_AT_ONCE = 32  # tiles, about 1,450 × 1,450 pixels: found and filled in at most 50 ms


class BucketFill(Gesture):
    """Found and covered at the press; what is too large for that, in a worker at the release."""

    def __init__(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> None:
        super().__init__(named(settings, "bucket"), scene, settings)
        self._row, self._column = math.floor(at.y), math.floor(at.x)

    def fill(self) -> Rect:
        """Covers the area; the rectangle is what to redraw."""
        bounds = self.scene.mask.bounds
        row, column = self._row, self._column
        if not (0 <= row < bounds.bottom and 0 <= column < bounds.right):
            return NOWHERE
        alike = self._alike()
        found = flood(alike, bounds, row, column, most=_AT_ONCE)
        if found is None:
            self.deferred = deferred_fill(self.scene, self.settings, alike, bounds, row, column)
            return NOWHERE
        changed = NOWHERE
        for coverage in found:
            changed = changed.union(self._cover(coverage))
        return changed

    def _alike(self) -> Alike:
        seed = Rect(self._row, self._column, self._row + 1, self._column + 1)
        if not self.settings.by_class:
            image, tolerance = self.scene.image, self.settings.tolerance
            colour = image_part(image, seed)[0, 0]
            return lambda rect: alike_in_colour(image_part(image, rect), colour, tolerance)
        mask, proposed = self.scene.mask.snapshot(), self.scene.proposal.classes.snapshot()
        value = composite(mask.read(seed), proposed.read(seed))[0, 0]
        return lambda rect: composite(mask.read(rect), proposed.read(rect)) == value


class Bucket:
    """Fills an area of one colour, or of one class."""

    key = "bucket"
    label = "Bucket"

    def press(
        self, scene: Scene, at: ImagePoint, settings: ToolSettings
    ) -> tuple[BucketFill, Rect]:
        gesture = BucketFill(scene, at, settings)
        return gesture, gesture.fill()


def deferred_fill(
    scene: Scene, settings: ToolSettings, alike: Alike, within: Rect, row: int, column: int
) -> partial[list[Fill]]:
    """A flood to be run in a worker: on mask and proposal as they are now."""
    return partial(
        _flooded,
        alike=alike,
        within=within,
        row=row,
        column=column,
        settings=settings,
        mask=scene.mask.snapshot(),
        proposed=scene.proposal.classes.snapshot(),
        accepted_as=scene.accepted_as,
    )


def _flooded(
    *,
    alike: Alike,
    within: Rect,
    row: int,
    column: int,
    settings: ToolSettings,
    mask: TileGrid,
    proposed: TileGrid,
    accepted_as: Pixels,
) -> list[Fill]:
    found = flood(alike, within, row, column) or []
    if settings.operation == Operation.PAINT:
        return [(coverage, settings.class_index) for coverage in found]
    if settings.operation == Operation.ERASE:
        return [(coverage, UNLABELLED) for coverage in found]
    return [
        (coverage, int(accepted_as[index]))
        for area in found
        for coverage, index in _accepted(area, mask, proposed)
    ]


def _accepted(coverage: Coverage, mask: TileGrid, proposed: TileGrid) -> Iterable[Fill]:
    """The undecided pixels, class by class of what is proposed for them."""
    top, left, covered = coverage
    area = Rect(top, left, top + covered.shape[0], left + covered.shape[1])
    classes = proposed.read(area)
    open_pixels = covered & (mask.read(area) == UNLABELLED) & (classes != UNLABELLED)
    for value in np.unique(classes[open_pixels]):
        yield Coverage(top, left, open_pixels & (classes == value)), int(value)
