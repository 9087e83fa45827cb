"""DICOM images open as a clinic's viewer shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from valid_images import dicom

from cnnseg_gui.core.decoder_process import DecoderProcess
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import page_count, read_header, read_image
from cnnseg_gui.core.image_table import ImageRecord, probe
from cnnseg_gui.editor.reading import load_image

pydicom = pytest.importorskip("pydicom")
VALUES = np.random.default_rng(0).integers(0, 4096, (3, 20, 30)).astype(np.uint16)
TESTS = Path(pydicom.__file__).parent / "data" / "test_files"


def test_frames_are_pages_and_keep_their_values(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom(VALUES))
    assert page_count(path) == 3
    for page, frame in enumerate(VALUES):
        image = read_image(path, page)
        assert np.array_equal(image.values, frame)
        assert image.kind == "uint16"
        assert read_header(path, page) == (20, 30)
    with pytest.raises(UserError, match="no page 4: the file has 3 pages"):
        read_image(path, 3)


def test_hounsfield_units_are_what_the_scanner_meant(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom(VALUES[0], RescaleSlope=1, RescaleIntercept=-1024))
    image = read_image(path)
    assert image.kind == "int16"
    assert np.array_equal(image.values, VALUES[0].astype(int) - 1024)
    path.write_bytes(dicom(VALUES[0], RescaleSlope=0.5, RescaleIntercept=10))
    assert np.allclose(read_image(path).values, VALUES[0] * 0.5 + 10)


def test_the_window_is_the_one_the_file_proposes(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(
        dicom(
            VALUES[0],
            RescaleSlope=1,
            RescaleIntercept=-1024,
            WindowCenter=[40, 500],
            WindowWidth=[401, 90],
        )
    )
    assert read_image(path).window == (-160.5, 239.5)


def test_a_film_that_is_dark_where_much_is_measured_is_inverted(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    options = {"BitsStored": 12, "HighBit": 11, "WindowCenter": 1000, "WindowWidth": 1001}
    path.write_bytes(dicom(VALUES[0], PhotometricInterpretation="MONOCHROME1", **options))
    image = read_image(path)
    assert np.array_equal(image.values, 4095 - VALUES[0])
    path.write_bytes(dicom(4095 - VALUES[0], **options | {"WindowCenter": 4096 - 1000}))
    assert np.abs(read_image(path).pixels.astype(int) - image.pixels).max() <= 1


def test_colours_are_colours(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    colours = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    path.write_bytes(dicom(colours))
    assert np.array_equal(read_image(path).pixels, colours)


def test_the_window_knows_how_large_a_pixel_is(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom(VALUES[0], PixelSpacing=[0.5, 0.25]))
    facts = probe(path)
    source = load_image(
        ImageRecord(1, path, facts.sha256, facts.height, facts.width, "new", False, {})
    )
    assert source.pixel_size == 250.0
    source.close()


@pytest.mark.parametrize(
    "name",
    ["CT_small", "MR_small", "MR_small_RLE", "MR_small_bigendian", "examples_jpeg2k", "SC_rgb_rle"],
)
def test_files_of_real_devices_open(name: str) -> None:
    path = TESTS / f"{name}.dcm"
    image = read_image(path)
    stored = pydicom.dcmread(path).pixel_array
    assert image.pixels.shape[:2] == stored.shape[:2] == read_header(path)
    if image.values is not None and name.startswith("MR"):
        assert np.array_equal(image.values, stored)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("MR_truncated", "less than expected"),
        ("rtplan", "no image in this DICOM file"),
        ("JPEGLSNearLossless_08", "compressed in a way that is not read here"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        read_image(TESTS / f"{name}.dcm")
    assert caught.value.remedy


def test_without_pydicom_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pydicom'] = None\n"
        "from cnnseg_gui.core.decoder_worker import main; main()"
    )
    process = DecoderProcess([sys.executable, "-c", code])
    try:
        with pytest.raises(UserError, match=r"DICOM.*cnnseg-gui\[dicom\]"):
            process.read(dicom(VALUES), 0, max_pixels=10**6)
    finally:
        process.close()
