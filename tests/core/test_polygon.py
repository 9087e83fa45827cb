"""A polygon covers the pixels whose centres it surrounds, and polygons that meet share none."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core import polygon as polygon_module
from cnnseg_gui.core.polygon import polygon

_SHAPE = (40, 50)
corners = st.lists(st.tuples(st.floats(-15, 55), st.floats(-15, 65)), min_size=1, max_size=9)


def covered(points: list[tuple[float, float]]) -> np.ndarray:
    inside = np.zeros(_SHAPE, bool)
    for top, left, part in polygon(points, _SHAPE):
        inside[top : top + part.shape[0], left : left + part.shape[1]] |= part
    return inside


def slowly(points: list[tuple[float, float]]) -> np.ndarray:
    """One ray to the left for each pixel."""
    inside = np.zeros(_SHAPE, bool)
    edges = list(zip(points, [*points[1:], points[0]], strict=True))
    for row, column in np.ndindex(_SHAPE):
        y, x = row + 0.5, column + 0.5
        crossings = 0
        for (y0, x0), (y1, x1) in edges:
            if min(y0, y1) <= y < max(y0, y1):
                crossings += x0 + (y - y0) * ((x1 - x0) / (y1 - y0)) <= x
        inside[row, column] = crossings % 2 == 1
    return inside


@given(corners)
def test_a_centre_is_inside_after_an_odd_number_of_crossings(
    points: list[tuple[float, float]],
) -> None:
    assert np.array_equal(covered(points), slowly(points))


@given(corners)
def test_bands_of_rows_meet_without_a_seam(points: list[tuple[float, float]]) -> None:
    whole, band = covered(points), polygon_module._BAND
    try:
        polygon_module._BAND = 7
        assert np.array_equal(covered(points), whole)
    finally:
        polygon_module._BAND = band


@given(st.floats(1, 39), st.floats(1, 49))
def test_neighbours_that_share_an_edge_share_no_pixel_and_leave_none(y: float, x: float) -> None:
    quarters = [
        covered([(0, 0), (0, 50), (y, x)]),
        covered([(0, 50), (40, 50), (y, x)]),
        covered([(40, 50), (40, 0), (y, x)]),
        covered([(40, 0), (0, 0), (y, x)]),
    ]
    assert (sum(quarter.astype(int) for quarter in quarters) == 1).all()
