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


@pytest.mark.parametrize(
    "text", ["", "é", " ", "o", "4" * 3 + "T", "o" * 13 + "0", rle.encode(np.ones((3, 3), bool))]
)
def test_a_string_that_does_not_fit_the_image_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"character|cut off|too long|run"):
        rle.decode(text, (2, 2))
