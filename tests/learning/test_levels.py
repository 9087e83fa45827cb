"""A network sees an image at its own levels, whatever the exposure, and the same everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import choose
from cnnseg_gui.learning.levels import levels
from cnnseg_gui.learning.live_features import encode
from cnnseg_gui.learning.model import Model, new
from cnnseg_gui.learning.propose import crop, propose
from cnnseg_gui.learning.sampling import Example, PixelCache

COMPUTE = choose("cpu", threads=1)


def picture(low: int, high: int, shape: tuple[int, int] = (90, 70)) -> Pixels:
    """A ramp of all levels between two, with some noise."""
    height, width = shape
    ramp = np.linspace(low, high, height * width).reshape(height, width, 1)
    noise = np.random.default_rng(0).uniform(-1, 1, (height, width, 3))
    return np.rint(ramp + noise).clip(0, 255).astype(np.uint8)


@given(st.integers(0, 230), st.integers(0, 255))
def test_what_is_darker_stays_darker_and_the_ends_are_black_and_white(low: int, span: int) -> None:
    pixels = picture(low, min(255, low + span))
    table = levels(pixels)
    assert (np.diff(table.astype(int)) >= 0).all()
    assert table[pixels.min()] == 0
    shown = table[pixels]
    black = (shown <= 0).mean()
    assert black >= 0.004
    if span > 30 and low + span <= 255:
        assert shown.max() == 255
        assert 0.004 <= (shown == 255).mean() < 0.1


def test_noise_is_not_stretched_to_black_and_white() -> None:
    shown = levels(picture(100, 102))[picture(100, 102)].astype(int)
    assert np.ptp(shown) < 80


def test_a_picture_that_uses_its_levels_hardly_changes() -> None:
    assert abs(levels(picture(0, 255)).astype(int) - np.arange(256)).max() <= 3


@given(st.integers(1, 12))
def test_exposure_makes_no_difference(factor: int) -> None:
    bright = picture(0, 250)
    dark = (bright // factor).astype(np.uint8)
    shown = levels(dark)[dark].astype(int) - levels(bright)[bright].astype(int)
    assert abs(shown).max() <= 12 * factor  # as far as its own levels are apart


@pytest.fixture(scope="module")
def model() -> Model:
    return new("fcn-lite0", ["background", "cell"])


def test_a_network_that_is_taught_here_is_shown_stretched_images(model: Model) -> None:
    assert model.card.stretched
    pixels = picture(3, 40)
    found = []
    for image in (pixels, levels(pixels)[pixels]):
        whole = np.zeros((90, 70), np.uint8)

        def take(rect: Rect, _: Pixels, confidence: Pixels, whole: Pixels = whole) -> None:
            whole[rect.slices] = confidence

        propose(model, image, COMPUTE, on_region=take)
        found.append(whole)
    assert abs(found[0].astype(int) - found[1]).max() <= 4


def test_learning_and_answering_see_what_proposing_sees(model: Model) -> None:
    pixels = picture(3, 40)
    example = Example("a", lambda: pixels, Mask(90, 70))
    rect = Rect(-5, 10, 40, 90)
    cache = PixelCache()
    wanted = crop(levels(pixels)[pixels], rect)
    assert np.array_equal(cache.seen(example, rect, stretched=True), wanted)
    assert np.array_equal(cache.seen(example, rect, stretched=False), crop(pixels, rect))
    whole = Rect(0, 0, 90, 70)
    (direct, seen) = (
        encode(model, image, whole, COMPUTE).levels[0] for image in (pixels, levels(pixels)[pixels])
    )
    assert float((direct - seen).abs().max()) < 0.1 * float(seen.abs().max())
