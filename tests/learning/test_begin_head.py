"""A fresh network's head begins where a few patches say."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from blobs import CLASSES, COMPUTE, example
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.learning.augment import to_batch
from cnnseg_gui.learning.begin_head import begin_head, read_pixels
from cnnseg_gui.learning.fit import Cancelled, Settings, fit
from cnnseg_gui.learning.model import Model, dump, new
from cnnseg_gui.learning.sampling import Example
from cnnseg_models.fcn_lite0 import FCNLite0


def batch(*seeds: int) -> tuple[torch.Tensor, torch.Tensor]:
    examples = [example(seed) for seed in seeds]
    return to_batch([(e.load(), e.mask.to_array()) for e in examples], 96)


def right(network: FCNLite0, images: torch.Tensor, target: torch.Tensor) -> float:
    """IoU of the blobs."""
    with torch.inference_mode():
        found = network.eval()(images).argmax(1) == 1
    truth = target == 1
    return float((found & truth).sum() / (found | truth).sum())


def fresh(seed: int = 0) -> Model:
    return new("fcn-lite0", CLASSES, seed)


def test_it_knows_the_blobs_of_other_images_before_the_first_step() -> None:
    network = fresh().network
    assert isinstance(network, FCNLite0)
    unseen = batch(7, 8)
    before = right(network, *unseen)
    begin_head(network, [batch(1, 2), batch(3, 4)], torch.ones(2), COMPUTE, seed=0)
    assert right(network, *unseen) > max(0.5, before + 0.2)


def test_where_nothing_is_decided_nothing_is_learnt() -> None:
    images, target = batch(1, 2)
    untaught = fresh().network
    assert isinstance(untaught, FCNLite0)
    before = {k: v.clone() for k, v in untaught.state_dict().items()}
    nothing = torch.full_like(target, UNLABELLED)
    begin_head(untaught, [(images, nothing)], torch.ones(2), COMPUTE, seed=0)
    assert all(torch.equal(v, before[k]) for k, v in untaught.state_dict().items())


@given(st.integers(0, 99), st.integers(4, 40), st.integers(4, 40))
@settings(max_examples=30, deadline=None)
def test_features_are_read_as_the_network_interpolates_them(
    seed: int, height: int, width: int
) -> None:
    """Every tap brought to full resolution, then looked up."""
    generator = torch.Generator().manual_seed(seed)
    taps = [
        torch.randn(2, 3, -(-height // s), -(-width // s), generator=generator) for s in (2, 4, 8)
    ]
    target = torch.randint(0, 3, (2, height, width), generator=generator, dtype=torch.uint8)
    target[target == 2] = UNLABELLED
    features, truth = read_pixels(taps, target, 10_000, generator)
    assert len(truth) == int((target != UNLABELLED).sum())
    whole = torch.cat(
        [F.interpolate(t, (height, width), mode="bilinear", align_corners=False) for t in taps], 1
    )
    rows = whole.permute(0, 2, 3, 1)
    for cls in (0, 1):
        expected = rows[target == cls]
        found = features[truth == cls]
        assert torch.allclose(found.sort(0)[0], expected.sort(0)[0], atol=1e-4)


def test_rare_classes_are_read_as_often_as_others() -> None:
    target = torch.zeros((1, 64, 64), dtype=torch.uint8)
    target[0, :10, :10] = 1
    _, truth = read_pixels([torch.zeros(1, 1, 32, 32)], target, 100, torch.Generator())
    assert (truth == 0).sum() == (truth == 1).sum() == 50


QUICK = Settings(patch=64)


def learn(
    model: Model, *examples: Example, steps: int = 1, checks: list[int] | None = None
) -> Model:
    def checkpoint() -> bool:
        if checks is None:
            return False
        checks[0] -= 1
        return checks[0] < 0

    return fit(
        model, examples, compute=COMPUTE, steps=steps, settings=QUICK, checkpoint=checkpoint
    ).model


def test_a_fine_tune_of_a_fresh_network_begins_so_and_that_of_a_taught_one_does_not() -> None:
    taught = learn(fresh(), example(1))
    assert isinstance(taught.network, FCNLite0)
    images, target = batch(5)
    assert right(taught.network, images, target) > 0.4
    again = learn(taught, example(1))
    assert isinstance(again.network, FCNLite0)
    mean = torch.cat([project.mean for project in taught.network.project])  # type: ignore[arg-type]
    kept = torch.cat([project.mean for project in again.network.project])  # type: ignore[arg-type]
    assert torch.equal(mean, kept)


def test_it_is_the_same_with_the_same_seed() -> None:
    one, other = (learn(fresh(), example(1), steps=2) for _ in range(2))
    assert dump(one) == dump(other)


def test_a_cancel_is_heard_while_the_head_is_fitted() -> None:
    with pytest.raises(Cancelled):
        learn(fresh(), example(1), checks=[5])


def test_the_patches_come_in_the_networks_own_number() -> None:
    assert dataclasses.replace(QUICK, batch=3).batch == 3
    assert fresh().network.batch == 2
    assert new("unet", CLASSES, 0, {"width": 4}).network.batch == 4
