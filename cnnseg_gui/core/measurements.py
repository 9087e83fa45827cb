"""How large, how round and how bright each object is: scikit-image's `regionprops`.

An object is a connected component of one class; pixels that touch at a corner are connected
(8-neighbourhood). Class 0, the background, has no objects, and neither have undecided pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Pixels

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_EIGHT = np.ones((3, 3), np.bool_)
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
    pixel that is alone. Discs come out 4 to 5 % too long at radii of 5 to 80 pixels (Benkrid and
    Crookes, "Design and FPGA implementation of a perimeter estimator", 2000)."""
    equivalent_diameter: Floats
    """float64[n]: of the disc of the same area."""
    eccentricity: Floats
    """float64[n]: of the ellipse with the same second moments; 0 circle … 1 line; one pixel: 0."""
    mean_intensity: Floats
    """float64[n, channels]: mean of the image's values over the object."""


def measure(
    mask: Pixels,
    image: npt.NDArray[Any],
    *,
    classes: Collection[int] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Measurements:
    """Measures every object.

    Args:
        mask: uint8[H, W], class indices; 255 is undecided.
        image: [H, W] or [H, W, channels], any kind of number.
        classes: only these; None: all but the background.
        should_stop: asked every few objects.

    Raises:
        ValueError: the image is of another size.
        MeasuringStopped: `should_stop` said so.
    """
    if image.shape[:2] != mask.shape:
        raise ValueError(f"mask of {mask.shape}, image of {image.shape[:2]}")
    channels = image[..., None] if image.ndim == 2 else image
    rows: list[tuple[float, ...]] = []
    for number, place in enumerate(ndimage.find_objects(mask), start=1):
        wanted = number != UNLABELLED and (classes is None or number in classes)
        if not wanted or place is None:
            continue
        labels, _ = ndimage.label(mask[place] == number, _EIGHT)
        corner = place[0].start, place[1].start
        rows += _rows(number, labels, channels[place], corner, should_stop)
    table = np.array(rows, np.float64).reshape(len(rows), 11 + channels.shape[2])
    whole = table[:, :6].astype(np.int64)
    return Measurements(
        class_index=whole[:, 0],
        area=whole[:, 1],
        box=whole[:, 2:6],
        centroid=table[:, 6:8],
        perimeter=table[:, 8],
        equivalent_diameter=table[:, 9],
        eccentricity=table[:, 10],
        mean_intensity=table[:, 11:],
    )


# ---------------------------------------------------------------------- inside


def _rows(
    number: int,
    labels: npt.NDArray[Any],
    channels: npt.NDArray[Any],
    corner: tuple[int, int],
    should_stop: Callable[[], bool] | None,
) -> list[tuple[float, ...]]:
    """In the order of the columns of `Measurements`."""
    from skimage import measure as skimage_measure

    regionprops: Any = skimage_measure.regionprops  # it has no types
    top, left = corner
    rows = []
    for done, found in enumerate(regionprops(labels)):
        if should_stop is not None and done % _STOP_EVERY == 0 and should_stop():
            raise MeasuringStopped
        first_row, first_column, last_row, last_column = found.bbox
        # Summed as float64: in float32 or the image's own type the mean of many pixels drifts.
        means = channels[found.slice][found.image].mean(axis=0, dtype=np.float64)
        rows.append(
            (
                number,
                found.area,
                *(top + first_row, left + first_column, top + last_row, left + last_column),
                *(top + found.centroid[0], left + found.centroid[1]),
                found.perimeter,
                found.equivalent_diameter_area,
                found.eccentricity,
                *means,
            )
        )
    return rows
