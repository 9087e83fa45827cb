"""Fine-tuning on decided pixels: the one training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.learning.card import Card
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.keep import Keeper, Validation
from cnnseg_gui.learning.learner import Learner, Settings
from cnnseg_gui.learning.lessons import Lessons, balanced
from cnnseg_gui.learning.material import Material
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.revision_card import card_of
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_gui.learning.schedule import Budget
from cnnseg_gui.learning.unfinished import Facts, Unfinished

__all__ = ["Cancelled", "Fitted", "News", "Progress", "Settings", "balanced", "fit"]


class Cancelled(Exception):
    """The fine-tune was stopped as asked; the model it began from is untouched."""


DEFAULTS = Settings()

PATIENCE = 6
"""Validations without a better one, after which it ends; they take place every twentieth part."""

Make = Callable[[], Unfinished]
"""Makes the state of the fine-tune as it is now."""

Peek = Callable[[Callable[[], Model], float], None]
"""Is given what makes the model as it is now, and the seconds so far."""

News = Callable[[], Sequence[Example] | None]
"""All examples as they are now, where they have changed since it was last asked."""


@dataclass(frozen=True)
class Progress:
    """After a step; at step 0 before learning."""

    step: int
    seconds: float
    seconds_left: float
    """Until the result is there."""
    loss: float
    """NaN at step 0."""
    iou: float | None = None
    """Mean IoU on what is held out where it was just measured."""
    by_class: tuple[float, ...] = ()
    """Of each class with it; NaN where no held-out pixel has one."""


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
    peek: Peek | None = None,
    settings: Settings = DEFAULTS,
    news: News = lambda: None,
    on_material: Callable[[Material], None] = lambda material: None,
    rival: Model | None = None,
    unfinished: Unfinished | None = None,
) -> Fitted:
    """Learns from the examples that are not held out, and returns another model.

    A fresh network's head is first fitted to features of a few patches: see `begin_head`. Where
    held-out pixels say for long that nothing improves, it ends early.

    Args:
        model: where to begin; its classes are those of the masks.
        examples: those that are held out are never learnt from.
        seconds: to learn for, validation included, time spent in `checkpoint` not.
        steps: to learn for instead; on one processor the same seed then gives the same weights.
        on_progress: called before the first step and after every one.
        on_lightened: told in one line where memory ran out and it goes on with less.
        checkpoint: called between two steps; may wait while others compute. True cancels.
        keep: called after every step with what makes its state, to be kept or not.
        peek: called after every step with what makes a model of the weights' running mean, and
            the seconds so far: to propose with while learning goes on, since the weights of any
            one step are worse. The model has its parent's card.
        news: asked between two steps; brings all examples anew where more was painted, else None.
            It learns from them at once, more often where they differ. What was held out in the
            beginning stays so, and nothing else becomes so.
        on_material: told what it learns from and where: at first, and when that is another.
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
    past = unfinished.facts if unfinished else Facts(network="", classes=(), step=0, seconds=0.0)
    budget = Budget(seconds, steps, done=past.step, before=past.seconds)

    def pause() -> None:
        start = time.perf_counter()
        stop = checkpoint()
        budget.stood_aside(time.perf_counter() - start)
        if stop:
            raise Cancelled

    random, cache = np.random.default_rng([seed, past.step] if past.step else seed), PixelCache()
    stretched = model.card.stretched
    lessons = Lessons(
        examples, len(model.card.classes), cache, random, settings, stretched=stretched
    )
    learner = Learner(
        model.network,
        lessons.sampler,
        lessons.class_weights,
        random,
        compute=compute,
        settings=settings,
        on_lightened=on_lightened,
        varied=lessons.varied,
        averaging=peek is not None,
    )
    keeper = Keeper(learner.network, lessons.held_out, cache, budget, seed, stretched=stretched)

    def validate(step: int | None = None) -> float | None:
        return learner.measured(lambda where: keeper.validate(where, pause, step=step))

    def state() -> Unfinished:
        return _state(model.card, learner, keeper, budget, past)

    def snapshot() -> Model:
        return Model(learner.averaged(), model.card)

    def progress(loss: float, found: float | None) -> Progress:
        left = budget.left + budget.reserve
        by_class = () if found is None else keeper.history[-1].by_class
        return Progress(budget.done, budget.elapsed, left, loss, found, by_class)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + past.step)  # of the dropout
        found = validate(step=0)
        proposing = (
            learner.measured(lambda where: keeper.score_rival(rival, where, pause))
            if rival is not None
            else None
        )
        if unfinished is not None:
            found = _go_on(unfinished, learner, budget, validate)
        elif not model.card.steps:
            learner.begin(pause)
        on_material(Material.of(lessons, learner.compute))
        on_progress(progress(math.nan, found))
        learner.network.train()
        while budget.fraction < 1 and not improves_no_more(keeper, budget):
            pause()
            heard, where = _hear(news, lessons, learner), learner.compute
            loss = learner.step(budget.rate())
            if heard or learner.compute is not where:
                on_material(Material.of(lessons, learner.compute))
            budget.done += 1
            if not math.isfinite(loss):
                raise UserError("the loss is no longer a number", remedy="Learn again.")
            found = validate() if keeper.due else None
            on_progress(progress(loss, found))
            keep(state)
            if peek is not None:
                peek(snapshot, budget.elapsed)
    kept = keeper.restore()
    learner.measured(lambda where: keeper.calibrate(where, pause))
    card = card_of(
        model.card,
        budget=budget,
        seed=seed,
        lessons=lessons,
        keeper=keeper,
        compute=learner.compute,
        resumed=past.resumed + (unfinished is not None),
        proposing=proposing,
    )
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


def _hear(news: News, lessons: Lessons, learner: Learner) -> bool:
    """Learns from what was painted meanwhile; where nothing is left of it, from what was before.

    Returns:
        Whether that is something else now.
    """
    examples = news()
    if examples is None:
        return False
    try:
        lessons.renew(examples)
    except UserError:
        return False
    learner.weigh(lessons.class_weights)
    return True


def improves_no_more(keeper: Keeper, budget: Budget) -> bool:
    """Whether the last validations brought nothing, in the second half of the budget."""
    if keeper.kept is None or budget.fraction < 0.5:
        return False
    since = [validation for validation in keeper.history if validation.step > keeper.kept.step]
    return len(since) >= PATIENCE
