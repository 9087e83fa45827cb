"""What is painted while a network learns is learnt from at once, but for what is held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from blobs import COMPUTE, example, start
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.learning.fit import Fitted, Settings, fit
from cnnseg_gui.learning.hold_out import hold_out_tiles
from cnnseg_gui.learning.lessons import Lessons, without_cells
from cnnseg_gui.learning.sampling import Example, PixelCache

QUICK = Settings(patch=48, batch=2, rate=1e-2)


def lessons(*examples: Example, settings: Settings = QUICK) -> Lessons:
    return Lessons(examples, 2, PixelCache(), np.random.default_rng(0), settings)


def painted(key: str, mask: Pixels) -> Example:
    pixels = np.zeros((*mask.shape, 3), np.uint8)
    return Example(key, lambda: pixels, Mask.from_array(mask))


def learn(news: Callable[[], Sequence[Example] | None], *examples: Example, steps: int) -> Fitted:
    return fit(start(), examples, compute=COMPUTE, steps=steps, settings=QUICK, news=news)


def test_corrections_come_in_without_a_restart() -> None:
    """It begins with a mask that is wrong everywhere, and is corrected after a few steps."""
    right, held_out = example(1), example(3, held_out=True)
    wrong = replace(right, mask=Mask.from_array(1 - right.mask.to_array()))
    asked: list[None] = []

    def news() -> Sequence[Example] | None:
        asked.append(None)
        return [right, example(2), held_out] if len(asked) == 5 else None

    fitted = learn(news, wrong, held_out, steps=80)
    assert len(asked) == 80
    assert fitted.history[-1].iou > 0.6
    assert fitted.model.card.images == 2
    assert sum(fitted.model.card.decided.values()) == 2 * 96 * 96


def test_news_that_leave_nothing_to_learn_from_are_passed_over() -> None:
    empty = replace(example(1), mask=Mask(96, 96))
    fitted = learn(lambda: [empty], example(1), steps=3)
    assert fitted.steps == 3
    assert sum(fitted.model.card.decided.values()) == 96 * 96
    with pytest.raises(UserError, match="nothing to learn"):
        lessons(empty)


def test_every_third_patch_lies_round_what_is_new() -> None:
    old = np.full((300, 2000), UNLABELLED, np.uint8)
    old[:, :300] = np.arange(300) % 2
    new = old.copy()
    new[100:110, 1900:1910] = 1
    learning = lessons(painted("a", old))
    learning.renew([painted("a", new)])
    drawn = [learning.sampler.draw().mask for _ in range(600)]
    stripes = sum(bool((mask == 0).any()) for mask in drawn)
    assert 0.25 < 1 - stripes / 600 < 0.42


def test_an_image_that_is_painted_on_for_the_first_time_is_new_as_a_whole() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 1
    learning = lessons(painted("a", mask))
    learning.renew([painted("a", mask), painted("b", mask)])
    assert len(learning.taught) == 2
    assert learning.counts.tolist() == [2 * 32 * 64] * 2


def test_what_is_held_out_stays_so_whatever_is_painted_on_it() -> None:
    image, other = example(1), example(2)
    learning = lessons(image, replace(other, held_out=True))
    learning.renew([image, replace(other, held_out=False)])
    assert [e.key for e in learning.taught] == [image.key]


def test_held_out_tiles_stay_so_too() -> None:
    truth = np.zeros((700, 700), np.uint8)
    truth[::2] = 1
    divided = hold_out_tiles([painted("a", truth)])
    learning = lessons(*divided)
    (held,) = learning.held_out
    learning.renew([painted("a", truth)])
    (taught,) = learning.taught
    both = (taught.mask.to_array() != UNLABELLED) & (held.mask.to_array() != UNLABELLED)
    assert not both.any()
    assert (taught.mask.to_array() == divided[0].mask.to_array()).all()


@given(st.integers(0, 999), st.integers(1, 400), st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_cells_are_taken_out_whole(seed: int, height: int, width: int) -> None:
    random = np.random.default_rng(seed)
    mask = random.integers(0, 2, (height, width), np.uint8)
    held = np.full((height, width), UNLABELLED, np.uint8)
    held[random.integers(height), random.integers(width)] = 1
    rest = without_cells(Mask.from_array(mask), Mask.from_array(held)).to_array()
    rows, columns = np.indices(mask.shape) // 128
    row, column = (int(at[0]) // 128 for at in np.nonzero(held == 1))
    inside = (rows == row) & (columns == column)
    assert (rest[inside] == UNLABELLED).all()
    assert (rest[~inside] == mask[~inside]).all()


def test_classes_are_balanced_by_images_and_not_by_pixels() -> None:
    """An approved image without the class is no reason to look for it everywhere."""
    whole = painted("whole", np.zeros((512, 512), np.uint8))
    strokes = [painted(str(key), np.repeat([0, 1], [24, 8])[None]) for key in range(16)]
    alone = lessons(*strokes).class_weights
    beside = lessons(*strokes, whole).class_weights
    assert (alone[1] / alone[0]).item() == pytest.approx(3**0.5)
    assert (beside[1] / beside[0]).item() < 6  # by the pixel it would be 45
    assert lessons(
        *strokes, whole, settings=Settings(class_weights="none")
    ).class_weights.tolist() == [1, 1]
