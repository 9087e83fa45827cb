"""Fine-tuning: what a person sees of it, on tiny networks."""

from __future__ import annotations

import dataclasses
import math
import random
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from blobs import CLASSES, COMPUTE, example, scene, start

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.metrics import mean_iou
from cnnseg_gui.learning.card import Card
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.fit import (
    PATIENCE,
    Cancelled,
    Fitted,
    Make,
    Progress,
    Settings,
    balanced,
    fit,
    improves_no_more,
)
from cnnseg_gui.learning.keep import Keeper, Validation
from cnnseg_gui.learning.model import Model, dump, new
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_gui.learning.schedule import Budget
from cnnseg_gui.learning.unfinished import dump_unfinished
from cnnseg_gui.learning.validate import choose_windows, score

QUICK = Settings(patch=48, batch=2, rate=1e-2)


def learn(
    *examples: Example, model: Model | None = None, steps: int | None = 20, **more: object
) -> Fitted:
    options = {"compute": COMPUTE, "settings": QUICK, "steps": steps, **more}
    return fit(model or start(), examples, **options)  # type: ignore[arg-type]


def settings(**chosen: object) -> Settings:
    return dataclasses.replace(QUICK, **chosen)  # type: ignore[arg-type]


def test_a_few_sparse_strokes_teach_it_the_blobs() -> None:
    fitted = learn(
        example(1, decided=0.1),
        example(2, decided=0.1),
        example(3, held_out=True),
        steps=40,
    )
    before, after = fitted.history[0].iou, fitted.history[-1].iou
    assert after > before + 0.2
    assert after > 0.7


def test_the_same_seed_teaches_the_same() -> None:
    one, two = (
        dump(learn(example(1), example(2, held_out=True), steps=8, seed=5).model) for _ in "ab"
    )
    assert one == two
    other = learn(example(1), example(2, held_out=True), steps=8, seed=6).model
    assert dump(other) != one


def test_the_model_it_began_from_is_untouched() -> None:
    model = start()
    before = dump(model)
    learn(example(1), model=model, steps=3)
    assert dump(model) == before


def test_held_out_images_teach_nothing() -> None:
    alone: list[Progress] = []
    beside: list[Progress] = []
    learn(example(1), steps=5, on_progress=alone.append)
    learn(example(1), example(2, held_out=True), steps=5, on_progress=beside.append)
    assert [p.loss for p in alone[1:]] == [p.loss for p in beside[1:]]


def test_it_never_returns_something_worse_than_it_had() -> None:
    """What is taught here is the opposite of what is held out."""
    held_out = example(3, held_out=True)
    good = learn(example(1), example(2), held_out, steps=80).model
    pixels, truth = scene(4)
    wrong = Example("wrong", lambda: pixels, Mask.from_array(1 - truth))
    fitted = learn(wrong, held_out, model=good, steps=60)
    before, last = fitted.history[0].iou, fitted.history[-1].iou
    assert last < before - 0.2
    windows = choose_windows([held_out], 0)
    counts, _ = score(
        fitted.model.network, windows, PixelCache(), COMPUTE, lambda: None, stretched=True
    )
    assert mean_iou(counts) == fitted.model.card.metrics["iou"] >= before


def test_progress_is_told_step_by_step() -> None:
    told: list[Progress] = []
    fitted = learn(example(1), example(2, held_out=True), steps=8, on_progress=told.append)
    assert [progress.step for progress in told] == list(range(9))
    assert math.isnan(told[0].loss)
    assert all(math.isfinite(progress.loss) for progress in told[1:])
    assert told[0].iou is not None
    assert told[-1].iou is not None
    assert 0 <= told[-1].seconds_left <= told[-1].seconds, "only the last look at held-out pixels"
    assert [p.step for p in told if p.iou is not None] == [v.step for v in fitted.history]
    assert all(a.seconds < b.seconds for a, b in pairwise(told))


def test_without_held_out_images_the_last_weights_are_kept_and_not_scored() -> None:
    fitted = learn(example(1), steps=3)
    assert fitted.history == ()
    assert fitted.kept == fitted.steps == 3
    assert fitted.model.card.metrics == {}


@pytest.mark.parametrize("after", [0, 1, 4])
def test_it_stops_between_two_steps(after: int) -> None:
    told: list[Progress] = []
    with pytest.raises(Cancelled):
        learn(example(1), on_progress=told.append, checkpoint=lambda: len(told) > after)
    assert told[-1].step == after


def test_a_cancel_at_any_moment_is_heard_before_another_step_is_taken() -> None:
    """Also while it validates, or its state is kept."""
    moments = random.Random(0)

    def keep(make: Make) -> None:
        dump_unfinished(make())

    def ask(asked: threading.Event, told: list[Progress], before: list[int]) -> None:
        before.append(len(told))
        asked.set()

    for _ in range(50):
        asked = threading.Event()
        before: list[int] = []
        told: list[Progress] = []

        timer = threading.Timer(moments.uniform(0, 0.15), ask, (asked, told, before))
        timer.start()
        with pytest.raises(Cancelled):
            learn(
                example(1),
                example(2, held_out=True),
                steps=1_000_000,
                on_progress=told.append,
                checkpoint=asked.is_set,
                keep=keep,
            )
        timer.join()
        assert len(told) - before[0] <= 1


