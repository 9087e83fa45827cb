"""The file's own values at every level: none is lost, coarse ones are means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.deep_levels import value_means
from cnnseg_gui.core.pyramid import ImagePyramid, level_shape
from cnnseg_gui.core.windowing import to_rgb8

SHAPES = st.tuples(st.integers(1, 21), st.integers(1, 21), st.sampled_from([1, 3]))


def plain_means(values: np.ndarray, factor: int) -> np.ndarray:
    height, width, channels = values.shape
    out = np.empty((-(-height // factor), -(-width // factor), channels))
    for row, column in np.ndindex(*out.shape[:2]):
        part = values[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
        for channel in range(channels):
            known = part[..., channel][np.isfinite(part[..., channel])].astype(np.float64)
            out[row, column, channel] = known.mean() if known.size else np.nan
    return out


def pyramid_of(values: np.ndarray) -> ImagePyramid:
    pixels, window = to_rgb8(values)
    return ImagePyramid(pixels, values=values, window=window)


@given(hnp.arrays(np.uint16, SHAPES), st.sampled_from([2, 4]))
def test_coarse_16_bit_values_are_rounded_means(values: np.ndarray, factor: int) -> None:
    means = value_means(values, factor)
    assert means.dtype == np.uint16
    assert np.abs(means - plain_means(values, factor)).max() <= 0.51


@given(
    hnp.arrays(
        np.float32,
        SHAPES,
        elements=st.one_of(
            st.floats(-1000, 1000, width=32), st.sampled_from([np.nan, np.inf, -np.inf])
        ),
    ),
    st.sampled_from([2, 4]),
)
def test_what_is_no_number_spoils_no_mean(values: np.ndarray, factor: int) -> None:
    means, expected = value_means(values, factor), plain_means(values, factor)
    assert np.array_equal(np.isnan(means), np.isnan(expected))
    assert np.allclose(means, expected, atol=1e-3, equal_nan=True)


def test_large_numbers_that_differ_by_little_stay_different() -> None:
    values = (1_000_000_000 + np.arange(700 * 700) % 97).reshape(700, 700).astype(np.int32)
    pyramid = pyramid_of(values)
    for level in range(pyramid.levels):
        tile = pyramid.deep_tile(level, 0, 0)
        assert tile is not None
        assert 1_000_000_000 <= tile.min() < tile.max() < 1_000_000_097
    assert pyramid.value(3, 5) == (float(values[3, 5]),)


@pytest.mark.parametrize("shape", [(1, 1), (257, 300), (1100, 530), (1100, 530, 3), (600, 9, 4)])
@pytest.mark.parametrize("dtype", [np.uint16, np.dtype(">u2"), np.float32, np.complex64])
def test_every_level_has_the_tiles_of_the_picture(shape: tuple[int, ...], dtype: type) -> None:
    values = np.random.default_rng(0).integers(0, 60_000, shape).astype(dtype)
    pyramid = pyramid_of(values)
    for level in range(pyramid.levels):
        height, width = level_shape(pyramid.shape, level)
        for row, column in np.ndindex(-(-height // 256), -(-width // 256)):
            deep = pyramid.deep_tile(level, row, column)
            assert deep is not None
            assert deep.shape[:2] == pyramid.tile(level, row, column).shape[:2]
            assert deep.shape[2] == (3 if len(shape) == 3 else 1)
    last = values[-1, -1] if len(shape) == 3 else values[-1, -1:]
    assert pyramid.value(-1, -1) == tuple(float(abs(value)) for value in last[:3])


def test_deep_levels_take_a_tenth_more_than_the_file_and_8_bits_take_nothing() -> None:
    values = np.random.default_rng(0).integers(0, 60_000, (2048, 2048)).astype(np.uint16)
    deep, plain = pyramid_of(values), pyramid_of((values >> 8).astype(np.uint8))
    assert plain.deep_tile(0, 0, 0) is None
    assert values.nbytes < deep.kept_bytes - plain.kept_bytes < 1.1 * values.nbytes
