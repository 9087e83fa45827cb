"""Superpixels keep to edges and do not depend on where one looks first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cnnseg_gui.core.alike import belonging
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.pyramid import ImagePyramid, build_pyramid
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.superpixels import SPACINGS, SQUARE, Superpixels, count, slic


def wavy_edge(side: int = SQUARE) -> tuple[Pixels, np.ndarray]:
    """A dark and a light half along a wave, with noise; and which half a pixel is in."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side]
    light = x > side / 2 + 9 * np.sin(y / 11)
    grey = np.where(light, 160, 110)[..., None] + rng.normal(0, 8, (side, side, 3))
    return grey.clip(0, 255).astype(np.uint8), light


def noise(seed: int, height: int, width: int) -> ImagePyramid:
    return build_pyramid(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_superpixels_keep_to_an_edge_where_a_grid_does_not(spacing: int) -> None:
    pixels, light = wavy_edge()
    y, x = np.mgrid[:SQUARE, :SQUARE]
    grid = y // spacing * SQUARE + x // spacing

    def wrong(labels: np.ndarray) -> int:
        """Pixels that lie with the minority of their superpixel: the undersegmentation error."""
        _, dense = np.unique(labels, return_inverse=True)
        lit = np.bincount(dense.ravel(), light.ravel())
        return int(np.minimum(lit, np.bincount(dense.ravel()) - lit).sum())

    assert wrong(slic(pixels, spacing)) < 0.6 * wrong(grid)


@given(st.integers(0, 10_000), st.sampled_from(SPACINGS))
@examples(max_examples=10)
def test_looking_elsewhere_first_changes_nothing(seed: int, spacing: int) -> None:
    image = noise(seed, 300, 410)
    rng = np.random.default_rng(seed)
    whole = Superpixels(image).read(Rect(0, 0, 300, 410), level=0, spacing=spacing)
    wandering = Superpixels(image, most_bytes=3 * SQUARE * SQUARE * 2)
    for _ in range(8):
        top, left = int(rng.integers(0, 250)), int(rng.integers(0, 350))
        rect = Rect(top, left, top + int(rng.integers(1, 50)), left + int(rng.integers(1, 60)))
        part = wandering.read(rect, level=0, spacing=spacing)
        assert part.max() < count(rect, spacing)
        pairs = np.unique(np.stack([part, whole[rect.slices]], -1).reshape(-1, 2), axis=0)
        assert len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1]))


def test_a_coarser_level_is_divided_at_its_own_size() -> None:
    image = noise(1, 1000, 900)
    for level in range(image.levels):
        rect = Rect(0, 0, *image.shape).reduced(level)
        labels = Superpixels(image).read(rect, level=level, spacing=10)
        assert labels.shape == (rect.height, rect.width)
        assert 0.5 * labels.size / 100 < len(np.unique(labels)) <= count(rect, 10)


def test_what_is_kept_stays_within_its_bound() -> None:
    image = noise(2, 2000, 2000)
    each = SQUARE * SQUARE * 2
    superpixels = Superpixels(image, most_bytes=5 * each)
    superpixels.read(Rect(0, 0, 2000, 600), level=0, spacing=12)
    assert sum(labels.nbytes for labels in superpixels._kept.values()) <= 5 * each


class Growing(ImagePyramid):
    """An image whose pixels are still arriving."""

    arrived = False

    @property
    def complete(self) -> bool:
        return self.arrived


def test_what_was_seen_before_the_image_was_there_is_not_kept() -> None:
    pixels, _ = wavy_edge()
    arriving = np.zeros_like(pixels)
    image = Growing(arriving)
    superpixels, rect = Superpixels(image), Rect(0, 0, SQUARE, SQUARE)
    superpixels.read(rect, level=0, spacing=8)
    arriving[:] = pixels
    image.arrived = True
    assert np.array_equal(superpixels.read(rect, level=0, spacing=8), slic(pixels, 8))


# ---------------------------------------------------------------- what belongs together


def asked(pixels: Pixels, row: int, column: int, *, tolerance: int = 24) -> np.ndarray:
    image = build_pyramid(pixels)
    rect = Rect(0, 0, *pixels.shape[:2])
    parts = Superpixels(image).read(rect, level=0, spacing=8)
    inside = np.ones(pixels.shape[:2], np.bool_)
    return belonging(pixels, parts, inside, row, column, tolerance=tolerance)


def test_what_belongs_together_ends_at_the_edge() -> None:
    pixels, light = wavy_edge(200)
    for row, column in ((100, 40), (100, 160)):
        mine = light == light[row, column]
        found = asked(pixels, row, column)
        assert (found & mine).sum() / (found | mine).sum() > 0.95


@pytest.mark.parametrize("deviation", [0, 3, 15, 40])
def test_an_area_without_edges_belongs_together_whatever_its_noise(deviation: int) -> None:
    rng = np.random.default_rng(deviation)
    flat = 120 + rng.normal(0, deviation, (200, 200, 3))
    assert asked(flat.clip(0, 255).astype(np.uint8), 100, 100).mean() > 0.97


def test_more_tolerance_takes_in_more_and_the_least_only_its_own_superpixel() -> None:
    pixels, _ = wavy_edge(200)
    sizes = [asked(pixels, 100, 40, tolerance=value).sum() for value in (0, 8, 24, 80, 255)]
    assert sizes == sorted(sizes)
    assert sizes[0] <= 2 * 8 * 8
    assert sizes[-1] == 200 * 200


def test_the_same_colour_elsewhere_is_not_taken_in() -> None:
    pixels = np.full((120, 200, 3), 200, np.uint8)
    pixels[40:80, 20:60] = pixels[40:80, 120:160] = (90, 30, 120)
    found = asked(pixels, 60, 40)
    assert found[40:80, 20:60].all()
    assert found.sum() == 40 * 40
