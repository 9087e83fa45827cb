"""Near-duplicates are found by their looks, and different pictures are not mixed up."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core.image_hash import BITS, MAX_DISTANCE, difference_hash, distance, groups_of
from cnnseg_gui.core.mask import Pixels


def slow_groups(hashes: list[int], most: int, together: list[object] | None = None) -> list[int]:
    """Every pair compared, and names passed on until nothing changes."""
    names = list(range(len(hashes)))
    while True:
        before = list(names)
        for one in range(len(hashes)):
            for other in range(len(hashes)):
                alike = distance(hashes[one], hashes[other]) <= most
                if alike or (together is not None and together[one] == together[other]):
                    names[one] = names[other] = min(names[one], names[other])
        if names == before:
            return names


def picture(seed: int, size: int = 300) -> Pixels:
    coarse = np.random.default_rng(seed).integers(0, 256, (24, 20, 3)).astype(np.uint8)
    scaled = Image.fromarray(coarse).resize((size, size + 40), Image.Resampling.BICUBIC)
    return np.asarray(scaled)


def flipped(value: int, bits: list[int]) -> int:
    for bit in bits:
        value ^= 1 << bit
    return value


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 2**BITS - 1), min_size=1, max_size=6),
    st.lists(
        st.tuples(st.integers(0, 40), st.lists(st.integers(0, BITS - 1), max_size=8)), max_size=14
    ),
    st.integers(0, 9),
    st.lists(st.integers(0, 6), min_size=20, max_size=20) | st.none(),
)
def test_groups_are_those_of_comparing_all_pairs(
    seeds: list[int], copies: list[tuple[int, list[int]]], most: int, files: list[int] | None
) -> None:
    hashes = list(seeds)
    for source, bits in copies:
        hashes.append(flipped(hashes[source % len(hashes)], bits))
    together: list[object] | None = None if files is None else list(files[: len(hashes)])
    assert groups_of(hashes, most, together) == slow_groups(hashes, most, together)


def test_a_copy_that_was_scaled_brightened_or_saved_again_is_near() -> None:
    pixels = picture(1)
    image = Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    copies = [
        np.asarray(Image.open(file)),
        np.asarray(image.resize((200, 226), Image.Resampling.BILINEAR)),
        np.clip(pixels * 1.1 + 4, 0, 255).astype(np.uint8),
    ]
    hashes = [difference_hash(copy) for copy in (pixels, *copies)]
    assert max(distance(hashes[0], other) for other in hashes[1:]) <= MAX_DISTANCE
    others = [difference_hash(picture(seed)) for seed in range(2, 30)]
    assert groups_of([*hashes, *others]) == [0, 0, 0, 0, *range(4, 32)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 2), (7, 9), (5000, 40)])
def test_an_image_of_any_shape_has_a_hash(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert 0 <= difference_hash(pixels) < 2**BITS
    assert difference_hash(np.zeros_like(pixels)) == 0


def test_a_dark_image_has_a_hash_of_its_own() -> None:
    """Cells that differ by less than one grey level are told apart."""
    dark = [picture(seed) // 64 for seed in (1, 2)]
    assert distance(*(difference_hash(pixels) for pixels in dark)) > BITS // 4


def test_no_images_have_no_groups() -> None:
    assert groups_of([]) == []


def test_a_chain_of_near_ones_is_one_group() -> None:
    chain = [(1 << length) - 1 for length in range(0, 101, 10)]
    assert groups_of(chain, 10) == [0] * 11
    assert groups_of(chain, 9) == list(range(11))


def test_many_images_with_the_same_black_corner_are_told_apart() -> None:
    random = np.random.default_rng(0)
    bits = random.integers(0, 2, (3000, BITS), np.uint8)
    bits[:, : BITS * 2 // 3] = 0
    hashes = [int.from_bytes(np.packbits(row).tobytes()) for row in bits]
    assert len(set(groups_of(hashes))) == 3000
