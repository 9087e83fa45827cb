"""How large, how round and how bright each object is: scikit-image's `regionprops`.

An object is a connected component of one class; pixels that touch at a corner are connected
(8-neighbourhood). Class 0, the background, is measured only where it is asked for, undecided
pixels never.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.region_commands import objects_of

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_STOP_EVERY = 64


class MeasuringStopped(Exception):
    """Leaves a measurement that was cancelled."""


class Measurements(NamedTuple):
    """A row per object, class after class, in each from the top down; lengths in pixels."""

    class_index: Integers
    """int64[n]: its mask value."""
    area: Integers
    """int64[n]: pixels."""
    box: Integers
    """int64[n, 4]: top, left, bottom, right; the last two are one past the object."""
    centroid: Floats
    """float64[n, 2]: row, column; (0, 0) is the centre of the image's first pixel."""
    perimeter: Floats
    """float64[n]: of the line through the centres of the border's pixels, holes included; 0 for a
    pixel that is alone. Discs come out 3.6 to 5.4 % too long at radii of 5 to 80 pixels (Benkrid
    and Crookes, "Design and FPGA implementation of a perimeter estimator", 2000)."""
    equivalent_diameter: Floats
    """float64[n]: of the disc of the same area."""
    eccentricity: Floats
    """float64[n]: of the ellipse with the same second moments; 0 circle … 1 line; one pixel: 0."""
    mean_intensity: Floats
    """float64[n, channels]: mean of the image's values over the object."""


def measure(
    mask: Mask,
    read: Callable[[Rect], npt.NDArray[Any]],
    *,
    classes: Collection[int] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Measurements:
    """Measures every object, tile by tile: memory grows with the largest object, not the image.

    Args:
        mask: class indices; undecided pixels belong to no object.
        read: the image's values in a rectangle, [h, w, channels], any kind of number.
        classes: only these; None: all but the background.
        should_stop: asked every few objects.

    Raises:
        MeasuringStopped: `should_stop` said so.
    """
    whole = Rect(0, 0, *mask.shape)
    wanted = [
        index
        for index in np.flatnonzero(mask.counts()).tolist()
        if index != UNLABELLED and (index in classes if classes is not None else index != 0)
    ]
    channels = read(Rect(0, 0, 1, 1)).shape[2]
    rows: list[tuple[float, ...]] = []
    for index in wanted:
        for rect, numbers in objects_of(mask, index, whole).batches():
            rows += _rows(index, rect, numbers, read(rect), should_stop)
    rows.sort(key=lambda row: (row[0], row[2], row[3]))
    table = np.array(rows, np.float64).reshape(len(rows), 11 + channels)
    integers = table[:, :6].astype(np.int64)
    return Measurements(
        class_index=integers[:, 0],
        area=integers[:, 1],
        box=integers[:, 2:6],
        centroid=table[:, 6:8],
        perimeter=table[:, 8],
        equivalent_diameter=table[:, 9],
        eccentricity=table[:, 10],
        mean_intensity=table[:, 11:],
    )


def grey_once(found: Measurements) -> Measurements:
    """With one column of intensities where red, green and blue are the same."""
    means = found.mean_intensity
    if means.shape[1] != 3 or not (means == means[:, :1]).all():
        return found
    return found._replace(mean_intensity=means[:, :1])


# ---------------------------------------------------------------------- inside


def _rows(
    index: int,
    rect: Rect,
    numbers: npt.NDArray[np.int32],
    values: npt.NDArray[Any],
    should_stop: Callable[[], bool] | None,
) -> list[tuple[float, ...]]:
    """In the order of the columns of `Measurements`."""
    from skimage import measure as skimage_measure

    regionprops: Any = skimage_measure.regionprops  # it has no types
    present = np.unique(numbers)
    labels = np.searchsorted(present[present >= 0], numbers) + 1  # few, from 1 on
    labels[numbers < 0] = 0
    rows = []
    for done, found in enumerate(regionprops(labels)):
        if should_stop is not None and done % _STOP_EVERY == 0 and should_stop():
            raise MeasuringStopped
        top, left, bottom, right = found.bbox
        # Summed as float64: in float32 or the image's own type the mean of many pixels drifts.
        means = values[found.slice][found.image].mean(axis=0, dtype=np.float64)
        rows.append(
            (
                index,
                found.area,
                *(rect.top + top, rect.left + left, rect.top + bottom, rect.left + right),
                *(rect.top + found.centroid[0], rect.left + found.centroid[1]),
                found.perimeter,
                found.equivalent_diameter_area,
                found.eccentricity,
                *means,
            )
        )
    return rows
