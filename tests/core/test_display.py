"""Brightness, contrast, gamma and the window of deep values: what is shown, never what is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.display import Display, Lookup, window_from_text, window_to_text
from cnnseg_gui.core.windowing import to_rgb8

SIDES = st.integers(1, 9)
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


@given(displays, hnp.arrays(np.uint8, st.tuples(SIDES, SIDES, st.just(3))))
def test_every_pixel_is_shown_as_its_tone(display: Display, pixels: np.ndarray) -> None:
    before = pixels.copy()
    assert np.array_equal(Lookup(display).of_pixels(pixels), display.tone[pixels])
    assert np.array_equal(pixels, before)


@given(
    displays,
    st.floats(-100, 60_000),
    st.floats(0.5, 5_000),
    st.sampled_from([np.uint16, np.int32, np.float32]),
    st.data(),
)
def test_the_lookup_of_deep_values_is_their_window_and_then_the_tone(
    display: Display, low: float, width: float, dtype: type, data: st.DataObject
) -> None:
    shape = data.draw(st.tuples(SIDES, SIDES, st.sampled_from([1, 3])))
    values = data.draw(hnp.arrays(np.uint16, shape)).astype(dtype)
    window = (low, low + width)
    shown = Lookup(replace(display, window=window)).of_values(values)
    share = (values.astype(np.float64) - low) / width
    assert np.array_equal(shown, display.tone[np.rint(255 * share.clip(0, 1)).astype(np.uint8)])


@given(hnp.arrays(np.uint16, (1, 40, 1)), displays, st.floats(0, 60_000), st.floats(1, 9_000))
def test_a_larger_value_is_never_shown_darker(
    values: np.ndarray, display: Display, low: float, width: float
) -> None:
    values = np.sort(values, axis=1)
    shown = Lookup(replace(display, window=(low, low + width))).of_values(values)
    assert (np.diff(shown[0, :, 0].astype(int)) >= 0).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32, np.float64])
def test_the_window_it_was_read_with_shows_an_image_as_it_was_read(dtype: type) -> None:
    values = np.random.default_rng(0).integers(0, 40_000, (60, 70, 3)).astype(dtype)
    read, window = to_rgb8(values)
    assert np.array_equal(Lookup(Display(window=window)).of_values(values), read)


def test_what_is_no_number_is_black() -> None:
    values = np.array([[np.nan, -np.inf, np.inf, 1e300, -1e300, 5.0]])[..., None]
    shown = Lookup(Display(window=(0.0, 10.0))).of_values(values)
    assert shown[0, :, 0].tolist() == [0, 0, 255, 255, 0, 128]


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_a_window_is_kept_as_text(low: float, width: float) -> None:
    window = (low, low + width)
    assert window_from_text(window_to_text(window)) == window
    assert window_from_text(window_to_text(None)) is None


@pytest.mark.parametrize("text", ["", "x", "[1]", "[2, 1]", "[1, 1]", "[NaN, 1]", "3", '["a", 2]'])
def test_what_is_no_window_is_none(text: str) -> None:
    assert window_from_text(text) is None
