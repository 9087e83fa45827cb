"""Objects are measured as a slow, plain computation measures them, and as geometry says."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import numpy as np
import pytest
import skimage.measure
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.measurements import Measurements, MeasuringStopped
from cnnseg_gui.core.measurements import measure as measure_tiles
from cnnseg_gui.core.rect import Rect

_MASKS = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 14), st.integers(1, 14)),
    elements=st.sampled_from([0, 1, 2, 254, UNLABELLED]),
)


def measure(
    mask: np.ndarray,
    image: np.ndarray,
    *,
    classes: Collection[int] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Measurements:
    """Of whole arrays."""
    values = image[..., None] if image.ndim == 2 else image

    def read(rect: Rect) -> np.ndarray:
        return values[rect.slices]

    return measure_tiles(Mask.from_array(mask), read, classes=classes, should_stop=should_stop)


def _objects(mask: np.ndarray) -> list[tuple[int, list[tuple[int, int]]]]:
    """Class and pixels of each object, by flood fill from pixel to pixel."""
    left = {(int(y), int(x)) for y, x in np.argwhere((mask != 0) & (mask != UNLABELLED))}
    found = []
    while left:
        start = min(left)
        left.discard(start)
        pixels, todo = [start], [start]
        while todo:
            y, x = todo.pop()
            for near in [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
                if near in left and mask[near] == mask[start]:
                    left.discard(near)
                    pixels.append(near)
                    todo.append(near)
        found.append((int(mask[start]), pixels))
    return found


def _key(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(float(value), 9) for value in values)


@settings(deadline=None)
@given(_MASKS, st.integers(0, 2**32 - 1))
def test_class_area_box_centre_and_mean_are_those_of_the_objects_pixels(
    mask: np.ndarray, seed: int
) -> None:
    image = np.random.default_rng(seed).integers(0, 65536, (*mask.shape, 2)).astype(np.uint16)
    expected = []
    for number, pixels in _objects(mask):
        ys, xs = np.array(pixels).T
        box = ys.min(), xs.min(), ys.max() + 1, xs.max() + 1
        means = [float(sum(int(image[p][c]) for p in pixels)) / len(pixels) for c in (0, 1)]
        expected.append(_key((number, len(pixels), *box, ys.mean(), xs.mean(), *means)))
    found = measure(mask, image)
    rows = zip(*(found.class_index, found.area, found.box, found.centroid), strict=True)
    told = [
        _key((number, area, *box, *centre, *mean))
        for (number, area, box, centre), mean in zip(rows, found.mean_intensity, strict=True)
    ]
    assert sorted(told) == sorted(expected)
    assert all(np.isfinite(column).all() for column in found)


def _drawn(inside: np.ndarray) -> Measurements:
    mask = inside.astype(np.uint8)
    return measure(mask, mask)


def test_a_disc_has_its_circumference_within_6_percent_and_no_eccentricity() -> None:
    y, x = np.mgrid[:201, :201]
    found = _drawn(np.hypot(y - 100, x - 100) <= 80)
    assert found.perimeter[0] == pytest.approx(2 * np.pi * 80, rel=0.06)
    assert found.equivalent_diameter[0] == pytest.approx(160, rel=0.005)
    assert found.eccentricity[0] == pytest.approx(0, abs=0.01)


def test_an_ellipse_has_its_eccentricity_within_one_hundredth() -> None:
    y, x = np.mgrid[:201, :201]
    found = _drawn(((y - 100) / 40) ** 2 + ((x - 100) / 80) ** 2 <= 1)
    assert found.eccentricity[0] == pytest.approx(np.sqrt(1 - 0.25), abs=0.01)


def test_a_rectangles_perimeter_joins_the_centres_of_its_border_pixels() -> None:
    inside = np.zeros((60, 90), np.bool_)
    inside[10:40, 20:70] = True
    found = _drawn(inside)
    assert found.perimeter[0] == pytest.approx(2 * (29 + 49))
    assert found.area[0] == 30 * 50


def test_a_pixel_that_is_alone_measures_0_and_a_line_is_as_eccentric_as_can_be() -> None:
    mask = np.zeros((9, 9), np.uint8)
    mask[2, 2] = 1
    mask[5, 1:8] = 2
    found = measure(mask, mask)
    assert found.perimeter[0] == found.eccentricity[0] == 0
    assert found.eccentricity[1] == 1


def test_only_the_classes_asked_for_are_measured_and_none_gives_an_empty_table() -> None:
    mask = np.array([[1, 0, 2], [0, 0, 0], [2, 0, UNLABELLED]], np.uint8)
    assert measure(mask, mask, classes={2}).class_index.tolist() == [2, 2]
    empty = measure(np.zeros((3, 3), np.uint8), np.zeros((3, 3, 4), np.uint8))
    assert empty.area.shape == (0,)
    assert empty.mean_intensity.shape == (0, 4)


def test_a_stop_is_said() -> None:
    mask = np.ones((3, 3), np.uint8)
    with pytest.raises(MeasuringStopped):
        measure(mask, mask, should_stop=lambda: True)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_objects_across_tiles_are_measured_as_a_whole(seed: int) -> None:
    """Against scikit-image on the whole mask at once."""
    random = np.random.default_rng(seed)
    mask = np.zeros((600, 560), np.uint8)
    for _ in range(12):
        y, x = random.integers(0, 560, 2)
        height, width = random.integers(1, 300, 2)
        mask[y : y + height, x : x + width] = random.integers(0, 3)
    image = random.integers(0, 256, mask.shape).astype(np.uint8)
    expected = []
    for index in (1, 2):
        labels = skimage.measure.label(mask == index, connectivity=2)
        expected += [
            (index, *found.bbox, round(found.perimeter, 6), round(found.eccentricity, 6))
            for found in skimage.measure.regionprops(labels)
        ]
    found = measure(mask, image)
    told = [
        (int(index), *box.tolist(), round(float(around), 6), round(float(eccentricity), 6))
        for index, box, around, eccentricity in zip(
            found.class_index, found.box, found.perimeter, found.eccentricity, strict=True
        )
    ]
    assert sorted(told) == sorted(expected)
    assert [row[:3] for row in told] == sorted(row[:3] for row in told)


def test_a_thousand_objects_on_a_megapixel_take_seconds_at_most() -> None:
    y, x = np.mgrid[:31, :31]
    mask = np.tile((np.hypot(y - 15, x - 15) < 12).astype(np.uint8), (32, 32))
    image = np.random.default_rng(0).integers(0, 256, (*mask.shape, 3)).astype(np.uint8)
    begun = time.process_time()
    assert len(measure(mask, image).area) == 1024
    assert time.process_time() - begun < 5
