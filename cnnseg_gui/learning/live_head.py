"""A network's head, fitted while a person paints: from a stroke to a proposal at once.

What is fitted are the network's own parameters. Of one that is taught the layer that scores, from
where fine-tuning left it; of a fresh one the projections too, warm from gesture to gesture. So the
head goes on from what was fine-tuned; fine-tuning of a fresh network begins with a fit of the same
kind (`begin_head`), to what is not held out.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnseg_gui.learning.begin_head import projections
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.live_features import Encoded, upsampled
from cnnseg_gui.learning.live_pixels import Sample
from cnnseg_gui.learning.model import Model
from cnnseg_models.fcn_lite0 import FCNLite0, Projection

_RATE, _DECAY = 5e-3, 1e-2  # of AdamW
_BATCH = 2048  # pixels in a step
_SCORING_STEPS = 8  # of L-BFGS: the scores are a convex problem
_HOLD = 5e-3  # how strongly the scoring layer is held where it began, beside the mean loss
_HOLD_PIXELS = 2000  # with so few pixels it is held twice as strongly
_SHARES = 1.0, 1.0, 0.7, 0.3, 0.2
"""Of each tap in random projections, from fine to coarse: a few strokes say little of places.

IoU of 40 short strokes on a picture of nuclei .63 → .68, of cracks .21 → .25.
"""
ENOUGH = 15_000
"""Sampled pixels from which on the projections are worth fitting.

