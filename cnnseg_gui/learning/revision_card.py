"""The card of what a fine-tune made."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np

from cnnseg_gui.learning.card import Card, Point
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.hold_out import TilesOf
from cnnseg_gui.learning.keep import Keeper
from cnnseg_gui.learning.lessons import Lessons
from cnnseg_gui.learning.schedule import Budget


def card_of(
    parent: Card,
    *,
    budget: Budget,
    seed: int,
    lessons: Lessons,
    keeper: Keeper,
    compute: Compute,
    resumed: int,
    proposing: float | None,
) -> Card:
    """What was done, from what, and what held-out pixels say of it.

    Args:
        parent: the card of what it began from.
        resumed: how often it was gone on with.
        proposing: mean IoU of what proposes meanwhile, where that is another model.
    """
    held_out = [e for e in lessons.held_out if not isinstance(e, TilesOf)]
    metrics = {}
    if keeper.kept is not None:
        metrics = {
            "iou_before": keeper.history[0].iou,
            "iou": keeper.kept.iou,
            "kept_step": keeper.kept.step,
        }
    if proposing is not None:
        metrics["iou_proposing"] = proposing
    card = msgspec.structs.replace(
        parent,
        name="",
        sha256="",
        parent=parent.sha256 or parent.parent,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        steps=budget.done,
        seconds=round(budget.elapsed, 1),
        resumed=resumed,
        device=compute.name,
        precision=compute.trains_in,
        images=len(lessons.taught),
        held_out=len(held_out),
        decided={n: int(c) for n, c in zip(parent.classes, lessons.counts, strict=True)},
        metrics=metrics,
        curve=_curve(parent.classes, keeper),
    )
    return keeper.noted(card)


def _curve(classes: tuple[str, ...], keeper: Keeper) -> tuple[Point, ...]:
    return tuple(
        Point(
            step=one.step,
            seconds=round(one.seconds, 1),
            iou=round(one.iou, 5),
            by_class={
                name: round(value, 5)
                for name, value in zip(classes, one.by_class, strict=True)
                if np.isfinite(value)
            },
        )
        for one in keeper.history
    )
