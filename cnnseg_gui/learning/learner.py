"""A network that learns: its optimiser, one step of it, and what it does without memory."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.learning.augment import (
    colour_strength,
    to_batch,
    vary_colours,
    vary_imaging,
    weights_to_batch,
)
from cnnseg_gui.learning.average import Average
from cnnseg_gui.learning.begin_head import PATCHES, begin_head
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.losses import evened, segmentation_loss
from cnnseg_gui.learning.memory import (
    Effort,
    free,
    is_out_of_memory,
    lighter,
    processor,
    told,
)
from cnnseg_gui.learning.propose import legal_length
from cnnseg_gui.learning.sampling import Drawn, Sampler
from cnnseg_gui.learning.unfinished import State, Unfinished
from cnnseg_models.fcn_lite0 import FCNLite0
from cnnseg_models.segmentation import SegmentationNetwork

_T = TypeVar("_T")


@dataclass(frozen=True)
class Settings:
    """What a person need not set."""

    patch: int = 256
    """Side in pixels."""
    batch: int | None = None
    """Patches in a step; None: as many as the network says."""
    rate: float = 3e-3
    """Of AdamW, for what is not pretrained."""
    encoder_share: float = 0.1
    """Of that rate, for the pretrained encoder."""
    weight_decay: float = 1e-2
    clip: float = 1.0
    """Of the gradient's norm."""
    class_weights: Literal["balanced", "none"] = "balanced"
    """`balanced`: see there, and of patches `evened`; `none`: all pixels count alike."""
    borders: bool = False
    """The background between two close objects counts more: `core.border_weights`."""
    dice: bool = True
    """Dice beside the cross-entropy."""


