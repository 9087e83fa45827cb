"""The encoding is the one pycocotools reads and writes, character by character."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as reference
from scipy import ndimage

from cnnseg_gui.formats import rle

# pycocotools 2.0.11 hands numpy 2 arrays in the manner of numpy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

_BITMAPS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 60), st.integers(1, 60)))


def their_string(bitmap: np.ndarray) -> str:
    return reference.encode(np.asfortranarray(bitmap.astype(np.uint8)))["counts"].decode("ascii")


@given(_BITMAPS)
def test_strings_equal_those_of_pycocotools_and_decode_to_the_mask(bitmap: np.ndarray) -> None:
    text = rle.encode(bitmap)
    assert text == their_string(bitmap)
    assert np.array_equal(rle.decode(text, bitmap.shape), bitmap)
    theirs = reference.decode({"size": list(bitmap.shape), "counts": text.encode("ascii")})
    assert np.array_equal(theirs, bitmap)


@pytest.mark.parametrize("shape", [(1, 1), (1, 70_000), (70_000, 1), (700, 900)])
@pytest.mark.parametrize("value", [False, True])
def test_masks_of_one_value_are_exact(shape: tuple[int, int], value: bool) -> None:
    bitmap = np.full(shape, value)
    assert rle.encode(bitmap) == their_string(bitmap)
    assert np.array_equal(rle.decode(rle.encode(bitmap), shape), bitmap)


def test_long_runs_that_need_several_characters_are_exact() -> None:
    bitmap = np.zeros((3000, 1100), np.bool_)
    bitmap[2500:, 3] = bitmap[7, 400:402] = bitmap[:, 900:1099] = bitmap[-1, -1] = True
    assert rle.encode(bitmap) == their_string(bitmap)
    assert np.array_equal(rle.decode(rle.encode(bitmap), bitmap.shape), bitmap)


@given(_BITMAPS, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_each_object_of_a_part_of_an_image_is_encoded_as_in_the_whole(
    bitmap: np.ndarray, above: int, left: int, below: int, right: int
) -> None:
    labels, found = ndimage.label(bitmap)
    whole = np.pad(labels, ((above, below), (left, right)))
    objects = rle.encode_objects(labels, corner=(above, left), shape=whole.shape)
    assert len(objects) == found
    for number, encoded in enumerate(objects, start=1):
        alone = whole == number
        theirs = reference.encode(np.asfortranarray(alone.astype(np.uint8)))
        assert encoded.counts == theirs["counts"].decode("ascii")
        assert encoded.area == reference.area(theirs) == alone.sum()
        rows, columns = np.nonzero(alone)
        assert encoded.box == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)


@given(_BITMAPS)
def test_a_string_says_area_and_box_as_pycocotools_does(bitmap: np.ndarray) -> None:
    text = rle.encode(bitmap)
    found = rle.described(text, bitmap.shape)
    theirs = {"size": list(bitmap.shape), "counts": text.encode("ascii")}
    left, top, width, height = reference.toBbox(theirs).astype(int).tolist()
    assert found.area == reference.area(theirs)
    if found.area:
        assert found.box == (top, left, top + height, left + width)


@given(_BITMAPS)
def test_a_list_of_run_lengths_is_read_as_the_string(bitmap: np.ndarray) -> None:
    flat = bitmap.ravel(order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = [*([0] if flat[0] else []), *edges.tolist(), flat.size]
    columns = np.zeros(flat.size, np.uint8)
    rle.paint(columns, np.diff(ends, prepend=0).tolist(), bitmap.shape, 7)
    assert np.array_equal(columns == 7, flat)


@given(_BITMAPS)
def test_no_string_is_longer_than_what_is_read(bitmap: np.ndarray) -> None:
    noise = bitmap ^ (np.indices(bitmap.shape).sum(axis=0) % 2 == 0)
    for mask in (bitmap, noise):
        assert np.array_equal(rle.decode(rle.encode(mask), mask.shape), mask)


def test_a_string_longer_than_any_mask_of_the_size_is_refused_unread() -> None:
    with pytest.raises(ValueError, match="more runs than the image has pixels"):
        rle.decode("0" * 10_000_000, (10, 10))


@pytest.mark.parametrize(
    "text", ["", "é", " ", "o", "4" * 3 + "T", "o" * 13 + "0", rle.encode(np.ones((3, 3), bool))]
)
def test_a_string_that_does_not_fit_the_image_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"character|cut off|too long|run"):
        rle.decode(text, (2, 2))