Half a picture decided, the whole one proposed: nuclei .72 → .76, cracks .31 → .35; with 40 short
strokes nuclei .68 → .65, cracks .25 → .16.
"""
_VERSIONS = itertools.count()


class LiveHead:
    """The parameters, float32 on the device; the model that they are of stays as it is.

    Args:
        model: of an FCN on Lite0.
        compute: where it is fitted and read.
        seed: of the order in which pixels are learnt from.
    """

    def __init__(self, model: Model, compute: Compute, *, seed: int = 0) -> None:
        network = model.network
        assert isinstance(network, FCNLite0)
        assert network.head.bias is not None
        self.model, self._compute = model, compute
        self.projects = not model.card.steps
        """Whether the projections are fitted too."""
        self.fitted = False
        """Whether it has learnt anything that the model does not know."""
        self.version = next(_VERSIONS)
        """Of the projections: no two heads, before or after learning, have the same."""
        self._generator = torch.Generator().manual_seed(seed)
        own = projections(network)

        def placed(value: Tensor) -> Tensor:
            return value.detach().float().clone().to(compute.device)

        self._sizes = [len(project.mean) for project in own]
        self._mean = placed(torch.cat([project.mean for project in own]))
        self._deviation = placed(torch.cat([project.deviation for project in own]))
        self._weight = placed(torch.cat([p.conv.weight[:, :, 0, 0] for p in own], 1))
        self._bias = placed(torch.stack([_bias(project) for project in own]).sum(0))
        if self.projects:
            for part, share in zip(torch.split(self._weight, self._sizes, 1), _SHARES, strict=True):
                part.mul_(share)
        self._rows = placed(network.head.weight[:, :, 0, 0])
        self._offset = placed(network.head.bias)
        self._held = self._rows.clone(), self._offset.clone()
        if self.projects:  # random: nothing to be held to
            self._held = torch.zeros_like(self._rows), torch.zeros_like(self._offset)
        self._learn()

    def branch(self) -> Self:
        """Another one with the same parameters, that learns by itself."""
        other = copy.copy(self)
        for name in ("_weight", "_bias", "_rows", "_offset"):
            setattr(other, name, getattr(self, name).detach().clone())
        other._learn()
        other._optimiser.load_state_dict(copy.deepcopy(self._optimiser.state_dict()))
        return other

    def _learn(self) -> None:
        learnt = [self._weight, self._bias, self._rows, self._offset]
        self._optimiser = torch.optim.AdamW(
            [value.requires_grad_() for value in learnt], _RATE, weight_decay=_DECAY
        )

    # ------------------------------------------------------------------ learning

    def fit(self, sample: Sample) -> float:
        """Learns the scores from the sample; returns the mean loss of its pixels."""
        self.fitted = True
        with torch.no_grad():
            hidden = self._hidden(sample.features)
        return self._fit_scores(hidden.float(), sample)

    def deepen(
        self, sample: Sample, *, steps: int, stopped: Callable[[], bool] = lambda: False
    ) -> int:
        """Learns the projections from the sample, where they are fitted; then `fit` is due.

        Args:
            steps: of AdamW, at most.
            stopped: asked between two steps; True ends it.

        Returns:
            The steps taken; what `hidden` gave before them is out of date.
        """
        if not self.projects:
            return 0
        self.version = next(_VERSIONS)
        for step in range(steps):
            if stopped():
                return step
            drawn = torch.multinomial(
                sample.weights.cpu(), _BATCH, replacement=True, generator=self._generator
            ).to(sample.truth.device)
            hidden = self._hidden(sample.features[drawn]).float()
            logits = F.linear(hidden, self._rows, self._offset)
            self._optimiser.zero_grad()
            torch.autograd.backward(F.cross_entropy(logits, sample.truth[drawn]))
            self._optimiser.step()
        return steps

    def _hidden(self, features: Tensor) -> Tensor:
        """What `head` reads, [n, 64], from the features of a sample."""
        if not self.projects:
            return features
        weight, bias = self._plain()
        return F.relu(F.linear(features, weight.to(features.dtype), bias.to(features.dtype)))

    def _plain(self) -> tuple[Tensor, Tensor]:
        """The projections of features that are not standardised: [64, channels], [64]."""
        weight = self._weight / self._deviation
        return weight, self._bias - weight @ self._mean

    def _fit_scores(self, hidden: Tensor, sample: Sample) -> float:
        """L-BFGS on the scoring layer alone, held to where the model has it."""
        rows, offset = self._held
        hold = _HOLD * (1 + _HOLD_PIXELS / len(hidden))
        scoring = [self._rows, self._offset]
        optimiser = torch.optim.LBFGS(
            scoring, max_iter=_SCORING_STEPS, line_search_fn="strong_wolfe"
        )

        def loss() -> Tensor:
            logits = F.linear(hidden, self._rows, self._offset)
            if sample.fine is not None:
                logits = logits + sample.fine
            each = F.cross_entropy(logits, sample.truth, reduction="none")
            return torch.dot(each, sample.weights) / len(each)

        def closure() -> Tensor:
            optimiser.zero_grad()
            drift = (self._rows - rows).square().sum() + (self._offset - offset).square().sum()
            total = loss() + hold / 2 * drift
            torch.autograd.backward(total)
            return total

        step: Callable[[Callable[[], Tensor]], object] = optimiser.step
        step(closure)
        with torch.no_grad():
            return float(loss())

    # ------------------------------------------------------------------ reading

    @torch.no_grad()
    def hidden(self, encoded: Encoded) -> Tensor:
        """What `head` reads, [h, w, 64] at stride 2; stays true while `version` does."""
        levels = [level.permute(1, 2, 0) for level in encoded.levels]
        if not self.projects:
            return levels[0]
        weight, bias = self._plain()
        fused: Tensor | None = None
        parts = torch.split(weight, self._sizes, 1)
        for level, part in zip(reversed(levels), reversed(parts), strict=True):
            own = F.linear(level, part.to(level.dtype))
            fused = own if fused is None else own.add_(upsampled(fused, own.shape[:2]))
        assert fused is not None
        return F.relu_(fused.add_(bias.to(fused.dtype)))

    @torch.no_grad()
    def logits(self, encoded: Encoded, hidden: Tensor) -> Tensor:
        """Scores float32[K, h, w] of the pixels of the core."""
        scores = F.linear(hidden, self._rows.to(hidden.dtype), self._offset.to(hidden.dtype))
        window, core = encoded.window, encoded.core
        planes = scores.permute(2, 0, 1)[None].float().contiguous()
        whole = F.interpolate(planes, (window.height, window.width), mode="bilinear")[0]
        if encoded.fine is not None:
            whole += encoded.fine
        return whole[
            :,
            core.top - window.top : core.bottom - window.top,
            core.left - window.left : core.right - window.left,
        ]

    # ------------------------------------------------------------------ the network

    def taught_model(self) -> Model:
        """The model with what the head has learnt; its card is the model's."""
        network = copy.deepcopy(self.model.network)
        assert isinstance(network, FCNLite0)
        assert network.head.bias is not None
        with torch.no_grad():
            network.head.weight.copy_(self._rows[:, :, None, None])
            network.head.bias.copy_(self._offset)
            if self.projects:
                self._put_projections(network)
        return Model(network.eval(), self.model.card)

    def _put_projections(self, network: FCNLite0) -> None:
        own = projections(network)
        for project, weight, mean, deviation in zip(
            own,
            torch.split(self._weight, self._sizes, 1),
            torch.split(self._mean, self._sizes),
            torch.split(self._deviation, self._sizes),
            strict=True,
        ):
            project.mean.copy_(mean)
            project.deviation.copy_(deviation)
            project.conv.weight.copy_(weight[:, :, None, None])
            _bias(project).copy_(self._bias / len(own))


def goes_deeper(head: LiveHead, sample: Sample | None) -> bool:
    """Whether the sample is large enough for the head's projections to be worth fitting."""
    return head.projects and sample is not None and len(sample.truth) >= ENOUGH


def _bias(project: Projection) -> Tensor:
    assert project.conv.bias is not None
    return project.conv.bias
