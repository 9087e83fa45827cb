"""Patches come from where something is decided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.learning.augment import reach, to_batch
from cnnseg_gui.learning.sampling import Example, PixelCache, Sampler, weighed


def example(mask: Pixels, key: str = "a", loads: list[str] | None = None) -> Example:
    """An image that shows its own mask in its red channel, and where a pixel lies in the others."""
    rows, columns = np.indices(mask.shape)
    pixels = np.stack([mask, rows % 256, columns % 256], 2).astype(np.uint8)

    def load() -> Pixels:
        if loads is not None:
            loads.append(key)
        return pixels

    return Example(key, load, Mask.from_array(mask))


def sparse(height: int, width: int, strokes: dict[int, tuple[int, int, int, int]]) -> Pixels:
    mask = np.full((height, width), UNLABELLED, np.uint8)
    for cls, (top, left, bottom, right) in strokes.items():
        mask[top:bottom, left:right] = cls
    return mask


def sampler(*examples: Example, patch: int = 64, seed: int = 0, **options: object) -> Sampler:
    random = np.random.default_rng(seed)
    return Sampler(examples, PixelCache(), random, patch=patch, **options)  # type: ignore[arg-type]


@given(
    height=st.integers(1, 700),
    width=st.integers(1, 700),
    seed=st.integers(0, 99),
    data=st.data(),
)
@settings(max_examples=40, deadline=None)
def test_a_patch_shows_the_image_under_its_mask(
    height: int, width: int, seed: int, data: st.DataObject
) -> None:
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    mask = sparse(height, width, {0: (row, column, row + 9, column + 9), 1: (0, 0, 1, 1)})
    drawing = sampler(example(mask), seed=seed)
    for _ in range(5):
        pixels, target, _, angle = drawn = drawing.draw()
        assert pixels.shape == (*target.shape, 3)
        assert target.shape[0] == target.shape[1]
        assert 64 / 1.41 <= target.shape[0] / reach(angle) <= 64 / 0.66
        decided = target != UNLABELLED
        assert decided.any()
        assert (to_batch([drawn[:2]], 96, [angle])[1] != UNLABELLED).any()
        assert (pixels[..., 0][decided] == target[decided]).all()


def test_a_rare_class_comes_often_but_not_as_often() -> None:
    mask = sparse(300, 300, {0: (0, 0, 200, 300), 1: (290, 290, 296, 300)})
    drawing = sampler(example(mask), scales=(1.0, 1.0), patch=8)
    rare = np.mean([(drawing.draw()[1] == 1).any() for _ in range(400)])
    assert 0.02 < rare < 0.3  # 0.1 % of the decided pixels; the square root of that is 3 %


def test_every_image_is_drawn_from() -> None:
    big = sparse(600, 600, {0: (0, 0, 600, 300), 1: (0, 300, 600, 600)})
    small = sparse(600, 600, {0: (0, 0, 30, 30), 1: (40, 40, 70, 70)})
    loads: list[str] = []
    examples = [example(big, "big"), example(small, "small", loads)]
    drawing = Sampler(examples, PixelCache(1), np.random.default_rng(0), patch=64)
    for _ in range(100):
        drawing.draw()
    assert len(loads) > 4  # 0.25 % of the pixels; its square root is 5 %


def test_a_whole_image_of_one_class_leaves_the_strokes_of_the_others_their_share() -> None:
    whole = np.zeros((1024, 1024), np.uint8)
    strokes = [sparse(64, 64, {0: (0, 0, 30, 60), 1: (32, 0, 62, 60)}) for _ in range(8)]
    examples = [example(mask, str(key)) for key, mask in enumerate([whole, *strokes])]
    drawing = sampler(*examples, scales=(1.0, 1.0), patch=8)
    other = np.mean([(drawing.draw()[1] == 1).any() for _ in range(400)])
    # √240 beside √1264 is 0.30 of all; by the pixel it would be 0.10
    assert other > 0.22


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**7)), min_size=1, max_size=9))
def test_an_image_counts_with_the_square_root_of_its_pixels(
    counts: list[tuple[int, int]],
) -> None:
    found = weighed(np.array(pair) for pair in counts)
    for cls in range(2):
        slow = sum(pair[cls] / sum(pair) ** 0.5 for pair in counts)
        assert found[cls] == pytest.approx(slow)


def test_an_image_smaller_than_a_patch_is_mirrored_and_undecided_beyond() -> None:
    mask = sparse(10, 20, {0: (0, 0, 10, 10), 1: (0, 10, 10, 20)})
    drawing = sampler(example(mask), scales=(1.0, 1.0), turned=False)
    pixels, target, *_ = drawing.draw()
    assert target.shape == (64, 64)
    assert (target != UNLABELLED).sum() == 200
    assert pixels[..., 1:].max() < 20  # every pixel is one of the image's


def test_patches_are_turned_and_flipped() -> None:
    mask = sparse(64, 64, {0: (0, 0, 32, 64), 1: (32, 0, 64, 32)})
    drawing = sampler(example(mask), scales=(1.0, 1.0))
    drawn = [drawing.draw() for _ in range(200)]
    assert len({patch.mask.tobytes() for patch in drawn if not patch.angle}) == 8
    assert 40 < sum(bool(patch.angle) for patch in drawn) < 120


def test_images_with_a_top_are_only_mirrored() -> None:
    mask = sparse(64, 64, {0: (0, 0, 32, 64), 1: (32, 0, 64, 32)})
    drawing = sampler(example(mask), scales=(1.0, 1.0), turned=False)
    drawn = [drawing.draw() for _ in range(50)]
    assert len({patch.mask.tobytes() for patch in drawn}) == 2
    assert not any(patch.angle for patch in drawn)


def test_the_same_seed_draws_the_same_patches() -> None:
    mask = sparse(300, 300, {0: (0, 0, 40, 200), 1: (100, 100, 150, 120)})
    one, two, other = (sampler(example(mask), seed=seed) for seed in (1, 1, 2))
    ones = [one.draw()[0].tobytes() for _ in range(5)]
    assert ones == [two.draw()[0].tobytes() for _ in range(5)]
    assert ones != [other.draw()[0].tobytes() for _ in range(5)]


def test_pixels_are_kept_up_to_a_limit_and_loaded_again() -> None:
    loads: list[str] = []
    mask = sparse(10, 10, {0: (0, 0, 1, 1)})
    a, b, c = (example(mask, key, loads) for key in "abc")
    cache = PixelCache(limit=600)
    for item in (a, b, a, c, a, b):
        cache.get(item)
        assert cache.size <= 600
    assert loads == ["a", "b", "c", "b"]


def test_one_image_beyond_the_limit_is_kept_while_it_is_used() -> None:
    loads: list[str] = []
    item = example(sparse(10, 10, {0: (0, 0, 1, 1)}), "a", loads)
    cache = PixelCache(limit=1)
    cache.get(item)
    cache.get(item)
    assert loads == ["a"]


def test_an_image_of_another_size_than_its_mask_is_refused() -> None:
    wrong = Example("a", lambda: np.zeros((3, 4, 3), np.uint8), Mask(4, 3))
    with pytest.raises(ValueError, match="image"):
        PixelCache().get(wrong)
