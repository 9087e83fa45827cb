"""Brightness, contrast, gamma and the window of deep values: what is shown, never what is there."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.display import Display
from cnnseg_gui.core.windowing import to_rgb8

displays = st.builds(
    Display,
    brightness=st.floats(-1, 1),
    contrast=st.floats(-1, 1),
    gamma=st.floats(0.2, 5),
)


def test_at_rest_every_value_is_shown_as_itself() -> None:
    assert np.array_equal(Display().tone, np.arange(256))


@given(displays)
def test_a_lighter_pixel_is_never_shown_darker(display: Display) -> None:
    assert (np.diff(display.tone.astype(int)) >= 0).all()


@given(st.floats(0.05, 1))
def test_each_does_what_its_name_says(amount: float) -> None:
    middle = slice(40, 216)
    rest = np.arange(256)[middle].astype(int)
    assert (Display(brightness=amount).tone[middle] > rest).all()
    assert (Display(brightness=-amount).tone[middle] < rest).all()
    steep = Display(contrast=amount).tone.astype(int)
    assert steep[64] < 64
    assert steep[192] > 192
    assert (Display(gamma=1 + amount).tone[middle] > rest).all()


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 60_000),
    st.integers(1, 5_000),
    st.sampled_from([np.uint16, np.int32, np.float32]),
)
def test_the_lookup_shows_what_the_formula_does(
    seed: int, low: int, width: int, dtype: type
) -> None:
    values = np.random.default_rng(seed).integers(0, 65536, (9, 7, 1)).astype(dtype)
    window = (float(low), float(low + width))
    shown = Display(window=window).windowed(values)
    assert shown.shape == (9, 7, 3)
    assert np.array_equal(shown, to_rgb8(values, window)[0])
