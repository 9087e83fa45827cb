"""Fine-tuning on decided pixels: the one training loop."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.learning.augment import to_batch, vary_colours, weights_to_batch
from cnnseg_gui.learning.borders import BorderMaps
from cnnseg_gui.learning.card import Card
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.keep import Keeper, Validation
from cnnseg_gui.learning.losses import segmentation_loss
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.propose import legal_length
from cnnseg_gui.learning.sampling import Drawn, Example, PixelCache, Sampler
from cnnseg_gui.learning.schedule import Budget
from cnnseg_models.segmentation import SegmentationNetwork


class Cancelled(Exception):
    """The fine-tune was stopped as asked; the model it began from is untouched."""


@dataclass(frozen=True)
class Settings:
    """What a person need not set."""

    patch: int = 256
    """Side in pixels."""
    batch: int = 4
    rate: float = 3e-3
    """Of AdamW, for what is not pretrained."""
    encoder_share: float = 0.1
    """Of that rate, for the pretrained encoder."""
    weight_decay: float = 1e-2
    clip: float = 1.0
    """Of the gradient's norm."""
    class_weights: Literal["balanced", "none"] = "balanced"
    """`balanced`: see there; `none`: every pixel counts as its neighbour does."""
    borders: bool = False
    """The background between two close objects counts more: `core.border_weights`."""
    dice: bool = True
    """Dice beside the cross-entropy."""


DEFAULTS = Settings()


@dataclass(frozen=True)
class Progress:
    """After a step."""

    step: int
    seconds: float
    seconds_left: float
    loss: float
    iou: float | None = None
    """Mean IoU on the held-out images where it was just measured; at step 0 before learning."""


@dataclass(frozen=True)
class Fitted:
    """The outcome."""

    model: Model
    """The best by held-out IoU where there are held-out images, else the last."""
    history: tuple[Validation, ...]
    """From before the first step to after the last; empty where nothing is held out."""
    steps: int
    seconds: float
    kept: int
    """The step whose weights `model` has; 0 where learning made it no better."""


