"""Tags are learnt: with and without published weights, with auxiliary heads, in one loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.learning.classify import classify, dump_labels
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.fit import Cancelled, Progress
from cnnseg_gui.learning.fit_labels import KeptImages, TaggedImage, begin, fit_labels, shrunk

COMPUTE = Compute(torch.device("cpu"), "test", torch.float32, torch.float32, 1)
LABELS = ("fine", "coarse")


def texture(label: int, seed: int) -> Pixels:
    """Fine or coarse noise, in any colour."""
    random = np.random.default_rng([label, seed])
    cell = (4, 24)[label]
    grey = random.integers(0, 256, (96 // cell, 96 // cell), np.uint8)
    big = np.kron(grey, np.ones((cell, cell), np.uint8))
    tint = random.uniform(0.5, 1, 3)
    return (big[..., None] * tint).astype(np.uint8)


def pictures(count: int, first: int = 0, *, held_out: bool = False) -> list[TaggedImage]:
    return [
        TaggedImage(lambda label=label, seed=seed: texture(label, seed), label, held_out)
        for label in (0, 1)
        for seed in range(first, first + count)
    ]


def test_installed_features_tell_textures_apart_after_a_few_steps() -> None:
    seen: list[Progress] = []
    model = fit_labels(
        begin("efficientnet-lite0", LABELS),
        [*pictures(4), *pictures(3, 10, held_out=True)],
        compute=COMPUTE,
        steps=12,
        on_progress=seen.append,
    )
    assert model.card.labels == LABELS
    assert (model.card.images, model.card.held_out) == (8, 6)
    assert model.card.accuracy == 1.0
    assert model.card.confusion == ((3, 0), (0, 3))
    for label in (0, 1):
        assert classify(model, texture(label, 99), COMPUTE)[0].name == LABELS[label]
    assert math.isnan(seen[0].loss)
    assert [p.step for p in seen] == list(range(13))
    assert seen[-1].iou is not None


def test_first_the_last_layers_learn_alone_then_all() -> None:
    start = begin("efficientnet-lite0", LABELS)
    before = {k: v.clone() for k, v in start.network.state_dict().items()}

    def moved(steps_of: int, stop_after: int) -> set[str]:
        states: list[dict[str, torch.Tensor]] = []

        def checkpoint() -> bool:
            return len(states) >= stop_after

        import cnnseg_gui.learning.fit_labels as module

        original = module._School.step

        def step(self: object, *args: object, **kwargs: object) -> float:
            loss = original(self, *args, **kwargs)  # type: ignore[arg-type]
            states.append({k: v.clone() for k, v in self._network.state_dict().items()})  # type: ignore[attr-defined]
            return loss

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module._School, "step", step)
            with pytest.raises(Cancelled):
                fit_labels(
                    start, pictures(3), compute=COMPUTE, steps=steps_of, checkpoint=checkpoint
                )
        return {k for k, v in states[-1].items() if not torch.equal(v, before[k])}

    assert {key.partition(".")[0] for key in moved(40, 3)} == {"_fc"}
    assert len(moved(4, 3)) > 50
    assert all(torch.equal(before[k], v) for k, v in start.network.state_dict().items())


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "resnet18", "alexnet-2012"])
def test_every_kind_learns_from_random_weights(name: str) -> None:
    model = begin(name, LABELS, pretrained=False)
    learnt = fit_labels(model, pictures(2), compute=COMPUTE, steps=1)
    before, after = model.network.state_dict(), learnt.network.state_dict()
    still = [k for k, v in before.items() if v.is_floating_point() and torch.equal(v, after[k])]
    assert not [k for k in still if k.endswith("weight")], "auxiliary heads learn, too"
    assert learnt.card.accuracy is None
    assert learnt.card.side == (299 if name == "inception_v3" else 128)
    card, weights = dump_labels(learnt)
    assert card.sha256
    assert len(weights) > 1_000_000


def test_the_same_seed_learns_the_same() -> None:
    outcomes = [
        fit_labels(
            begin("resnet18", LABELS, pretrained=False, seed=1),
            pictures(2),
            compute=COMPUTE,
            steps=2,
            seed=1,
        )
        for _ in range(2)
    ]
    first, second = (o.network.state_dict() for o in outcomes)
    assert all(torch.equal(first[k], second[k]) for k in first)


def test_one_tag_is_not_enough() -> None:
    with pytest.raises(UserError, match="two tags"):
        fit_labels(
            begin("resnet18", LABELS, pretrained=False), pictures(2)[:2], compute=COMPUTE, steps=1
        )
    with pytest.raises(UserError, match="no classifier"):
        begin("lenet", LABELS)


def test_images_are_loaded_as_they_are_drawn_and_cancel_is_heard_before_each() -> None:
    loaded: list[int] = []

    def image(number: int) -> TaggedImage:
        def load() -> Pixels:
            loaded.append(number)
            return texture(number % 2, number)

        return TaggedImage(load, number % 2)

    with pytest.raises(Cancelled):
        fit_labels(
            begin("resnet18", LABELS, pretrained=False),
            [image(number) for number in range(60)],
            compute=COMPUTE,
            steps=1,
            checkpoint=lambda: len(loaded) == 5,
        )
    assert len(loaded) == 5


def test_what_is_kept_of_images_is_bounded_and_loaded_again() -> None:
    images, made = pictures(2), []

    def make(image: TaggedImage) -> Pixels:
        made.append(image)
        return np.zeros(100, np.uint8)

    kept = KeptImages(make, limit=200)
    for number in (0, 1, 0, 2, 0, 1):
        kept.get(images[number])
    assert made == [images[number] for number in (0, 1, 2, 1)]


def test_an_image_is_kept_no_larger_than_its_crops_are_drawn_from() -> None:
    sizes = {(880, 1173): (448, 597), (448, 20_000): (448, 1792), (9000, 900): (1792, 448)}
    for size, kept in sizes.items():
        assert shrunk(np.zeros((*size, 3), np.uint8), 448).shape == (*kept, 3)
    small = texture(0, 0)
    assert np.array_equal(shrunk(small, 448), small)
    checked = np.indices((200, 300)).sum(0) % 2 * np.uint8(255)
    grey = shrunk(np.repeat(checked[..., None], 3, 2).astype(np.uint8), 100)
    assert abs(grey.astype(int) - 127).max() <= 1, "averaged, not every second pixel"


def test_cancel_is_heard_between_two_held_out_images() -> None:
    asked = 0

    def checkpoint() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        fit_labels(
            begin("resnet18", LABELS, pretrained=False),
            [*pictures(1), *pictures(4, 10, held_out=True)],
            compute=COMPUTE,
            steps=1,
            checkpoint=checkpoint,
            on_progress=seen.append,
        )
    assert seen == [], "not even the first check was over"