def test_a_time_budget_is_kept() -> None:
    fitted = learn(example(1), example(2, held_out=True), steps=None, seconds=2.0)
    assert fitted.steps > 0
    assert 1.5 < fitted.seconds < 4.0


def test_time_stood_aside_is_not_counted() -> None:
    def checkpoint() -> bool:
        time.sleep(0.1)
        return False

    begun = time.perf_counter()
    fitted = learn(example(1), steps=5, checkpoint=checkpoint)
    assert fitted.seconds < time.perf_counter() - begun - 0.4


def test_with_nothing_painted_there_is_nothing_to_learn() -> None:
    empty = Example("e", lambda: np.zeros((9, 9, 3), np.uint8), Mask(9, 9))
    with pytest.raises(UserError, match="nothing to learn"):
        learn(empty)
    with pytest.raises(UserError, match="nothing to learn"):
        learn(empty, example(1, held_out=True))
    with pytest.raises(UserError, match="nothing to learn"):
        learn()


def test_one_class_alone_teaches_nothing() -> None:
    truth = np.zeros((9, 9), np.uint8)
    with pytest.raises(UserError, match="one class"):
        learn(Example("e", lambda: np.zeros((9, 9, 3), np.uint8), Mask.from_array(truth)))


def test_a_budget_is_seconds_or_steps() -> None:
    with pytest.raises(ValueError, match="seconds or steps"):
        learn(example(1), steps=None)
    with pytest.raises(ValueError, match="seconds or steps"):
        learn(example(1), steps=1, seconds=1.0)


def test_a_class_the_model_does_not_have_is_refused() -> None:
    mask = Mask.from_array(np.array([[0, 1, 2]], np.uint8))
    with pytest.raises(ValueError, match="beyond"):
        learn(Example("e", lambda: np.zeros((1, 3, 3), np.uint8), mask))


def test_an_image_that_cannot_be_loaded_is_named() -> None:
    def load() -> Pixels:
        raise UserError("the image is truncated", path="a.png")

    with pytest.raises(UserError, match=r"a\.png"):
        learn(Example("e", load, example(1).mask))


def test_the_card_says_what_it_learnt_from() -> None:
    parent = start()
    named = Model(parent.network, Card(network="unet", classes=CLASSES, sha256="ab" * 32, name="s"))
    card = learn(example(1), example(2, held_out=True), model=named, steps=4, seed=7).model.card
    assert (card.parent, card.sha256, card.name) == ("ab" * 32, "", "")
    assert (card.images, card.held_out, card.steps, card.seed) == (1, 1, 4, 7)
    assert sum(card.decided.values()) == 96 * 96
    assert set(card.metrics) == {"iou", "iou_before", "kept_step"}
    assert card.created.endswith("+00:00")


@pytest.mark.parametrize(
    "other",
    [
        settings(borders=True),
        settings(class_weights="none"),
        settings(dice=False),
        settings(dice=False, borders=True),
    ],
)
def test_another_loss_teaches_the_blobs_too_and_otherwise(other: Settings) -> None:
    examples = example(1), example(2), example(3, held_out=True)
    fitted = learn(*examples, steps=100, settings=other)
    assert fitted.history[-1].iou > fitted.history[0].iou + 0.2
    usual, differing = learn(example(1), steps=2), learn(example(1), steps=2, settings=other)
    assert dump(differing.model) != dump(usual.model)


def test_the_unpadded_net_learns_with_borders() -> None:
    model = new("unet", CLASSES, 0, {"width": 2, "padded": False, "norm": False})
    assert learn(example(1), model=model, steps=2, settings=settings(borders=True)).steps == 2


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_the_pretrained_network_learns_in_either_precision(precision: torch.dtype) -> None:
    compute = Compute(torch.device("cpu"), "test", precision, precision, 1)
    told: list[Progress] = []
    model = new("unet-lite0", CLASSES)
    learn(example(1), model=model, steps=12, compute=compute, on_progress=told.append)
    losses = [progress.loss for progress in told[1:]]
    assert sum(losses[-4:]) < sum(losses[:4])


def test_the_papers_unpadded_net_learns_too() -> None:
    model = new("unet", CLASSES, 0, {"width": 2, "padded": False, "norm": False})
    fitted = learn(example(1), example(2, held_out=True), model=model, steps=2)
    assert fitted.steps == 2
    assert len(fitted.history) >= 2


def test_rare_classes_weigh_more_and_absent_ones_nothing() -> None:
    weights = balanced(np.array([900, 100, 0]))
    assert weights[1] == pytest.approx(3 * float(weights[0]))
    assert weights[2] == 0
    assert (weights * torch.tensor([0.9, 0.1, 0.0])).sum() == pytest.approx(1)


def test_it_ends_when_held_out_pixels_say_that_nothing_improves() -> None:
    """In the second half of the budget, after so many validations without a better one."""
    network = start().network
    for fraction, since, ends in (
        (0.6, PATIENCE, True),
        (0.6, PATIENCE - 1, False),
        (0.4, 9, False),
    ):
        budget = Budget(None, 100, done=int(100 * fraction))
        keeper = Keeper(network, [example(1, held_out=True)], PixelCache(), budget, 0)
        assert not improves_no_more(keeper, budget)
        keeper.history = [Validation(step, 0.0, 0.5, ()) for step in range(since + 1)]
        keeper.kept = keeper.history[0]
        assert improves_no_more(keeper, budget) == ends