class Learner:
    """Learns step by step from what a sampler draws.

    A step is taken as a whole or not at all: all memory that the optimiser needs is taken at the
    beginning. So where a step runs out of memory, the next one goes on from the weights and the
    moments of the last good one; only the norms' running statistics may have seen the failed batch.

    Args:
        network: where to begin; it is copied.
        sampler: its patches follow what memory allows.
        class_weights: float32[classes].
        random: of the colours.
        on_lightened: told in one line whatever is done with less memory.
        varied: shows patches as if taken in other ways, too: see `looks`.
        averaging: keeps a running mean of the weights, for `averaged`.
    """

    def __init__(
        self,
        network: SegmentationNetwork,
        sampler: Sampler,
        class_weights: Tensor,
        random: np.random.Generator,
        *,
        compute: Compute,
        settings: Settings,
        on_lightened: Callable[[str], None],
        varied: bool = True,
        averaging: bool = False,
    ) -> None:
        self._varied, self._viewed = varied, 0
        self._settings, self._sampler, self._random = settings, sampler, random
        self._on_lightened = on_lightened
        self._class_weights = class_weights
        batch = settings.batch or network.batch
        self._wanted = self.effort = Effort(batch, settings.patch, compute)
        self.network = copy.deepcopy(network).to(memory_format=torch.channels_last)
        self._optimiser = _optimiser(self.network, settings)
        self._mean = Average(self.network) if averaging else None
        self.measured(self._place)

    def begin(self, between: Callable[[], None]) -> None:
        """Fits a fresh network's head to a few patches, where it is one that can be fitted so.

        Args:
            between: called now and then; may raise.
        """
        network = self.network
        if not isinstance(network, FCNLite0):
            return
        sampler, batch = self._sampler, self.effort.batch
        sampler.patch = _side(self.effort.patch, network.context)
        batches = [
            self._batch([sampler.draw() for _ in range(batch)]) for _ in range(0, PATCHES, batch)
        ]
        seed = int(self._random.integers(2**31))
        self.measured(
            lambda where: begin_head(
                network, batches, self._class_weights, where, seed=seed, between=between
            )
        )

    def weigh(self, class_weights: Tensor) -> None:
        """Other class weights float32[classes] from now on."""
        self._class_weights = class_weights.to(self.compute.device)

    @property
    def compute(self) -> Compute:
        """Where it learns now."""
        return self.effort.compute

    def step(self, rate: float) -> float:
        """Learns from one batch; where memory runs out, from less of it.

        Args:
            rate: of the settings' learning rates, 0…1.

        Returns:
            The loss.

        Raises:
            RuntimeError, MemoryError: the memory is not enough for the smallest batch either.
        """
        while True:
            try:
                return self._step(rate)
            except (RuntimeError, MemoryError) as error:
                found = lighter(self.effort, self._wanted) if is_out_of_memory(error) else None
                if found is None:
                    raise
                free(error)
            effort, line = found
            self._optimiser.zero_grad()
            self._change(effort, line)

    def measured(self, measure: Callable[[Compute], _T]) -> _T:
        """What `measure` finds; where memory runs out, what it finds on the processor."""
        compute = self.compute
        try:
            return measure(compute)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or compute.device.type == "cpu":
                raise
            free(error)
        line = told(compute, "learning goes on more slowly, on the processor")
        self._change(Effort(self._wanted.batch, self._wanted.patch, processor()), line)
        return measure(self.compute)

    def averaged(self) -> SegmentationNetwork:
        """A copy on the processor, for inference; of the mean of the last weights where it is kept.

        While the rate is high, the mean is much better than any of them.
        """
        network = copy.deepcopy(self.network).to("cpu").eval()
        if self._mean is not None:
            self._mean.put_into(network)
        return network

    # ------------------------------------------------------------------ stopping and going on

    def moments(self) -> tuple[State, State]:
        """AdamW's first and second moments by the parameters' names."""
        state = self._optimiser.state
        learnt = [(n, p) for n, p in self.network.named_parameters() if p.requires_grad]
        return (
            {name: state[parameter]["exp_avg"] for name, parameter in learnt},
            {name: state[parameter]["exp_avg_sq"] for name, parameter in learnt},
        )

    def take_up(self, unfinished: Unfinished) -> None:
        """Goes on from a state that fits: see `unfinished.require_fit`."""
        self.network.load_state_dict(unfinished.weights)
        if not unfinished.means:
            return
        for own, kept in zip(self.moments(), (unfinished.means, unfinished.squares), strict=True):
            for name, value in own.items():
                value.copy_(kept[name])
        for state in self._optimiser.state.values():
            state["step"].fill_(float(unfinished.facts.step))

    # ------------------------------------------------------------------ inside

    def _step(self, rate: float) -> float:
        settings, compute, context = self._settings, self.compute, self.network.context
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        side = self._sampler.patch = _side(self.effort.patch, context)
        drawn = [self._sampler.draw() for _ in range(self.effort.batch)]
        images, target = self._batch(drawn)
        images, target = compute.place(images), compute.place(_inner(target, context))
        weights = _borders(drawn, side, context, compute.device)
        if settings.class_weights == "balanced":
            weights = evened(target) if weights is None else evened(target) * weights
        with compute.autocast():
            logits = self.network(images)
        loss = segmentation_loss(logits, target, self._class_weights, weights, dice=settings.dice)
        self._optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip)
        self._optimiser.step()
        if self._mean is not None:
            self._mean.follow(self.network)
        return float(loss.detach())

    def _batch(self, drawn: Sequence[Drawn]) -> tuple[Tensor, Tensor]:
        """Images, varied, and targets of the sampler's side, on the processor."""
        angles = [patch.angle for patch in drawn]
        images, target = to_batch([patch[:2] for patch in drawn], self._sampler.patch, angles)
        strength = colour_strength(self._sampler.decided, self._viewed)
        self._viewed += int((target != UNLABELLED).sum())
        images = vary_colours(images, self._random, strength)
        return vary_imaging(images, self._random) if self._varied else images, target

    def _change(self, effort: Effort, line: str) -> None:
        moved = effort.compute.device != self.compute.device
        self.effort = effort
        if moved:
            self._place(effort.compute)
        self._on_lightened(line)

    def _place(self, compute: Compute) -> None:
        """Brings the network, what the optimiser knows of it, and the class weights there."""
        self.network.to(compute.device)
        self._class_weights = self._class_weights.to(compute.device)
        self._optimiser.load_state_dict(self._optimiser.state_dict())  # follows its parameters


def _optimiser(network: SegmentationNetwork, settings: Settings) -> torch.optim.AdamW:
    """Two rates, and no decay of norms and biases; its moments are there from the beginning."""
    pretrained = {id(parameter) for parameter in network.encoder_parameters()}
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for parameter in network.parameters():
        key = (id(parameter) in pretrained, parameter.ndim > 1)
        groups.setdefault(key, []).append(parameter)
    optimiser = torch.optim.AdamW(
        [
            {
                "params": parameters,
                "peak": settings.rate * (settings.encoder_share if encoder else 1.0),
                "weight_decay": settings.weight_decay if decays else 0.0,
            }
            for (encoder, decays), parameters in groups.items()
        ],
        fused=True,
    )
    for parameter in network.parameters():
        if parameter.requires_grad:
            optimiser.state[parameter] = {
                "step": torch.zeros(()),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
    return optimiser


def _side(patch: int, context: int) -> int:
    """The side of what the network is shown, in pixels."""
    return legal_length(patch, context) + 2 * context


def _borders(
    drawn: Sequence[Drawn], side: int, context: int, device: torch.device
) -> Tensor | None:
    """The patches' own weights float32[N, H, W]; None where all pixels count alike."""
    maps = [patch.weights for patch in drawn if patch.weights is not None]
    if not maps:
        return None
    angles = [patch.angle for patch in drawn]
    return _inner(weights_to_batch(maps, side, angles), context).to(device)


def _inner(target: Tensor, context: int) -> Tensor:
    """[N, H, W] without `context` pixels on each side."""
    return target[:, context : target.shape[1] - context, context : target.shape[2] - context]
