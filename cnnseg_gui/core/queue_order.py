"""In which order images are worth correcting: what a second of work is expected to teach."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RANDOM_EVERY = 8
"""One image of so many is drawn at random: what is held out among them tells of all images."""

LOOK_S = 5.0
"""Seconds to look at an image on which nothing is wrong."""
PIXELS_PER_S = 2000.0
"""Corrected by a brush of a few pixels' width at 400 pixels a second, see `tests/bench`."""

_LEAST = 0.02  # of a factor: one that is nothing must not hide the others
_MOST_SEEN = 512  # images that have been worked on, compared with
_NEAR_TOP = 64  # places for which images that are alike are spread
_ROWS = 4096  # compared at once

_Floats = npt.NDArray[np.float32]
_Ids = npt.NDArray[np.int64]

_UNCERTAIN, _DISAGREED, _NOVEL, _QUICK, _RANDOM = range(5)


@dataclass(frozen=True)
class Doubts:
    """What is known of n images that nobody has approved; NaN where it is not."""

    ids: _Ids
    """int64[n]."""
    uncertainty: _Floats
    """float32[n], 0…1: the mean of 1 − confidence."""
    disagreement: _Floats
    """float32[n], 0…1: the share of pixels that the last two revisions propose otherwise."""
    pixels: _Floats
    """float32[n]: expected to be corrected."""
    embeddings: npt.NDArray[np.float16]
    """float16[n, d]: what the encoder sees in each; a row of zeros or NaN is not known."""


@dataclass(frozen=True)
class Queue:
    """Images in the order of what they teach in a second."""

    ids: _Ids
    gains: _Floats
    """Expected, per second of work; for comparison only."""
    random: npt.NDArray[np.bool_]
    """Drawn at random, so that the score stays fair."""
    _why: npt.NDArray[np.int8]
    _doubts: Doubts
    _rows: _Ids

    def brief(self, place: int) -> str:
        """The same as `reason`, for a narrow row of a list."""
        row = int(self._rows[place])
        match int(self._why[place]):
            case why if why == _RANDOM:
                return "at random"
            case why if why == _DISAGREED:
                return f"{float(self._doubts.disagreement[row]):.0%} disagreed on"
            case why if why == _NOVEL:
                return "unlike the others"
            case why if why == _UNCERTAIN:
                return f"{1 - float(self._doubts.uncertainty[row]):.0%} sure"
            case _:
                return "quickly corrected"

    def reason(self, place: int) -> str:
        """Why the image at a place of the queue stands there, in words."""
        row = int(self._rows[place])
        doubts = self._doubts
        match int(self._why[place]):
            case why if why == _RANDOM:
                return "drawn at random, so that the score stays fair"
            case why if why == _DISAGREED:
                share = float(doubts.disagreement[row])
                return f"the last two revisions disagree on {share:.0%} of it"
            case why if why == _NOVEL:
                return "unlike what was corrected so far"
            case why if why == _UNCERTAIN:
                return f"uncertain: {1 - float(doubts.uncertainty[row]):.0%} sure on average"
            case _:
                return "quickly corrected"


def queue_order(
    doubts: Doubts,
    seen: npt.NDArray[np.float16],
    *,
    seed: int = 0,
    pixels_per_s: float = PIXELS_PER_S,
) -> Queue:
    """Orders images by uncertainty × disagreement × novelty ÷ seconds to correct.

    What is not known of an image counts as the median of the others. Every eighth place has the
    next image of an order that depends on the seed and the image's number alone.

    Args:
        seen: float16[m, d], the embeddings of images that have been worked on; of another length
            than the doubts', as where none of these is known, they tell nothing.
    """
    count = len(doubts.ids)
    units = _unit(doubts.embeddings)
    novelty = _novelty(units, _unit(seen), seed)
    seconds = LOOK_S + _known(doubts.pixels, 0.0) / pixels_per_s
    factors = np.stack(
        [
            _factor(doubts.uncertainty),
            _factor(doubts.disagreement),
            _factor(novelty),
            (1 / seconds).astype(np.float32),
        ]
    )
    gains = factors.prod(0)
    best = np.lexsort((doubts.ids, -gains))
    best = _spread(best, gains, units)
    rows, random = _with_random(best, _shuffled(doubts.ids, seed))
    typical = np.median(factors, axis=1, keepdims=True) if count else np.ones((4, 1))
    why = (factors / typical).argmax(0).astype(np.int8)[rows]
    why[random] = _RANDOM
    return Queue(doubts.ids[rows], gains[rows], random, why, doubts, rows)


