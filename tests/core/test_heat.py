"""A heat picture is read without its legend: what is more is lighter."""

from __future__ import annotations

import numpy as np

from cnnseg_gui.core.heat import heat_colours, heat_table


def channels(colours: np.ndarray) -> np.ndarray:
    """float64[…, 4]: alpha, red, green, blue in 0…1, the colours as they are premultiplied."""
    return np.stack([colours >> shift & 255 for shift in (24, 16, 8, 0)], -1) / 255


def test_more_is_lighter_and_covers_more() -> None:
    alpha, *rgb = np.moveaxis(channels(heat_table()), -1, 0)
    lightness = np.dot([0.2126, 0.7152, 0.0722], rgb)  # as Rec. 709 weighs them
    assert (np.diff(alpha) >= 0).all()
    assert (np.diff(lightness) >= -0.005).all()  # the rounding to bytes
    assert lightness[-1] > lightness[128] + 0.3 > lightness[0] + 0.45


def test_no_colour_is_more_than_its_alpha() -> None:
    values = channels(heat_table())
    assert (values[:, 1:] <= values[:, :1]).all()


def test_numbers_are_looked_up_and_those_beyond_the_ends_are_the_ends() -> None:
    values = np.array([[-3, 0, 0.5], [1, 1.01, 99]], np.float32)
    table = heat_table()
    assert np.array_equal(
        heat_colours(values), [[table[0], table[0], table[128]], [table[255]] * 3]
    )