def fit(
    model: Model,
    examples: Sequence[Example],
    *,
    compute: Compute,
    seconds: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    checkpoint: Callable[[], bool] = lambda: False,
    settings: Settings = DEFAULTS,
    rival: Model | None = None,
) -> Fitted:
    """Learns from the examples that are not held out, and returns another model.

    Args:
        model: where to begin; its classes are those of the masks.
        examples: those that are held out are never learnt from.
        seconds: to learn for, validation included, time spent in `checkpoint` not.
        steps: to learn for instead; on one processor the same seed then gives the same weights.
        on_progress: called before the first step and after every one.
        checkpoint: called between two steps; may wait while others compute. True cancels.
        rival: the model that proposes meanwhile, where it is another one: scored on the same
            held-out pixels, for the card.

    Raises:
        Cancelled: `checkpoint` said so.
        UserError: nothing to learn from, or the loss is no longer a number.
        ValueError: neither or both of seconds and steps, or a mask with a class too many.
    """
    taught = [e for e in examples if not e.held_out and e.mask.counts().any()]
    counts = _decided(taught, len(model.card.classes))
    budget = Budget(seconds, steps)

    def pause() -> None:
        start = time.perf_counter()
        stop = checkpoint()
        budget.stood_aside(time.perf_counter() - start)
        if stop:
            raise Cancelled

    network = copy.deepcopy(model.network).to(compute.device)
    network.to(memory_format=torch.channels_last)
    side = legal_length(settings.patch, network.context) + 2 * network.context
    random, cache = np.random.default_rng(seed), PixelCache()
    borders = BorderMaps() if settings.borders else None
    sampler = Sampler(taught, cache, random, patch=side, borders=borders)
    optimiser = _optimiser(network, settings)
    plain = settings.class_weights == "none"
    class_weights = (torch.ones(len(counts)) if plain else balanced(counts)).to(compute.device)
    held_out = [example for example in examples if example.held_out]
    keeper = Keeper(network, held_out, cache, compute, budget, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # of the dropout
        found = keeper.validate(pause)
        proposing = keeper.score_rival(rival.network, pause) if rival is not None else None
        on_progress(Progress(0, budget.elapsed, budget.left, math.nan, found))
        network.train()
        while budget.fraction < 1:
            pause()
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * budget.rate()
            drawn = [sampler.draw() for _ in range(settings.batch)]
            images, target = to_batch([patch[:2] for patch in drawn], side)
            images = compute.place(vary_colours(images, random))
            target = compute.place(_inner(target, network.context))
            weights = _weights(drawn, side, network.context, compute.device)
            with compute.autocast():
                logits = network(images)
            loss = segmentation_loss(logits, target, class_weights, weights, dice=settings.dice)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimiser.step()
            budget.done += 1
            value = float(loss.detach())
            if not math.isfinite(value):
                raise UserError("the loss is no longer a number", remedy="Learn again.")
            found = keeper.validate(pause) if keeper.due else None
            on_progress(Progress(budget.done, budget.elapsed, budget.left, value, found))
    kept = keeper.restore()
    card = _card(model.card, budget, seed, counts, len(taught), len(held_out), keeper)
    if proposing is not None:
        metrics = {**card.metrics, "iou_proposing": proposing}
        card = msgspec.structs.replace(card, metrics=metrics)
    return Fitted(
        Model(network.to("cpu").eval(), card),
        tuple(keeper.history),
        budget.done,
        budget.elapsed,
        kept,
    )


def balanced(counts: npt.NDArray[np.int64]) -> Tensor:
    """Class weights float32[classes]: the inverse square root of their share, 1 on average.

    Args:
        counts: decided pixels by class; a class without any weighs nothing.
    """
    shares = torch.from_numpy(counts / counts.sum()).float()
    weights = torch.where(shares > 0, shares.clamp_min(1e-6).rsqrt(), 0.0)
    return weights / (weights * shares).sum()


def _decided(taught: Sequence[Example], classes: int) -> npt.NDArray[np.int64]:
    """Decided pixels by class, int64[classes].

    Raises:
        UserError: there are none, or they are all of one class.
    """
    counts = sum((example.mask.counts() for example in taught), np.zeros(256, np.int64))
    if counts[classes:].any():
        raise ValueError(f"a mask with a class beyond {classes - 1}")
    if not counts.any():
        raise UserError(
            "there is nothing to learn from yet",
            remedy="Paint on an image that is not held out, with at least two classes.",
        )
    if np.count_nonzero(counts) == 1:
        raise UserError(
            "all painted pixels are of one class",
            remedy="Paint a little of another class too, e.g. a stroke of background.",
        )
    return counts[:classes]


def _optimiser(network: SegmentationNetwork, settings: Settings) -> torch.optim.AdamW:
    """Two rates, and no decay of norms and biases."""
    pretrained = {id(parameter) for parameter in network.encoder_parameters()}
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for parameter in network.parameters():
        key = (id(parameter) in pretrained, parameter.ndim > 1)
        groups.setdefault(key, []).append(parameter)
    return torch.optim.AdamW(
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


def _weights(
    drawn: Sequence[Drawn], side: int, context: int, device: torch.device
) -> Tensor | None:
    """How much each pixel of the target counts, float32[N, H, W]; None where all count alike."""
    maps = [patch.weights for patch in drawn if patch.weights is not None]
    return _inner(weights_to_batch(maps, side), context).to(device) if maps else None


def _inner(target: Tensor, context: int) -> Tensor:
    """[N, H, W] without `context` pixels on each side."""
    return target[:, context : target.shape[1] - context, context : target.shape[2] - context]


def _card(
    parent: Card,
    budget: Budget,
    seed: int,
    counts: npt.NDArray[np.int64],
    taught: int,
    held_out: int,
    keeper: Keeper,
) -> Card:
    metrics = {}
    if keeper.kept is not None:
        metrics = {"iou_before": keeper.history[0].iou, "iou": keeper.kept.iou}
    return msgspec.structs.replace(
        parent,
        name="",
        sha256="",
        parent=parent.sha256 or parent.parent,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        steps=budget.done,
        seconds=round(budget.elapsed, 1),
        images=taught,
        held_out=held_out,
        decided={n: int(c) for n, c in zip(parent.classes, counts, strict=True)},
        metrics=metrics,
    )
