"""Fine-tuning on decided pixels: the one training loop."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.learning.borders import BorderMaps
from cnnseg_gui.learning.card import Card
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.hold_out import TilesOf
from cnnseg_gui.learning.keep import Keeper, Validation
from cnnseg_gui.learning.learner import Learner, Settings
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.sampling import Example, PixelCache, Sampler
from cnnseg_gui.learning.schedule import Budget
from cnnseg_gui.learning.unfinished import Facts, Unfinished

__all__ = ["Cancelled", "Fitted", "Progress", "Settings", "balanced", "fit"]


class Cancelled(Exception):
    """The fine-tune was stopped as asked; the model it began from is untouched."""


DEFAULTS = Settings()

Make = Callable[[], Unfinished]
"""Makes the state of the fine-tune as it is now."""


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
    on_lightened: Callable[[str], None] = lambda line: None,
    checkpoint: Callable[[], bool] = lambda: False,
    keep: Callable[[Make], None] = lambda make: None,
    peek: Callable[[Callable[[], Model], float], None] = lambda make, seconds: None,
    settings: Settings = DEFAULTS,
    rival: Model | None = None,
    unfinished: Unfinished | None = None,
) -> Fitted:
    """Learns from the examples that are not held out, and returns another model.

    Args:
        model: where to begin; its classes are those of the masks.
        examples: those that are held out are never learnt from.
        seconds: to learn for, validation included, time spent in `checkpoint` not.
        steps: to learn for instead; on one processor the same seed then gives the same weights.
        on_progress: called before the first step and after every one.
        on_lightened: told in one line where memory ran out and it goes on with less.
        checkpoint: called between two steps; may wait while others compute. True cancels.
        keep: called after every step with what makes its state, to be kept or not.
        peek: called after every step with what makes the model as it is now, and the seconds so
            far: to propose with while learning goes on. The model has its parent's card.
        rival: the model that proposes meanwhile, where it is another one: scored on the same
            held-out pixels, for the card.
        unfinished: goes on from here, with what is left of the budget. It must fit: see
            `unfinished.require_fit`.

    Raises:
        Cancelled: `checkpoint` said so.
        UserError: nothing to learn from, or the loss is no longer a number.
        RuntimeError, MemoryError: the memory is not enough, not even with less of everything.
        ValueError: neither or both of seconds and steps, or a mask with a class too many.
    """
    taught = [e for e in examples if not e.held_out and e.mask.counts().any()]
    counts = _decided(taught, len(model.card.classes))
    past = unfinished.facts if unfinished else Facts(network="", classes=(), step=0, seconds=0.0)
    budget = Budget(seconds, steps, done=past.step, before=past.seconds)

    def pause() -> None:
        start = time.perf_counter()
        stop = checkpoint()
        budget.stood_aside(time.perf_counter() - start)
        if stop:
            raise Cancelled

    random, cache = np.random.default_rng([seed, past.step] if past.step else seed), PixelCache()
    borders = BorderMaps() if settings.borders else None
    plain = settings.class_weights == "none"
    learner = Learner(
        model.network,
        Sampler(taught, cache, random, patch=settings.patch, borders=borders),
        torch.ones(len(counts)) if plain else balanced(counts),
        random,
        compute=compute,
        settings=settings,
        on_lightened=on_lightened,
    )
    held_out = [example for example in examples if example.held_out]
    keeper = Keeper(learner.network, held_out, cache, budget, seed)

    def validate(step: int | None = None) -> float | None:
        return learner.measured(lambda where: keeper.validate(where, pause, step=step))

    def state() -> Unfinished:
        return _state(model.card, learner, keeper, budget, past)

    def snapshot() -> Model:
        return Model(copy.deepcopy(learner.network).to("cpu").eval(), model.card)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + past.step)  # of the dropout
        found = validate(step=0)
        proposing = (
            learner.measured(lambda where: keeper.score_rival(rival.network, where, pause))
            if rival is not None
            else None
        )
        if unfinished is not None:
            found = _go_on(unfinished, learner, budget, validate)
        on_progress(Progress(budget.done, budget.elapsed, budget.left, math.nan, found))
        learner.network.train()
        while budget.fraction < 1:
            pause()
            loss = learner.step(budget.rate())
            budget.done += 1
            if not math.isfinite(loss):
                raise UserError("the loss is no longer a number", remedy="Learn again.")
            found = validate() if keeper.due else None
            on_progress(Progress(budget.done, budget.elapsed, budget.left, loss, found))
            keep(state)
            peek(snapshot, budget.elapsed)
    kept = keeper.restore()
    learner.measured(lambda where: keeper.calibrate(where, pause))
    whole = [example for example in held_out if not isinstance(example, TilesOf)]
    card = _card(model.card, budget, seed, counts, len(taught), len(whole), keeper)
    card = msgspec.structs.replace(card, resumed=past.resumed + (unfinished is not None))
    if proposing is not None:
        metrics = {**card.metrics, "iou_proposing": proposing}
        card = msgspec.structs.replace(card, metrics=metrics)
    card = keeper.noted(card)
    return Fitted(
        Model(learner.network.to("cpu").eval(), card),
        tuple(keeper.history),
        budget.done,
        budget.elapsed,
        kept,
    )


def _go_on(
    unfinished: Unfinished,
    learner: Learner,
    budget: Budget,
    validate: Callable[[int | None], float | None],
) -> float | None:
    """Takes up the state, scored anew on what is held out now; that costs nothing of the budget.

    Returns:
        Mean IoU of the weights it goes on from; None where nothing is held out.
    """
    start = budget.elapsed
    if unfinished.best:
        learner.network.load_state_dict(unfinished.best)
        validate(unfinished.facts.best_step)
    learner.take_up(unfinished)
    found = validate(None)
    budget.stood_aside(budget.elapsed - start)
    return found


def _state(card: Card, learner: Learner, keeper: Keeper, budget: Budget, past: Facts) -> Unfinished:
    best = keeper.best
    learnt = best is not None and best[0] > 0
    means, squares = learner.moments()
    facts = Facts(
        network=card.network,
        classes=card.classes,
        step=budget.done,
        seconds=budget.elapsed,
        best_step=best[0] if best is not None and learnt else None,
        resumed=past.resumed + (past.step > 0),
    )
    weights = learner.network.state_dict()
    return Unfinished(facts, weights, best[1] if best and learnt else {}, means, squares)


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
