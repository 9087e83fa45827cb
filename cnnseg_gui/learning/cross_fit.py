"""A look at every mask by a network that was not taught it: two halves, each by the other's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnnseg_gui.core.contradictions import Contradiction, Dismissed, contradictions
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.fit import DEFAULTS, Cancelled, Progress, Settings, fit
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.propose import propose
from cnnseg_gui.learning.sampling import Example

FEWEST_IMAGES = 2


def halves(keys: Sequence[str]) -> tuple[set[str], set[str]]:
    """Two halves by chance, the same for the same keys in any order."""
    ordered = sorted(set(keys), key=lambda key: hashlib.blake2b(key.encode()).digest())
    return set(ordered[::2]), set(ordered[1::2])


def cross_fitted(
    model: Model,
    examples: Sequence[Example],
    *,
    compute: Compute,
    seconds: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    settings: Settings = DEFAULTS,
    dismissed: Mapping[str, Sequence[Dismissed]] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    checkpoint: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[str, list[Contradiction]]]:
    """What contradicts each image's mask: its key, and the regions, the weightiest first.

    A half is taught, the other one chooses among its states and calibrates its confidence; then it
    is proposed for. Images of one group of near-duplicates are best given as one half.

    Args:
        model: where both begin; one that was taught none of the images, such as a starter.
        examples: held out or not; all are looked at.
        seconds: for each half; or steps.
        dismissed: what is not to be shown again, by the images' keys.
        on_progress, checkpoint: see `fit`.

    Raises:
        Cancelled: `checkpoint` said so.
        UserError: fewer than two images, or a half with nothing to learn from.
    """
    decided = [example for example in examples if example.mask.counts().any()]
    if len({example.key for example in decided}) < FEWEST_IMAGES:
        raise UserError(
            "one image alone cannot be checked by others", remedy="Paint on a second one."
        )
    for looked_at in halves([example.key for example in decided]):
        parts = [replace(example, held_out=example.key in looked_at) for example in decided]
        fitted = fit(
            model,
            parts,
            compute=compute,
            seconds=seconds,
            steps=steps,
            seed=seed,
            settings=settings,
            on_progress=on_progress,
            checkpoint=checkpoint,
        )
        for example in parts:
            if example.held_out:
                proposal = _proposal(fitted.model, example, compute, checkpoint)
                known = (dismissed or {}).get(example.key, ())
                mask = example.mask.read(example.mask.bounds)
                yield example.key, contradictions(mask, *proposal, dismissed=known)


def _proposal(
    model: Model, example: Example, compute: Compute, checkpoint: Callable[[], bool]
) -> tuple[Pixels, Pixels]:
    """Classes and confidence, uint8[H, W] each."""
    classes, confidence = (np.zeros(example.mask.shape, np.uint8) for _ in "ab")
    stopped = False

    def stop() -> bool:
        nonlocal stopped
        stopped = stopped or checkpoint()
        return stopped

    def take(rect: Rect, found: Pixels, sure: Pixels) -> None:
        classes[rect.slices], confidence[rect.slices] = found, sure

    propose(model, example.load(), compute, on_region=take, checkpoint=stop)
    if stopped:
        raise Cancelled
    return classes, confidence
