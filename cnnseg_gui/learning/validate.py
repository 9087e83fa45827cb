"""Scoring a network on the decided pixels of held-out images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels
from cnnseg_gui.core.metrics import Confusion, confusion_matrix
from cnnseg_gui.core.promotion import FEWEST, Over
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.learning.calibrate import Logits, Truth
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.hold_out import CELL, TilesOf
from cnnseg_gui.learning.model import prepare
from cnnseg_gui.learning.propose import WHOLE, infer, legal_length
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


@dataclass(frozen=True)
class Evidence:
    """Confusion matrices int64[n, classes, classes] of what was held out, one for each unit."""

    over: Over
    keys: tuple[str, ...]
    """The image of each unit."""
    confusions: Confusion

    @property
    def total(self) -> Confusion:
        """Of all units, int64[classes, classes]."""
        total: Confusion = self.confusions.sum(0)
        return total

    def by_image(self) -> dict[str, Confusion]:
        """Of each image, int64[classes, classes]."""
        found: dict[str, Confusion] = {}
        for key, confusion in zip(self.keys, self.confusions, strict=True):
            found[key] = found[key] + confusion if key in found else confusion
        return found


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
    *,
    stretched: bool = False,
) -> tuple[Confusion, int]:
    """The confusion matrix of all windows, and their number: as `score_apart`."""
    evidence, done = score_apart(
        network, windows, cache, compute, between, limit, stretched=stretched
    )
    return evidence.total, done


def score_apart(
    network: SegmentationNetwork,
    windows: Sequence[Window],
    cache: PixelCache,
    compute: Compute,
    between: Callable[[], None],
    limit: float | None = None,
    *,
    stretched: bool = False,
) -> tuple[Evidence, int]:
    """The confusion matrix of each unit, and the number of windows they are from.

    A unit is an image; where there are too few of them, or only tiles of images that are learnt
    from, it is a tile. The same windows always give the same units in the same order.

    Args:
        network: in training or not; it is left as it is.
        between: called before every window; may raise to end it, and may wait.
        limit: no window is begun after so many seconds, once those done tell anything; None: all
            are done.
        stretched: as the network's `Card.stretched`.
    """
    spent = 0.0
    classes = network.classes
    ready = prepare(network, compute)
    tiles: dict[tuple[str, Rect], Confusion] = {}
    done = 0
    for window in windows:
        between()
        start = time.perf_counter()
        key = window.example.key
        truth = window.example.mask.read(window.rect)
        logits = _logits(ready, window, cache, compute, stretched=stretched)
        predicted: Pixels = logits.argmax(0).byte().numpy()
        for tile in _tiles(window.rect):
            part = _inside(tile, window.rect)
            found = confusion_matrix(truth[part], predicted[part], classes)
            name = key, tile
            tiles[name] = tiles[name] + found if name in tiles else found
        done += 1
        spent += time.perf_counter() - start
        if limit is not None and spent > limit and _tells(tiles, windows):
            break
    return _evidence(tiles, _unit(windows[:done]), classes), done


def _tells(tiles: Mapping[tuple[str, Rect], Confusion], windows: Sequence[Window]) -> bool:
    """Whether there are pixels of two classes, of as many images as a verdict asks for."""
    wanted = min(FEWEST["images"], len({window.example.key for window in windows}))
    present = sum(tiles.values(), np.zeros(1, np.int64)).sum(1) > 0
    return len({key for key, _ in tiles}) >= wanted and int(np.count_nonzero(present)) > 1


def _evidence(tiles: Mapping[tuple[str, Rect], Confusion], over: Over, classes: int) -> Evidence:
    """Of each tile with decided pixels, or of all tiles of each image."""
    units: dict[object, tuple[str, Confusion]] = {}
    for (key, tile), found in tiles.items():
        name = (key, tile) if over == "tiles" else key
        if name in units:
            units[name] = key, units[name][1] + found
        elif over == "images" or found.any():
            units[name] = key, found
    none = np.zeros((0, classes, classes), np.int64)
    confusions = np.stack([found for _, found in units.values()]) if units else none
    return Evidence(over, tuple(key for key, _ in units.values()), confusions)


def held_out_logits(
    network: SegmentationNetwork,
    windows: Sequence[Window],
    cache: PixelCache,
    compute: Compute,
    between: Callable[[], None],
    *,
    most: int,
    seed: int,
    stretched: bool = False,
) -> tuple[Logits, Truth]:
    """Logits float32[n, classes] and classes uint8[n] of decided pixels, drawn from all windows.

    Args:
        most: pixels in all.
        between, stretched: as in `score_apart`.
    """
    random = np.random.default_rng(seed)
    ready = prepare(network, compute)
    all_logits, all_truth = [np.zeros((0, network.classes), np.float32)], [np.zeros(0, np.uint8)]
    for window in windows:
        between()
        truth = window.example.mask.read(window.rect)
        places = np.flatnonzero(truth != UNLABELLED)
        share = max(1, most // len(windows))
        places = random.choice(places, min(share, len(places)), replace=False)
        logits = _logits(ready, window, cache, compute, stretched=stretched)
        all_logits.append(logits.flatten(1)[:, places].T.numpy())
        all_truth.append(truth.ravel()[places])
    return np.concatenate(all_logits), np.concatenate(all_truth)


def _unit(windows: Sequence[Window]) -> Over:
    parts = any(isinstance(window.example, TilesOf) for window in windows)
    few = len({window.example.key for window in windows}) < FEWEST["images"]
    return "tiles" if parts or few else "images"


def _tiles(rect: Rect) -> Iterator[Rect]:
    for cell in rect.cells(CELL):
        yield cell_rect(*cell, CELL).intersection(rect)


def _inside(part: Rect, whole: Rect) -> tuple[slice, slice]:
    """Slices of a part in an array of the whole."""
    return (
        slice(part.top - whole.top, part.bottom - whole.top),
        slice(part.left - whole.left, part.right - whole.left),
    )


def _blocks(example: Example) -> list[Rect]:
    decided = [
        cell_rect(*cell, TILE) for cell, tile in example.mask.tiles() if (tile != UNLABELLED).any()
    ]
    if decided and max(example.mask.shape) <= WHOLE:
        return [example.mask.bounds]
    blocks = {cell for rect in decided for cell in rect.cells(_BLOCK)}
    return [cell_rect(*block, _BLOCK).clipped(example.mask.shape) for block in sorted(blocks)]


def _logits(
    ready: SegmentationNetwork,
    wanted: Window,
    cache: PixelCache,
    compute: Compute,
    *,
    stretched: bool,
) -> Tensor:
    """Logits float32[classes, h, w] of a window."""
    rect = wanted.rect
    seen = rect.inflated(_AROUND).clipped(wanted.example.mask.shape)
    height, width = (legal_length(side, ready.context) for side in (seen.height, seen.width))
    window = Rect(seen.top, seen.left, seen.top + height, seen.left + width)
    pixels = cache.seen(wanted.example, window.inflated(ready.context), stretched=stretched)
    logits = infer(ready, pixels, compute)
    top, left = rect.top - seen.top, rect.left - seen.left
    return logits[:, top : top + rect.height, left : left + rect.width]
