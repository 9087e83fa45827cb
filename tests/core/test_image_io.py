"""Every image opens as the eye should see it, or says in one line why not."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core import decoding
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import (
    MAX_PIXELS,
    find_images,
    page_count,
    read_header,
    read_image,
    set_largest,
)
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.windowing import to_rgb8

SHAPE = (23, 31)
_AS_IN_THE_PROGRAM = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")


def gradient(dtype: type, top: float) -> np.ndarray:
    return np.linspace(0, top, SHAPE[0] * SHAPE[1]).reshape(SHAPE).astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "top"), [(np.uint16, 4095), (np.uint16, 65535), (np.float32, 0.01), (np.int32, 9e8)]
)
def test_deep_images_are_windowed_and_not_clipped(tmp_path: Path, dtype: type, top: float) -> None:
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, gradient(dtype, top))
    image = read_image(path)
    assert image.window is not None
    levels = image.pixels[..., 0]
    assert levels.min() == 0
    assert levels.max() == 255
    assert 100 < levels.mean() < 155
    assert (np.diff(levels.ravel().astype(int)) >= 0).all()


def test_a_16_bit_png_keeps_its_shades(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(gradient(np.uint16, 3000)).save(path)
    assert len(np.unique(read_image(path).pixels)) > 200


@pytest.mark.parametrize("channels", [2, 4, 7])
def test_what_is_not_shown_does_not_darken_what_is(tmp_path: Path, channels: int) -> None:
    values = np.repeat(gradient(np.uint16, 4000)[..., None], channels, axis=2)
    values[..., 1 if channels == 2 else 3 :] = 65535  # opaque alpha, or a bright infrared band
    path = tmp_path / "bands.tif"
    tifffile.imwrite(path, values, photometric="minisblack", planarconfig="contig")
    image = read_image(path)
    assert image.pixels.shape == (*SHAPE, 3)
    assert 120 < image.pixels.mean() < 135


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "lzw.tif"])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = (250, 30, 30)  # red in the upper left corner
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    path = tmp_path / f"turned.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"compression": "tiff_lzw"} if "lzw" in suffix else {"quality": 95}
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, **options)
    image = read_image(path)
    assert image.pixels.shape == upright.shape
    assert read_header(path) == upright.shape[:2]
    assert image.turned == (orientation != 1)
    assert np.abs(image.pixels[3, 3].astype(int) - (250, 30, 30)).max() < 30
    assert image.pixels[3, 28].max() < 30
    assert image.pixels[13, 3].max() < 30


def test_transparency_leaves_the_colours(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    rgba = np.full((*SHAPE, 4), (10, 200, 30, 0), np.uint8)
    Image.fromarray(rgba).save(path)
    assert (read_image(path).pixels == (10, 200, 30)).all()


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "bmp"])
def test_a_truncated_file_is_refused_with_its_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"half.{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError) as caught:
        read_image(path)
    assert "half" in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("layout", [{"rowsperstrip": 10}, {"tile": (16, 16)}])
def test_a_tiff_that_lacks_strips_or_tiles_is_not_padded_with_black(
    tmp_path: Path, compression: str | None, layout: dict[str, object]
) -> None:
    path = tmp_path / "lacking.tif"
    noise = np.random.default_rng(0).integers(1, 255, (100, 100, 3), np.uint8)
    tifffile.imwrite(path, noise, photometric="rgb", compression=compression, **layout)
    assert np.array_equal(read_image(path).pixels, noise)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        for tag in tiff.pages.first.tags:
            if tag.name in ("StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts"):
                data[tag.offset + 4 : tag.offset + 8] = struct.pack("<I", tag.count // 2)
    path.write_bytes(data)
    with pytest.raises(UserError, match="truncated"):
        read_image(path)


def test_a_tiff_cut_within_its_tags_is_not_read_as_something_else(tmp_path: Path) -> None:
    path = tmp_path / "cut.tif"
    noise = np.random.default_rng(0).integers(1, 255, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(path, compression="tiff_adobe_deflate")
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        bits = tiff.pages.first.tags["BitsPerSample"].valueoffset
    assert bits > len(data) - 10, "the numbers of bits lie at the end"
    path.write_bytes(data[:bits])
    with pytest.raises(UserError, match="truncated"):
        read_image(path)


def test_a_tiff_whose_jpeg_is_smaller_than_it_says_is_not_padded(tmp_path: Path) -> None:
    path = tmp_path / "lacking.tif"
    Image.new("RGB", (64, 48), (9, 99, 200)).save(path, compression="jpeg")
    assert np.abs(read_image(path).pixels.astype(int) - (9, 99, 200)).max() < 5
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages.first.tags["ImageWidth"].valueoffset
    data[offset : offset + 2] = struct.pack("<H", 60_000)
    path.write_bytes(data)
    with pytest.raises(UserError, match="truncated"):
        read_image(path)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("1", (200, 200)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path = tmp_path / "bomb.png"
    path.write_bytes(data)
    for reader in (read_image, read_header):
        with pytest.raises(UserError, match=r"10,000,000,000 pixels.*at most 1,000 megapixels"):
            reader(path)


def test_a_gif_bomb_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gif"
    frames = [Image.new("P", (9, 9), value) for value in (0, 1)]
    frames[0].save(path, save_all=True, append_images=frames[1:], disposal=2)
    data = bytearray(path.read_bytes())
    data[6:10] = b"\xff" * 4
    path.write_bytes(data)
    began = time.perf_counter()
    for reader in (read_image, read_header):
        with pytest.raises(UserError, match="4,294,836,225 pixels"):
            reader(path)
    assert time.perf_counter() - began < 1.0  # to fill 4 GB takes longer


@_AS_IN_THE_PROGRAM
@pytest.mark.parametrize("suffix", ["gif", "bmp"])
def test_a_bomb_just_under_the_limit_is_refused_at_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bomb.{suffix}"
    Image.new("P", (9, 9)).save(path)
    data = bytearray(path.read_bytes())
    side = 31_000
    if suffix == "gif":
        data[6:10] = struct.pack("<HH", side, side)
    else:
        data[18:26] = struct.pack("<II", side, side)
        data[30:34] = struct.pack("<I", 1)  # run lengths
    path.write_bytes(data)
    began = time.perf_counter()
    with pytest.raises(UserError, match="truncated"):
        read_image(path)
    assert time.perf_counter() - began < 3.0  # filled with nothing, it takes 9 s


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    path = tmp_path / "pipe.png"
    os.mkfifo(path)
    for reader in (read_image, read_header, page_count):
        with pytest.raises(UserError, match="pipe"):
            reader(path)


def test_a_progressive_jpeg_of_countless_scans_is_decoded_apart(tmp_path: Path) -> None:
    path = tmp_path / "scans.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(path, progressive=True)
    assert not needs_isolation(path)
    data = path.read_bytes()
    last = data.rindex(b"\xff\xda")
    path.write_bytes(data[:-2] + data[last:-2] * 200 + data[-2:])
    assert needs_isolation(path)
    assert read_image(path).pixels.shape == (40, 40, 3)


def needs_isolation(path: Path) -> bool:
    try:
        decoding.read(path, 0, max_pixels=MAX_PIXELS, isolated=False)
    except decoding.NotHere:
        return True
    return False


def test_a_postscript_program_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "program.png"
    Image.new("RGB", (9, 9)).save(path, "EPS")
    with pytest.raises(UserError, match="no image format"):
        read_image(path)


def test_a_file_of_few_pixels_and_countless_channels_is_a_bomb_too(tmp_path: Path) -> None:
    path = tmp_path / "cube.tif"
    cube = np.zeros((10, 10, 40))
    tifffile.imwrite(path, cube, photometric="minisblack", planarconfig="contig")
    assert read_image(path).pixels.shape == (10, 10, 3)
    with pytest.raises(UserError, match="memory"):
        read_image(path, max_pixels=100)


def test_the_limit_can_be_set(tmp_path: Path) -> None:
    for suffix in ("png", "tif"):
        path = tmp_path / f"a.{suffix}"
        Image.new("L", (10, 9)).save(path)
        assert read_image(path, max_pixels=90).pixels.shape == (9, 10, 3)
        for reader in (read_image, read_header):
            with pytest.raises(UserError, match="10 × 9"):
                reader(path, max_pixels=89)


@_AS_IN_THE_PROGRAM
def test_the_limit_of_the_whole_program_can_be_set(tmp_path: Path) -> None:
    for suffix in ("png", "tif", "webp", "gif"):
        Image.new("L", (100, 90)).save(tmp_path / f"a.{suffix}")
    try:
        set_largest(0.008)
        for path in tmp_path.iterdir():
            for reader in (read_image, read_header):
                with pytest.raises(UserError, match="more than can be opened"):
                    reader(path)
        set_largest(0.009)
        for path in tmp_path.iterdir():
            assert read_image(path).pixels.shape == (90, 100, 3)
    finally:
        set_largest(MAX_PIXELS / 1e6)
    for size in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="megapixels"):
            set_largest(size)


def test_odd_tags_and_palettes_are_not_complained_about(tmp_path: Path) -> None:
    clear = Image.new("P", (5, 4))
    clear.save(tmp_path / "clear.png", transparency=bytes(range(256)))
    tifffile.imwrite(tmp_path / "odd.tif", gradient(np.uint8, 255), software="x" * 9)
    data = (tmp_path / "odd.tif").read_bytes()
    tag = data.index(struct.pack("<HH", 305, 2))
    (tmp_path / "odd.tif").write_bytes(data[: tag + 4] + b"\xff\xff\xff\x7f" + data[tag + 8 :])
    code = (
        "import sys; from pathlib import Path; from cnnseg_gui.core.image_io import read_image\n"
        "for name in sys.argv[1:]: read_image(Path(name))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_windowing_a_large_image_takes_little_memory_beside_its_result() -> None:
    values = np.zeros((3000, 2000, 3), np.uint16)
    values[::2] = 3000
    tracemalloc.start()
    try:
        pixels, _ = to_rgb8(values)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < pixels.nbytes + 150e6, f"{peak / 1e6:.0f} MB"


def test_the_files_of_a_folder_come_in_the_order_people_count(tmp_path: Path) -> None:
    for name in ("img10.png", "img2.PNG", "Img1.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in find_images([tmp_path])] == ["Img1.jpg", "img2.PNG", "img10.png"]


def test_a_folder_without_images_and_a_missing_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no images here"):
        find_images([tmp_path])
    with pytest.raises(UserError, match="no such file"):
        find_images([tmp_path / "gone.png"])


@pytest.mark.parametrize(
    "values",
    [
        np.array([[2.0**60, 2.0**60 + 1e4]]),
        np.array([[1e9, 1e9 + 1, 1e9 + 2]]).astype(np.uint32),
        np.array([[-1e308, 0, 1e308, np.nan, np.inf, -np.inf]]),
        np.array([[1 + 1j, 3 + 4j]], np.complex64),
        np.array([[-128, 127]], np.int8),
    ],
)
def test_numbers_of_any_size_are_told_apart(values: np.ndarray) -> None:
    pixels, _ = to_rgb8(values)
    assert pixels[0, 0, 0] < pixels[0, -1, 0] or not np.isfinite(values).all()


@given(st.sampled_from([np.uint16, np.int16, np.float32, np.float64]), st.integers(0, 2**32 - 1))
def test_windowing_never_reverses_two_pixels(dtype: type, seed: int) -> None:
    values = (np.random.default_rng(seed).normal(0, 1000, (9, 9)) + 4000).astype(dtype)
    pixels, _ = to_rgb8(values)
    order = np.argsort(values.ravel(), kind="stable")
    assert (np.diff(pixels[..., 0].ravel()[order].astype(int)) >= 0).all()


@pytest.mark.parametrize("values", [np.full((5, 5), np.nan), np.full((5, 5), 7, np.uint16)])
def test_flat_and_empty_data_still_open(values: np.ndarray) -> None:
    assert to_rgb8(values)[0].shape == (5, 5, 3)


def test_a_12_bit_picture_is_not_white(shared_data: Path) -> None:
    image = read_image(shared_data / "nasty_images" / "generated" / "uint16_only_12bit_used.tif")
    assert 40 < image.pixels.mean() < 215


@pytest.mark.parametrize("name", ["IMG_3438", "IMG_3472"])
def test_photographs_are_turned_to_where_their_masks_are(shared_data: Path, name: str) -> None:
    folder = shared_data / "carrot_weed_large"
    colours = read_image(folder / "images" / f"{name}.JPG").pixels[::4, ::4].astype(int)
    plants = read_mask(folder / "masks" / f"{name}.png")[::4, ::4] > 0
    greenness = 2 * colours[..., 1] - colours[..., 0] - colours[..., 2]
    assert greenness[plants].mean() > greenness[~plants].mean() + 60


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
def test_a_jpeg_cut_off_before_a_new_end_mark_is_not_padded_with_grey(
    mode: str, options: dict[str, object]
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 80, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, "JPEG", quality=90, **options)
    data = buffer.getvalue()
    assert read_image(data).pixels.shape == (64, 80, 3)
    scan = data.index(b"\xff\xda")
    for part in (0.01, 0.02) if options.get("progressive") else (0.02, 0.3, 0.6, 0.9):
        cut = data[: scan + 14 + int((len(data) - scan) * part)] + b"\xff\xd9"
        with pytest.raises(UserError):
            read_image(cut)


@_AS_IN_THE_PROGRAM
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_says_it_is_larger_is_not_padded(progressive: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 80, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", progressive=progressive)
    data = bytearray(buffer.getvalue())
    frame = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    for side in (96, 200, 31_000):
        data[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
        with pytest.raises(UserError, match="truncated"):
            read_image(bytes(data))


@pytest.mark.parametrize("grey", [127, 128, 129])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(8, 8), (33, 17), (3000, 2000)])
def test_a_jpeg_that_is_grey_opens(grey: int, progressive: bool, size: tuple[int, int]) -> None:
    buffer = io.BytesIO()
    image = Image.new("RGB", size, (grey, grey, grey))
    image.save(buffer, "JPEG", progressive=progressive, optimize=True)
    pixels = read_image(buffer.getvalue()).pixels
    assert pixels.shape == (size[1], size[0], 3)
    assert np.abs(pixels.astype(int) - grey).max() <= 1
