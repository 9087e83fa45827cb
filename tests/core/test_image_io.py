"""Every image opens as the eye should see it, or says in one line why not."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import LoadedImage, find_images, read_header, read_image, to_rgb8

SHAPE = (23, 31)


def outcome_of(path: Path) -> LoadedImage | UserError:
    try:
        return read_image(path)
    except UserError as error:
        return error


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


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
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
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, quality=95)
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
        with pytest.raises(UserError, match="100000 × 100000"):
            reader(path)


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


@given(st.sampled_from([np.uint16, np.int16, np.float32, np.float64]), st.integers(0, 2**32 - 1))
def test_windowing_never_reverses_two_pixels(dtype: type, seed: int) -> None:
    values = (np.random.default_rng(seed).normal(0, 1000, (9, 9)) + 4000).astype(dtype)
    pixels, _ = to_rgb8(values)
    order = np.argsort(values.ravel(), kind="stable")
    assert (np.diff(pixels[..., 0].ravel()[order].astype(int)) >= 0).all()


@pytest.mark.parametrize("values", [np.full((5, 5), np.nan), np.full((5, 5), 7, np.uint16)])
def test_flat_and_empty_data_still_open(values: np.ndarray) -> None:
    assert to_rgb8(values)[0].shape == (5, 5, 3)


@pytest.mark.filterwarnings("ignore")
def test_every_odd_image_opens_at_its_size_or_says_why(shared_data: Path) -> None:
    folder = shared_data / "nasty_images"
    rows = list(csv.DictReader((folder / "MANIFEST.csv").open(encoding="utf-8")))
    opened = 0
    for row in rows:
        path = folder / row["name"]
        if not path.is_file():
            continue
        outcome = outcome_of(path)
        if isinstance(outcome, UserError):
            assert outcome.path == str(path)
            assert outcome.remedy
        else:
            opened += 1
            assert outcome.pixels.dtype == np.uint8
            assert outcome.pixels.shape == (*read_header(path), 3)
    assert opened >= 80


def test_a_12_bit_picture_is_not_white(shared_data: Path) -> None:
    image = read_image(shared_data / "nasty_images" / "generated" / "uint16_only_12bit_used.tif")
    assert 40 < image.pixels.mean() < 215
