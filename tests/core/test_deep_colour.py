"""Colours of 16 bits keep all of them, whatever wrote the file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from deep_files import write_deep_png, write_lzw_tiff
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from cnnseg_gui.core.deep_colour import deep_rawmode, read_deep_colour
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_header, read_image

_HEIGHT, _WIDTH = 23, 31
_PIXELS = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(2, 4))


def dim(channels: int) -> np.ndarray:
    """A 12-bit gradient in 16 bits, opaque where there is alpha."""
    colours = np.linspace(0, 4095, _HEIGHT * _WIDTH).reshape(_HEIGHT, _WIDTH, 1).astype(np.uint16)
    values = np.repeat(colours, channels, axis=2)
    if channels in (2, 4):
        values[..., -1] = 65535
    return values


def values_of(path: Path) -> np.ndarray:
    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        rawmode = deep_rawmode(image)
    assert rawmode is not None
    return read_deep_colour(data, rawmode)


@given(hnp.arrays(np.uint16, _PIXELS))
def test_every_bit_of_a_16_bit_png_is_read(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("deep") / "deep.png"
    write_deep_png(path, values)
    assert np.array_equal(values_of(path), values)


@given(hnp.arrays(np.uint16, _PIXELS.filter(lambda shape: shape[2] > 2)))
def test_every_bit_of_an_lzw_tiff_is_read(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("deep") / "deep.tif"
    write_lzw_tiff(path, values)
    assert np.array_equal(values_of(path), values)


@pytest.mark.parametrize(
    ("suffix", "channels"), [("png", 1), ("png", 2), ("png", 3), ("png", 4), ("tif", 3), ("tif", 4)]
)
def test_a_12_bit_picture_in_16_bits_is_neither_black_nor_white(
    tmp_path: Path, suffix: str, channels: int
) -> None:
    path = tmp_path / f"dim.{suffix}"
    (write_deep_png if suffix == "png" else write_lzw_tiff)(path, dim(channels))
    image = read_image(path)
    assert image.window is not None
    assert image.window[1] < 4096
    assert 120 < image.pixels.mean() < 135
    assert len(np.unique(image.pixels)) > 200


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_deep_colours_are_turned_as_the_file_says(tmp_path: Path, suffix: str) -> None:
    upright = dim(3)
    upright[:5, :5] = (4095, 0, 0)  # red in the upper left corner
    path = tmp_path / f"turned.{suffix}"
    stored = np.ascontiguousarray(np.rot90(upright))
    if suffix == "png":
        write_deep_png(path, stored, xmp='<x tiff:Orientation="6"/>')
    else:
        write_lzw_tiff(path, stored, orientation=6)
    image = read_image(path)
    assert image.turned
    assert image.pixels.shape == upright.shape
    assert read_header(path) == upright.shape[:2]
    assert image.pixels[2, 2].tolist() == [255, 0, 0]
    assert image.kind == "uint16"


def test_a_truncated_16_bit_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.png"
    noise = np.random.default_rng(0).integers(0, 65535, (90, 90, 3), np.uint16)
    write_deep_png(path, noise)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(UserError, match=r"half\.png"):
        read_image(path)


def test_ordinary_images_are_left_to_pillow(tmp_path: Path) -> None:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        path = tmp_path / "plain.png"
        Image.new(mode, (5, 4)).save(path)
        with Image.open(path) as image:
            assert deep_rawmode(image) is None
