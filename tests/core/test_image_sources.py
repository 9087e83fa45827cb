"""Pixels by tiles: whatever they come from, they are those of the whole image."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core.deep_levels import DeepLevels
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.lazy_tiff import LazyTiff
from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.pyramid import ImagePyramid, level_shape
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.tiff import TiffUnsupported
from cnnseg_gui.core.tiff_segments import TiffSegments


def pixels(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def means(image: np.ndarray, level: int) -> np.ndarray:
    """float64: the means of the pixels under each cell of a level."""
    side = 1 << level
    height, width = level_shape((image.shape[0], image.shape[1]), level)
    out = np.empty((height, width, 3))
    for row in range(height):
        for column in range(width):
            part = image[row * side : (row + 1) * side, column * side : (column + 1) * side]
            out[row, column] = part.mean((0, 1))
    return out


def full_cells(shape: tuple[int, int], level: int) -> tuple[slice, slice]:
    return slice(0, shape[0] >> level), slice(0, shape[1] >> level)


def whole(source: ImageSource, level: int) -> np.ndarray:
    return image_part(source, Rect(0, 0, *level_shape(source.shape, level)), level)


def built(path: Path) -> LazyTiff:
    source = LazyTiff(path)
    deadline = time.monotonic() + 20
    while not source.complete:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return source


@pytest.mark.parametrize("shape", [(1, 1), (255, 256), (257, 256), (700, 1301), (1030, 520)])
def test_every_level_holds_the_means_of_the_one_below(shape: tuple[int, int]) -> None:
    image = pixels(*shape)
    pyramid = ImagePyramid(image)
    assert np.array_equal(whole(pyramid, 0), image)
    for level in range(1, pyramid.levels):
        full = full_cells(shape, level)  # those at the edge weigh what they hold as a whole one
        difference = (whole(pyramid, level) - means(image, level))[full]
        assert np.abs(difference).max(initial=0) <= 1 + 0.5 * level
    assert max(level_shape(pyramid.shape, pyramid.levels - 1)) <= 256


def test_the_levels_that_are_kept_take_a_tenth_of_the_image() -> None:
    pyramid = ImagePyramid(pixels(2048, 2048))
    assert pyramid.kept_bytes < 1.1 * pyramid.pixels.nbytes


_KINDS = {
    "tiled": {"tile": (128, 160)},
    "tiled, deflate": {"tile": (128, 128), "compression": "zlib"},
    "strips": {"rowsperstrip": 37},
    "strips, deflate with predictor": {
        "rowsperstrip": 64,
        "compression": "zlib",
        "predictor": True,
    },
}


@pytest.mark.parametrize("kind", list(_KINDS))
def test_a_file_read_by_parts_is_the_one_read_whole(tmp_path: Path, kind: str) -> None:
    image = pixels(903, 2211)
    path = tmp_path / "large.tif"
    tifffile.imwrite(path, image, photometric="rgb", **_KINDS[kind])
    source, pyramid = built(path), ImagePyramid(image)
    assert source.levels == pyramid.levels
    for level in range(source.levels):
        difference = whole(source, level).astype(int) - whole(pyramid, level)
        difference = difference[full_cells(source.shape, level)]
        assert np.abs(difference).max() <= (0 if level == 0 else 2)
    source.close()


_BY_LIBTIFF = {
    "LZW": {"compression": "tiff_lzw"},
    "LZW, strips of one row, with predictor": {
        "compression": "tiff_lzw",
        "tiffinfo": {278: 1, 317: 2},
    },
    "PackBits": {"compression": "packbits"},
    "JPEG": {"compression": "jpeg", "quality": 90},
    "Zstandard": {"compression": "zstd"},
}


@pytest.mark.parametrize("kind", list(_BY_LIBTIFF))
@pytest.mark.parametrize("grey", [False, True])
def test_what_libtiff_packs_is_read_by_parts_too(tmp_path: Path, kind: str, grey: bool) -> None:
    image = Image.fromarray(blocks(611, 1203))
    path = tmp_path / "large.tif"
    (image.convert("L") if grey else image).save(path, **_BY_LIBTIFF[kind])
    source = built(path)
    with Image.open(path) as read:
        assert np.array_equal(whole(source, 0), np.asarray(read.convert("RGB")))
    assert source.value(600, 1200) == tuple(whole(source, 0)[600, 1200][: 1 if grey else 3])
    source.close()


def test_sixteen_bits_in_lzw_are_the_files_own_values(tmp_path: Path) -> None:
    values = (np.add.outer(np.arange(400), np.arange(700)) * 53).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.tif", compression="tiff_lzw")
    source = built(tmp_path / "deep.tif")
    tile = source.deep_tile(0, 1, 2)
    assert tile is not None
    assert np.array_equal(tile[..., 0], values[256:, 512:])
    source.close()


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiles_in_lzw_and_a_hole_among_them(tmp_path: Path, order: Literal["<", ">"]) -> None:
    image = blocks(300, 500)
    image[128:256, 256:384] = 0
    path = tmp_path / "tiled.tif"
    tiles = [
        lzw(np.pad(part, ((0, 128 - part.shape[0]), (0, 128 - part.shape[1]), (0, 0))))
        for row in range(0, 300, 128)
        for column in range(0, 500, 128)
        for part in [image[row : row + 128, column : column + 128]]
    ]
    tiles[6] = b""
    tifffile.imwrite(
        path,
        iter(tiles),
        shape=image.shape,
        dtype=np.uint8,
        tile=(128, 128),
        photometric="rgb",
        compression="zlib",
        byteorder=order,
    )
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags[259].overwrite(5)
    source = built(path)
    assert np.array_equal(whole(source, 0), image)
    source.close()


def test_a_broken_piece_is_said_and_the_others_are_read(tmp_path: Path) -> None:
    image = blocks(600, 400)
    path = tmp_path / "large.tif"
    Image.fromarray(image).save(path, compression="tiff_lzw", tiffinfo={278: 300})
    with tifffile.TiffFile(path) as tiff:
        start, size = tiff.pages.first.dataoffsets[1], tiff.pages.first.databytecounts[1]
    data = bytearray(path.read_bytes())
    data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    segments = TiffSegments(path)
    assert segments.count == 1  # both strips are small
    with pytest.raises(UserError, match="a part of the image cannot be read"):
        segments.segment(0, keep=False)
    segments.close()


def blocks(height: int, width: int) -> np.ndarray:
    """Even surfaces, as compression likes them, and some noise."""
    image = np.add.outer(np.arange(height) // 5, np.arange(width) // 7)[..., None] * [3, 5, 7]
    image[::50, ::3] += np.arange(3)
    return (image % 251).astype(np.uint8)


def lzw(tile: np.ndarray) -> bytes:
    """A tile as libtiff packs it."""
    file = io.BytesIO()
    Image.fromarray(tile).save(file, "TIFF", compression="tiff_lzw", tiffinfo={278: len(tile)})
    with tifffile.TiffFile(io.BytesIO(file.getvalue())) as tiff:
        (start,), (size,) = tiff.pages.first.dataoffsets, tiff.pages.first.databytecounts
    return file.getvalue()[start : start + size]


@given(st.integers(-20, 900), st.integers(-20, 700), st.integers(1, 400), st.integers(1, 400))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_of_it_is_that_part(
    tmp_path_factory: pytest.TempPathFactory, top: int, left: int, height: int, width: int
) -> None:
    image = pixels(700, 500)
    path = tmp_path_factory.getbasetemp() / "parts.tif"
    if not path.exists():
        tifffile.imwrite(path, image, photometric="rgb", tile=(64, 64))
    source = built(path)
    rect = Rect(top, left, top + height, left + width)
    clipped = rect.clipped(source.shape)
    if clipped.empty:
        clipped = Rect(0, 0, 0, 0)
    else:
        assert np.array_equal(image_part(source, rect), image[clipped.slices])
    source.close()


def test_16_bit_values_are_windowed(tmp_path: Path) -> None:
    values = np.linspace(1000, 5000, 600 * 900).reshape(600, 900).astype(np.uint16)
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, values, tile=(128, 128))
    source = built(path)
    shown = whole(source, 0)
    assert shown[0, 0, 0] <= 2
    assert shown[-1, -1, 0] >= 253
    assert (np.diff(shown[:, 0, 0].astype(int)) >= 0).all()
    source.close()


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_values_of_every_level_are_those_of_the_image_in_memory(
    tmp_path: Path, channels: int
) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(200, 4000, (903, 1111, channels), dtype=np.uint16)
    path = tmp_path / "deep.tif"
    photometric = "rgb" if channels == 3 else "minisblack"
    written = values if channels == 3 else values[..., 0]
    tifffile.imwrite(path, written, photometric=photometric, tile=(128, 128))
    source = built(path)
    assert source.window is not None
    deep = DeepLevels(values, source.window, source.levels)
    for level in range(source.levels):
        for row, column in Rect(0, 0, *level_shape(source.shape, level)).cells(TILE):
            expected, found = deep.tile(level, row, column), source.deep_tile(level, row, column)
            assert found is not None
            assert found.dtype == np.uint16
            assert found.shape == expected.shape
            edge = 4 if level else 0  # cells that are not full weigh their pixels otherwise
            inner = slice(0, expected.shape[0] - edge), slice(0, expected.shape[1] - edge)
            difference = np.abs(found.astype(int) - expected)[inner]
            assert difference.max(initial=0) <= (0 if level == 0 else 2)
    source.close()


def test_what_is_not_there_yet_is_a_workers_job_and_then_is(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    tifffile.imwrite(path, pixels(1500, 1500), photometric="rgb", tile=(128, 128))
    source = built(path)
    assert not source.ready(0, 2, 2)
    source.tile(0, 2, 2)
    assert source.ready(0, 2, 2)
    assert source.ready(3, 0, 0)
    source.close()
    with pytest.raises(UserError, match="closed"):
        source.tile(0, 0, 0)


def test_a_truncated_file_is_refused_and_one_large_piece_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    tifffile.imwrite(path, pixels(900, 900), photometric="rgb", tile=(128, 128))
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(UserError, match="truncated"):
        LazyTiff(path)
    tifffile.imwrite(
        path, pixels(6000, 4000), photometric="rgb", rowsperstrip=6000, compression="zlib"
    )
    with pytest.raises(TiffUnsupported):
        LazyTiff(path)