def _known(values: _Floats, default: float) -> _Floats:
    """Values without NaN: the median of the others stands for them."""
    finite = np.isfinite(values)
    middle = float(np.median(values[finite])) if finite.any() else default
    return np.where(finite, values, np.float32(middle)).astype(np.float32)


def _factor(values: _Floats) -> _Floats:
    return np.maximum(_known(values, 1.0), np.float32(_LEAST))


def _unit(embeddings: npt.NDArray[np.float16]) -> _Floats:
    """float32[n, d] of length 1; rows that are not known stay zero."""
    unit = np.zeros(embeddings.shape, np.float32)
    known = np.flatnonzero(embeddings.any(1))  # few of many images, as a rule
    rows = np.nan_to_num(embeddings[known].astype(np.float32), posinf=0, neginf=0)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit[known] = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return unit


def _novelty(units: _Floats, seen: _Floats, seed: int) -> _Floats:
    """float32[n], 0…1: half the cosine's distance to the nearest image seen; NaN: not known."""
    seen = seen[seen.any(1)]
    if len(seen) > _MOST_SEEN:
        seen = seen[np.random.default_rng(seed).choice(len(seen), _MOST_SEEN, replace=False)]
    out = np.full(len(units), np.nan, np.float32)
    if not len(seen) or seen.shape[1] != units.shape[1]:  # none of these is known, or another's
        return out
    for start in range(0, len(units), _ROWS):
        part = units[start : start + _ROWS]
        nearest = (part @ seen.T).max(1)
        out[start : start + _ROWS] = np.where(part.any(1), (1 - nearest) / 2, np.nan)
    return np.clip(out, 0, 1)


def _spread(order: _Ids, gains: _Floats, units: _Floats) -> _Ids:
    """Among the first places, an image like one before it counts for less.

    One of the best is taken, the others' gains are multiplied by half the cosine's distance to it
    at most, and so on: otherwise the queue begins with many pictures of the same.
    """
    top = order[: 2 * _NEAR_TOP]
    left = gains[top].copy()
    close = units[top] @ units[top].T
    taken: list[int] = []
    for _ in range(min(_NEAR_TOP, len(top))):
        pick = int(left.argmax())
        taken.append(pick)
        left *= np.where(close[pick] > 0, np.maximum(1 - close[pick], np.float32(0.05)), 1)
        left[taken] = -np.inf
    rest = np.setdiff1d(np.arange(len(top)), taken)
    return np.concatenate([top[taken], top[rest], order[2 * _NEAR_TOP :]]).astype(np.int64)


def _shuffled(ids: _Ids, seed: int) -> _Ids:
    """Rows in an order by chance in which every image keeps its place beside the others."""
    key = int.from_bytes(hashlib.blake2b(str(seed).encode(), digest_size=8).digest())
    mixed = ids.astype(np.uint64) ^ np.uint64(key)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.argsort(mixed ^ (mixed >> np.uint64(31)), kind="stable").astype(np.int64)


def _with_random(best: _Ids, shuffled: _Ids) -> tuple[_Ids, npt.NDArray[np.bool_]]:
    """Every eighth place from the second order; nothing stands twice."""
    count = len(best)
    out = np.empty(count, np.int64)
    random = np.zeros(count, np.bool_)
    taken = np.zeros(count, np.bool_)
    first = second = 0
    for place in range(count):
        by_chance = place % RANDOM_EVERY == RANDOM_EVERY - 1
        if by_chance:
            while taken[shuffled[second]]:
                second += 1
            row = shuffled[second]
        else:
            while taken[best[first]]:
                first += 1
            row = best[first]
        taken[row], out[place], random[place] = True, row, by_chance
    return out, random
