"""Masks on disk are the masks in memory, to the pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask_io import apply_value_map, encode_mask, read_mask

CLASSES = make_classes(["background", "cell", "edge"])
masks = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 255)
)


@given(masks)
def test_a_mask_reads_back_to_the_pixel(
    tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("m") / "mask.png"
    path.write_bytes(encode_mask(pixels, CLASSES))
    assert np.array_equal(read_mask(path), pixels)
    with Image.open(path) as image:  # another program sees the class colours
        colours = np.asarray(image.convert("RGB"))
    for cls in CLASSES:
        assert (colours[pixels == cls.index] == cls.colour).all()


@given(masks, st.dictionaries(st.integers(0, 254), st.integers(0, 9), max_size=5))
def test_values_that_are_not_named_become_unlabelled_and_are_counted(
    values: np.ndarray, names: dict[int, int]
) -> None:
    mapped, unnamed = apply_value_map(values, names)
    for value in np.unique(values):
        expected = names.get(int(value), 255)
        assert (mapped[values == value] == expected).all()
        if int(value) not in names and value != 255:
            assert unnamed[int(value)] == np.count_nonzero(values == value)
    assert not set(unnamed) & set(names)


def test_a_photograph_is_not_taken_for_a_mask(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (5, 5)).save(path)
    with pytest.raises(UserError, match="no mask"):
        read_mask(path)


def test_a_black_and_white_mask_reads_as_0_and_255(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    Image.fromarray(np.eye(6, dtype=bool)).save(path)
    assert np.array_equal(read_mask(path), np.eye(6, dtype=np.uint8) * 255)


def test_a_broken_mask_says_which_file(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(encode_mask(np.zeros((90, 90), np.uint8), CLASSES)[:70])
    with pytest.raises(UserError, match=r"mask\.png"):
        read_mask(path)
