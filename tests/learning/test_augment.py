"""Patches as a batch."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.learning.augment import (
    colour_strength,
    reach,
    to_batch,
    vary_colours,
    vary_imaging,
    weights_to_batch,
)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=4))
@settings(deadline=None)
def test_patches_of_any_size_become_one_batch(sides: list[int]) -> None:
    random = np.random.default_rng(0)
    patches = [
        (
            random.integers(0, 256, (side, side, 3), np.uint8),
            random.choice(np.array([0, 3, UNLABELLED], np.uint8), (side, side)),
        )
        for side in sides
    ]
    images, masks = to_batch(patches, 32)
    assert images.shape == (len(sides), 3, 32, 32)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert masks.shape == (len(sides), 32, 32)
    assert masks.dtype == torch.uint8
    assert 0 <= images.min() <= images.max() <= 1
    for mask, (_, before) in zip(masks, patches, strict=True):
        assert set(np.unique(mask.numpy())) <= set(np.unique(before))


def test_a_patch_of_the_right_size_is_taken_as_it_is() -> None:
    pixels = np.arange(75, dtype=np.uint8).reshape(5, 5, 3)
    images, _ = to_batch([(pixels, np.zeros((5, 5), np.uint8))], 5)
    assert torch.equal((images[0] * 255).round().byte().permute(1, 2, 0), torch.from_numpy(pixels))


def test_an_object_stays_under_its_mask_when_scaled() -> None:
    mask = np.zeros((50, 50), np.uint8)
    mask[10:30, 20:45] = 1
    pixels = np.repeat(mask[..., None] * 255, 3, 2).astype(np.uint8)
    images, masks = to_batch([(pixels, mask)], 128)
    assert ((images[0, 0] > 0.5) == (masks[0] == 1)).float().mean() > 0.99


@given(st.floats(-0.7, 0.7).filter(lambda angle: abs(angle) > 0.01))
@settings(max_examples=20, deadline=None)
def test_a_turned_patch_is_the_square_that_just_fits(angle: float) -> None:
    """A disc in the middle of the crop, as wide as the square, touches all of the square's sides.

    A half plane through the middle ends up at the angle.
    """
    outer = round(100 * reach(angle))
    rows, columns = np.indices((outer, outer)) + 0.5 - outer / 2
    disc = (np.hypot(rows, columns) < outer / reach(angle) / 2).astype(np.uint8)
    half = (rows > 0).astype(np.uint8)
    pixels = np.repeat(disc[..., None] * 255, 3, 2)
    images, masks = to_batch([(pixels, disc), (pixels, half)], 100, [angle, angle])
    rows, columns = np.indices((100, 100)) + 0.5 - 50
    assert abs(int(masks[0].sum()) - np.pi * 50**2) < 100
    assert (masks[0].numpy() == (np.hypot(rows, columns) < 50)).mean() > 0.98
    assert ((images[0, 0] > 0.5) == (masks[0] == 1)).float().mean() > 0.98
    below = np.sin(angle) * columns + np.cos(angle) * rows > 0
    assert (masks[1].numpy() == below).mean() > 0.98
    assert torch.equal(
        weights_to_batch([half.astype(np.float32)], 100, [angle])[0].byte(), masks[1]
    )


def test_colours_vary_a_little_and_stay_colours() -> None:
    images = torch.rand(6, 3, 16, 16)
    varied = vary_colours(images.clone(), np.random.default_rng(0))
    assert 0 <= varied.min() <= varied.max() <= 1
    shift = (varied - images).abs().mean((1, 2, 3))
    assert (shift > 0.005).all()
    assert (shift < 0.35).all()
    assert torch.equal(varied, vary_colours(images.clone(), np.random.default_rng(0)))


@given(st.integers(0, 10**8), st.integers(0, 10**10), st.integers(0, 10**9))
def test_colours_vary_more_the_oftener_pixels_were_seen(
    decided: int, viewed: int, more: int
) -> None:
    strength = colour_strength(decided, viewed)
    assert 0 <= strength <= 1
    assert colour_strength(decided, viewed + more) >= strength
    assert colour_strength(decided + more, viewed) <= strength
    assert colour_strength(decided, 0) == 0
    assert (strength == 1) == (viewed >= 20 * max(1, decided))


def test_no_strength_changes_nothing() -> None:
    images = torch.rand(2, 3, 8, 8).clamp_min(1e-3)
    varied = vary_colours(images.clone(), np.random.default_rng(0), strength=0)
    torch.testing.assert_close(varied, images)


def test_other_imaging_leaves_many_images_alone_and_all_of_them_images() -> None:
    images = torch.rand(60, 3, 24, 24)
    varied = vary_imaging(images.clone(), np.random.default_rng(0))
    assert varied.shape == images.shape
    assert varied.is_contiguous(memory_format=torch.channels_last)
    assert 0 <= varied.min() <= varied.max() <= 1
    alone = (varied == images).all((1, 2, 3))
    assert 0.3 < alone.float().mean() < 0.7
    assert torch.equal(varied, vary_imaging(images.clone(), np.random.default_rng(0)))


def test_some_images_are_inverted_and_some_lose_their_colour() -> None:
    images = torch.rand(200, 3, 8, 8)
    varied = vary_imaging(images.clone(), np.random.default_rng(1))
    inverted = ((varied + images - 1).abs().amax((1, 2, 3)) < 1e-6).float().mean()
    assert 0.02 < inverted < 0.2
    paler = varied.std(1).mean((1, 2)) < 0.3 * images.std(1).mean((1, 2))
    assert paler.any()
