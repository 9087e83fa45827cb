"""Scoring a network on the decided pixels of held-out images."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels
from cnnseg_gui.core.metrics import Confusion, confusion_matrix
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.model import prepare
from cnnseg_gui.learning.propose import WHOLE, crop, infer, legal_length
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_models.segmentation import SegmentationNetwork

_BLOCK = 512
_AROUND = 64  # pixels of the image round a block, so that its border is seen in context
_MOST = 32  # windows: a validation stays a matter of seconds


@dataclass(frozen=True)
class Window:
    """A part of a held-out image, scored in one go."""

    example: Example
    rect: Rect


def choose_windows(held_out: Sequence[Example], seed: int) -> list[Window]:
    """What to validate on: small images whole, of large ones the blocks with decided pixels.

    In random order, the same for the same seed, so that the first few stand for all.
    """
    windows = [Window(example, rect) for example in held_out for rect in _blocks(example)]
    order = np.random.default_rng(seed).permutation(len(windows))
    return [windows[index] for index in order[:_MOST]]


def score(
    network: SegmentationNetwork,
    windows: Sequence[Window],
    cache: PixelCache,
    compute: Compute,
    between: Callable[[], None],
    limit: float | None = None,
) -> tuple[Confusion, int]:
    """The confusion matrix, and the number of windows it is from.

    Args:
        network: in training or not; it is left as it is.
        between: called before every window; may raise to end it.
        limit: no window is begun after so many seconds, but for the first; None: all are done.
    """
    start = time.perf_counter()
    classes = network.classes
    ready = prepare(network, compute)
    total, done = np.zeros((classes, classes), np.int64), 0
    for window in windows:
        between()
        truth = window.example.mask.read(window.rect)
        predicted = _predict(ready, cache.get(window.example), window.rect, compute)
        total += confusion_matrix(truth, predicted, classes)
        done += 1
        if limit is not None and time.perf_counter() - start > limit:
            break
    return total, done


def _blocks(example: Example) -> list[Rect]:
    decided = [
        cell_rect(*cell, TILE) for cell, tile in example.mask.tiles() if (tile != UNLABELLED).any()
    ]
    if decided and max(example.mask.shape) <= WHOLE:
        return [example.mask.bounds]
    blocks = {cell for rect in decided for cell in rect.cells(_BLOCK)}
    return [cell_rect(*block, _BLOCK).clipped(example.mask.shape) for block in sorted(blocks)]


def _predict(ready: SegmentationNetwork, pixels: Pixels, rect: Rect, compute: Compute) -> Pixels:
    """Classes uint8[h, w] of a rectangle of an image."""
    seen = rect.inflated(_AROUND).clipped(pixels.shape[:2])
    height, width = (legal_length(side, ready.context) for side in (seen.height, seen.width))
    window = Rect(seen.top, seen.left, seen.top + height, seen.left + width)
    logits = infer(ready, crop(pixels, window.inflated(ready.context)), compute)
    top, left = rect.top - seen.top, rect.left - seen.left
    part = logits[:, top : top + rect.height, left : left + rect.width]
    return part.argmax(0).numpy().astype(np.uint8)
