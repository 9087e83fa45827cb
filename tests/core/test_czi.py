"""CZI files of Zeiss microscopes open plane by plane."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from valid_images import czi

from cnnseg_gui.core.decoder_process import DecoderProcess
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import page_count, read_header, read_image

pytest.importorskip("pylibCZIrw")
VALUES = np.random.default_rng(0).integers(0, 4096, (3, 20, 30, 2)).astype(np.uint16)


def test_scenes_and_depths_are_pages_and_channels_are_channels(tmp_path: Path) -> None:
    path = tmp_path / "a.czi"
    path.write_bytes(czi(VALUES, scenes=2, pixel_size=0.25e-6))
    assert page_count(path) == 6
    for page in range(6):
        image = read_image(path, page)
        assert np.array_equal(image.values, VALUES[page % 3])
        assert image.kind == "uint16"
        assert image.pixel_size == pytest.approx(0.25)
        assert read_header(path, page) == (20, 30)
    with pytest.raises(UserError, match="no page 7: the file has 6 pages"):
        read_image(path, 6)


def test_it_opens_from_its_bytes_too() -> None:
    image = read_image(czi(VALUES[..., 0]), 2)
    assert np.array_equal(image.values, VALUES[2, ..., 0])
    assert image.pixel_size is None


@pytest.mark.parametrize("compression", [None, "zstd1:ExplicitLevel=2", "uncompressed:"])
def test_colours_are_red_green_and_blue(compression: str | None) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (1, 20, 30, 3), np.uint8)
    image = read_image(czi(colours, compression=compression))
    assert np.array_equal(image.pixels, colours[0])


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    data = czi(VALUES)
    path = tmp_path / "half.czi"
    for part in (0.1, 0.5, 0.9):
        path.write_bytes(data[: int(len(data) * part)])
        with pytest.raises(UserError, match=r"half\.czi"):
            read_image(path)


def test_without_the_library_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pylibCZIrw'] = None\n"
        "from cnnseg_gui.core.decoder_worker import main; main()"
    )
    process = DecoderProcess([sys.executable, "-c", code])
    try:
        with pytest.raises(UserError, match=r"CZI.*cnnseg-gui\[czi\]"):
            process.read(czi(VALUES), 0, max_pixels=10**6)
    finally:
        process.close()
