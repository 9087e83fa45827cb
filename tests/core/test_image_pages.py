"""Every page of a file is the one that its own library gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageSequence

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import page_count, read_header, read_image

STACK = np.random.default_rng(0).integers(100, 3000, (5, 20, 30)).astype(np.uint16)
COLOURS = np.random.default_rng(1).integers(0, 256, (3, 24, 32, 3), np.uint8)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"truncate": True},
        {"imagej": True},
        {"imagej": True, "truncate": True},
        {"imagej": True, "byteorder": "<", "truncate": True},
        {"byteorder": ">", "truncate": True},
        {"ome": True},
        {"compression": "zlib"},
        {"bigtiff": True, "tile": (16, 16)},
    ],
    ids=str,
)
def test_planes_of_a_stack_are_its_pages(tmp_path: Path, options: dict[str, object]) -> None:
    path = tmp_path / ("a.ome.tif" if "ome" in options else "a.tif")
    axes = {"metadata": {"axes": "ZYX"}} if "imagej" in options or "ome" in options else {}
    tifffile.imwrite(path, STACK, photometric="minisblack", **options, **axes)
    assert page_count(path) == 5
    for page, plane in enumerate(STACK):
        image = read_image(path, page)
        assert image.values is not None
        assert np.array_equal(image.values, plane)
        assert image.kind == "uint16"
        assert read_header(path, page) == plane.shape
        assert np.array_equal(read_image(path.read_bytes(), page).pixels, image.pixels)


def test_a_hyperstack_counts_its_channels_and_times(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    values = STACK[:4].reshape(1, 2, 2, 20, 30)
    tifffile.imwrite(path, values, imagej=True, truncate=True, metadata={"axes": "TZCYX"})
    assert page_count(path) == 4
    assert np.array_equal(read_image(path, 3).values, values[0, 1, 1])


def test_a_stack_that_is_cut_off_keeps_its_whole_planes(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, imagej=True, truncate=True)
    path.write_bytes(path.read_bytes()[: -STACK[0].nbytes // 2])
    assert np.array_equal(read_image(path).values, STACK[0])
    with pytest.raises(UserError, match=r"truncated|no page"):
        read_image(path, 4)


def test_pages_of_one_file_may_differ(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(COLOURS[0], photometric="rgb")
        tiff.write(STACK[0], photometric="minisblack")
    assert page_count(path) == 2
    assert (read_header(path, 0), read_header(path, 1)) == ((24, 32), (20, 30))
    assert np.array_equal(read_image(path, 0).pixels, COLOURS[0])
    assert np.array_equal(read_image(path, 1).values, STACK[0])


def test_pages_that_only_pillow_can_decode_are_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    first, *others = (Image.fromarray(colours) for colours in COLOURS)
    first.save(path, compression="tiff_lzw", save_all=True, append_images=others)
    assert page_count(path) == 3
    for page, colours in enumerate(COLOURS):
        assert np.array_equal(read_image(path, page).pixels, colours)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "avif"])
def test_frames_of_an_animation_are_its_pages(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    first, *others = (Image.fromarray(colours) for colours in COLOURS)
    options = {"lossless": True} if suffix == "webp" else {}
    first.save(path, save_all=True, append_images=others, disposal=1, **options)
    assert page_count(path) == 3
    with Image.open(path) as image:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    for page, frame in enumerate(frames):
        assert np.array_equal(read_image(path, page).pixels, frame)
        assert read_header(path, page) == frame.shape[:2]


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tif", "webp", "tga", "jp2"])
def test_a_page_that_is_not_there_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(COLOURS[0]).save(path)
    assert page_count(path) == 1
    for page in (1, 7, -1):
        for reader in (read_image, read_header):
            with pytest.raises(UserError, match="one page") as caught:
                reader(path, page)
            assert caught.value.path == str(path)


def test_a_stack_says_how_many_pages_it_has(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK)
    with pytest.raises(UserError, match="there is no page 6: the file has 5 pages"):
        read_image(path, 5)


def test_the_second_eye_of_a_stereo_photograph_is_no_page(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    first, *others = (Image.fromarray(colours) for colours in COLOURS)
    first.save(path, "MPO", save_all=True, append_images=others)
    assert page_count(path) == 1
    assert read_image(path).pixels.shape == (24, 32, 3)
