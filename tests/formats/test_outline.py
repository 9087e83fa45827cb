"""Outlines are exact: filled again, by this program or by scikit-image, they are the object."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.draw import polygon

from cnnseg_gui.formats.components import TOUCHING
from cnnseg_gui.formats.outline import area, fill, fill_into, outlines

_BITMAPS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))


def filled(ring: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    fill_into(mask, [ring], 1)
    return mask.astype(bool)


def filled_by_skimage(ring: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[polygon(ring[:, 0] - 0.5, ring[:, 1] - 0.5, shape)] = True
    return mask


@given(_BITMAPS, st.integers(0, 3), st.integers(0, 3))
def test_every_object_has_one_ring_that_is_the_object_to_the_pixel(
    bitmap: np.ndarray, above: int, left: int
) -> None:
    labels, count = ndimage.label(bitmap, TOUCHING)
    rings = outlines(labels, corner=(above, left))
    whole = np.pad(labels, ((above, 2), (left, 1)))
    assert len(rings) == count
    for number, ring in enumerate(rings, start=1):
        assert np.array_equal(filled(ring, whole.shape), whole == number)
        assert np.array_equal(filled_by_skimage(ring, whole.shape), whole == number)
        assert area(ring) == (whole == number).sum()


def test_a_hole_in_an_island_in_a_hole_stays() -> None:
    mask = np.ones((30, 40), bool)
    mask[4:26, 4:36] = False
    mask[8:22, 8:32] = True
    mask[12:18, 12:28] = False
    mask[14:16, 14:16] = True
    labels, count = ndimage.label(mask, TOUCHING)
    assert count == 3
    assert np.array_equal(sum(filled(r, mask.shape) for r in outlines(labels)).astype(bool), mask)


def test_a_straight_edge_has_two_corners_however_long_it_is() -> None:
    (ring,) = outlines(np.ones((500, 700), np.int32))
    assert sorted(ring.tolist()) == [[0, 0], [0, 700], [500, 0], [500, 700]]


@pytest.mark.parametrize(
    ("tolerance", "least"), [(0.0, 1.0), (0.5, 0.99), (1.0, 0.98), (2.0, 0.95)]
)
def test_a_tolerance_takes_corners_and_keeps_the_shape(tolerance: float, least: float) -> None:
    y, x = np.mgrid[:120, :120]
    disc = np.hypot(y - 60, x - 60) < 50
    disc &= np.hypot(y - 50, x - 70) > 12
    (exact,) = outlines(disc.astype(np.int32))
    (ring,) = outlines(disc.astype(np.int32), tolerance=tolerance)
    again = filled(ring, disc.shape)
    assert (again & disc).sum() / (again | disc).sum() >= least
    assert len(ring) == len(exact) if tolerance == 0 else len(ring) < len(exact)


@pytest.mark.parametrize(
    "ring",
    [
        [(0.0, 0.0), (1e300, 0.0), (0.0, 5.0)],
        [(0.0, 0.0), (float("nan"), 0.0), (0.0, 5.0)],
        [(float(1_000 * (n % 2)), float(n % 7)) for n in range(200_000)],
    ],
)
def test_a_polygon_that_would_fill_the_memory_is_refused(ring: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="a polygon that"):
        fill(ring, (1_000, 1_000))


def test_what_reaches_over_the_edge_is_cut_there() -> None:
    rect, covered = fill([(-5.0, -5.0), (-5.0, 3.0), (4.0, 3.0), (4.0, -5.0)], (10, 10))
    assert (rect.top, rect.left, rect.bottom, rect.right) == (0, 0, 4, 3)
    assert covered.all()
