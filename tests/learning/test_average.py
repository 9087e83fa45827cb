"""The running mean of the weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from blobs import COMPUTE, example, start
from torch import nn

from cnnseg_gui.learning.average import DECAY, Average
from cnnseg_gui.learning.fit import Settings, fit
from cnnseg_gui.learning.model import Model


def test_it_is_the_mean_of_the_textbook() -> None:
    """Every value followed by hand."""
    layer, other = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 5.0)
    mean, expected = Average(layer), 5.0
    for step, value in enumerate(np.random.default_rng(0).normal(size=400), start=1):
        nn.init.constant_(layer.weight, float(value))
        mean.follow(layer)
        decay = min(DECAY, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * float(value)
    mean.put_into(other)
    assert other.weight.item() == pytest.approx(expected, abs=1e-5)


def test_what_does_not_learn_is_left_alone() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    network[0].requires_grad_(False)
    mean = Average(network)
    nn.init.zeros_(network[0].weight)
    mean.put_into(network)
    assert (network[0].weight == 0).all()


def test_a_look_at_what_is_learnt_so_far_changes_nothing_of_it() -> None:
    seen: list[Model] = []
    quick = Settings(patch=48, batch=2, rate=1e-2)
    plain, watched = (
        fit(start(), [example(1)], compute=COMPUTE, steps=6, settings=quick, peek=peek).model
        for peek in (None, lambda make, seconds: seen.append(make()))
    )
    assert len(seen) == 6
    after = watched.network.state_dict()
    assert all(torch.equal(v, after[k]) for k, v in plain.network.state_dict().items())
    assert any(not torch.equal(v, after[k]) for k, v in seen[-1].network.state_dict().items())
