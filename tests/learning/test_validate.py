"""What held-out images are scored on."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch

from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.metrics import confusion_matrix
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.model import new
from cnnseg_gui.learning.propose import propose
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_gui.learning.validate import Evidence, Window, choose_windows, score, score_apart

COMPUTE = Compute(torch.device("cpu"), "test", torch.float32, torch.float32, 1)


def example(height: int, width: int, decided: Rect, key: str = "a") -> Example:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (height, width, 3), np.uint8)
    mask = np.full((height, width), UNLABELLED, np.uint8)
    mask[decided.slices] = random.integers(0, 2, (decided.height, decided.width))
    return Example(key, lambda: pixels, Mask.from_array(mask), held_out=True)


def test_a_small_image_is_scored_as_it_is_proposed() -> None:
    model = new("unet", ("a", "b"), 0, {"width": 2})
    item = example(90, 70, Rect(10, 10, 60, 30))
    proposal = np.zeros((90, 70), np.uint8)

    def take(rect: Rect, classes: np.ndarray, _confidence: np.ndarray) -> None:
        proposal[rect.slices] = classes

    propose(model, item.load(), COMPUTE, on_region=take)
    counts, done = score(
        model.network, choose_windows([item], 0), PixelCache(), COMPUTE, lambda: None
    )
    assert done == 1
    assert (counts == confusion_matrix(item.mask.to_array(), proposal, 2)).all()


def test_of_a_large_image_only_what_is_decided_is_looked_at() -> None:
    windows = choose_windows([example(3000, 2000, Rect(700, 700, 720, 720))], 0)
    assert [window.rect for window in windows] == [Rect(512, 512, 1024, 1024)]


def test_every_decided_pixel_is_scored_once() -> None:
    item = example(900, 1300, Rect(100, 200, 880, 300))
    model = new("unet", ("a", "b"), 0, {"width": 2})
    counts, _ = score(model.network, choose_windows([item], 0), PixelCache(), COMPUTE, lambda: None)
    assert counts.sum() == 780 * 100


def test_an_image_with_nothing_decided_is_not_looked_at() -> None:
    assert choose_windows([example(50, 50, Rect(0, 0, 0, 0))], 0) == []


def test_many_images_become_a_sample_that_stays_the_same() -> None:
    items = [example(20, 20, Rect(0, 0, 5, 5), str(index)) for index in range(80)]
    chosen = choose_windows(items, 3)
    assert len(chosen) == 32
    assert chosen == choose_windows(items, 3)
    assert chosen != choose_windows(items, 4)


def test_without_time_as_many_images_are_scored_as_a_verdict_asks_for() -> None:
    items = [example(20, 20, Rect(0, 0, 5, 5), str(index)) for index in range(6)]
    model = new("unet", ("a", "b"), 0, {"width": 2})
    windows = choose_windows(items, 0)

    def scored(windows: list[Window], limit: float | None) -> tuple[Evidence, int]:
        return score_apart(model.network, windows, PixelCache(), COMPUTE, lambda: None, limit)

    first, done = scored(windows, 0.0)
    assert (done, first.over, first.total.sum()) == (4, "images", 4 * 25)
    again, _ = scored(windows[:done], None)
    assert (again.over, again.keys) == (first.over, first.keys)
    assert (again.confusions == first.confusions).all()


def test_what_is_waited_for_takes_no_time_from_the_scoring() -> None:
    items = [example(20, 20, Rect(0, 0, 5, 5), str(index)) for index in range(6)]
    model = new("unet", ("a", "b"), 0, {"width": 2})
    _, done = score(
        model.network,
        choose_windows(items, 0),
        PixelCache(),
        COMPUTE,
        lambda: time.sleep(0.5),
        limit=2.0,
    )
    assert done == 6


def test_one_class_is_not_enough_to_stop_at() -> None:
    items = [example(20, 20, Rect(0, 0, 5, 5), str(index)) for index in range(6)]
    ground = np.zeros((20, 20), np.uint8)
    first = [replace(item, mask=Mask.from_array(ground)) for item in items[:5]]
    model = new("unet", ("a", "b"), 0, {"width": 2})
    windows = [Window(item, item.mask.bounds) for item in (*first, items[5])]
    _, done = score(model.network, windows, PixelCache(), COMPUTE, lambda: None, limit=0.0)
    assert done == 6
