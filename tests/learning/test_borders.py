"""A patch's border weights are those of the whole image, turned and magnified with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.border_weights import border_weights
from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.augment import to_batch, weights_to_batch
from cnnseg_gui.learning.borders import BorderMaps
from cnnseg_gui.learning.sampling import Example, PixelCache, Sampler


def winding(height: int, width: int) -> Pixels:
    """One object whose arms look like many in any patch, specks between them, undecided parts."""
    random = np.random.default_rng(0)
    mask = np.zeros((height, width), np.uint8)
    mask[:, ::24] = mask[:, 1::24] = mask[:5] = 1
    mask[random.random(mask.shape) < 0.002] = 1
    mask[:, 14::24] = 2
    mask[height // 2 :, width // 2 : width // 2 + 40] = UNLABELLED
    return mask


def example(mask: Pixels, key: str = "a") -> Example:
    """Its red channel shows the weights of the whole mask, 20 times as large."""
    pixels = np.zeros((*mask.shape, 3), np.uint8)
    pixels[..., 0] = np.round(20 * border_weights(mask))
    return Example(key, lambda: pixels, Mask.from_array(mask))


WINDING = winding(600, 700)
WHOLE = border_weights(WINDING)
EXAMPLE = example(WINDING)


@given(st.integers(-50, 600), st.integers(-50, 700), st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=40, deadline=None)
def test_any_rectangle_has_the_weights_of_the_whole(
    top: int, left: int, height: int, width: int
) -> None:
    rect = Rect(top, left, top + height, left + width)
    found = BorderMaps().read(EXAMPLE, rect)
    inside = rect.clipped(WHOLE.shape)
    expected = np.zeros((height, width), np.float32)
    if not inside.empty:
        at = inside.top - top, inside.left - left
        part = expected[at[0] : at[0] + inside.height, at[1] : at[1] + inside.width]
        part[:] = WHOLE[inside.slices]
    assert np.array_equal(found, expected)


def test_a_patch_is_turned_flipped_and_magnified_with_its_weights() -> None:
    drawing = Sampler(
        [EXAMPLE],
        PixelCache(),
        np.random.default_rng(0),
        patch=96,
        borders=BorderMaps(),
    )
    drawn = [drawing.draw() for _ in range(30)]
    for patch in drawn:
        assert patch.weights is not None
        assert patch.weights.shape == patch.mask.shape
        inside = patch.mask != UNLABELLED
        assert np.array_equal(np.round(20 * patch.weights[inside]), patch.pixels[..., 0][inside])
        assert (patch.weights[~inside] == 0).all()
    _, target = to_batch([patch[:2] for patch in drawn], 96)
    weights = weights_to_batch([patch.weights for patch in drawn if patch.weights is not None], 96)
    assert weights.shape == target.shape
    assert torch.equal(weights == 0, target == UNLABELLED)
    assert (weights[(target == 1) | (target == 2)] == 1).all()


def test_without_borders_patches_have_no_weights() -> None:
    drawing = Sampler([EXAMPLE], PixelCache(), np.random.default_rng(0), patch=32)
    assert drawing.draw().weights is None


@pytest.mark.parametrize("limit", [1, 2**28])
def test_what_is_forgotten_is_made_again_alike(limit: int) -> None:
    maps = BorderMaps(limit)
    other = example(np.ascontiguousarray(WINDING[:, ::-1]), "b")
    rect = Rect(TILE - 9, TILE - 9, TILE + 9, TILE + 9)
    first = maps.read(EXAMPLE, rect)
    assert not np.array_equal(maps.read(other, rect), first)
    assert np.array_equal(maps.read(EXAMPLE, rect), first)
