"""Decided pixels that a live head is fitted to, with their features, mask tile by mask tile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels
from cnnseg_gui.learning.live_features import Encoded

PIXELS = 20_000
"""That a head is fitted to, at most, of all images; equally many of each class where there are."""
PER_TILE = 512
"""That are kept of a class in a mask tile."""
FRESH = 0.25
"""Of the weight, at least, have the pixels that changed last."""

_Cell = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Sample:
    """Pixels with what is decided there."""

    features: Tensor
    """[n, channels], in the kept precision."""
    fine: Tensor | None
    """float32[n, K]: see `Encoded.fine`."""
    truth: Tensor
    """int64[n]."""
    weights: Tensor
    """float32[n], 1 in the mean."""


@dataclass(frozen=True, eq=False)
class _Tile:
    decided: npt.NDArray[np.int64]
    """Pixels by class, int64[256]."""
    by_class: dict[int, tuple[Tensor, Tensor | None, int]]
    """Features and `fine` in random order, and how many at the beginning have changed last."""

    @property
    def nbytes(self) -> int:
        return sum(
            features.nbytes + (0 if fine is None else fine.nbytes)
            for features, fine, _ in self.by_class.values()
        )


class LivePixels:
    """A sample of the decided pixels of the images that were looked at.

    Args:
        random: which pixels are kept.
        precision: of the features.
    """

    def __init__(self, random: np.random.Generator, precision: torch.dtype) -> None:
        self._random, self._precision = random, precision
        self._tiles: dict[tuple[str, _Cell], _Tile] = {}
        self._fresh: set[tuple[str, _Cell]] = set()
        self._images: dict[str, None] = {}  # the one read last comes last

    def __len__(self) -> int:
        return sum(
            len(features)
            for tile in self._tiles.values()
            for features, *_ in tile.by_class.values()
        )

    def decided(self) -> npt.NDArray[np.int64]:
        """Decided pixels by class, int64[256], in the tiles that were read."""
        return sum((tile.decided for tile in self._tiles.values()), np.zeros(256, np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        return sum(tile.nbytes for tile in self._tiles.values())

    def bound(self, most: int) -> list[str]:
        """Forgets images, those read longest ago first, until the rest takes at most so many bytes.

        Returns:
            What was forgotten; never the image that was read last.
        """
        excess, gone = self.nbytes - most, []
        for image in list(self._images)[:-1]:
            if excess <= 0:
                break
            excess -= sum(tile.nbytes for (key, _), tile in self._tiles.items() if key == image)
            self.forget(image)
            gone.append(image)
        return gone

    def forget(self, image: str) -> None:
        """Nothing of this image counts any more."""
        self._images.pop(image, None)
        for key in [key for key in self._tiles if key[0] == image]:
            del self._tiles[key]
        self._fresh = {key for key in self._fresh if key[0] != image}

    def begin_gesture(self) -> None:
        """What changed last has been learnt from; what changes from now on is fresh."""
        self._fresh = set()

    def read(
        self,
        image: str,
        cell: _Cell,
        truth: Pixels,
        changed: npt.NDArray[np.bool_] | None,
        encoded: Encoded,
    ) -> None:
        """Takes a mask tile in place of what it was before.

        Args:
            image: its key.
            cell: row and column of the tile.
            truth: uint8[TILE, TILE]: classes as the head counts them, UNLABELLED where undecided.
            changed: where it is another than before; None: it was not known.
            encoded: pixels beyond its core do not count.
        """
        self._images.pop(image, None)
        self._images[image] = None
        origin = cell[0] * TILE, cell[1] * TILE
        core = encoded.core
        seen = np.zeros(truth.shape, np.bool_)
        seen[
            max(0, core.top - origin[0]) : max(0, core.bottom - origin[0]),
            max(0, core.left - origin[1]) : max(0, core.right - origin[1]),
        ] = True
        flat = np.where(seen, truth, UNLABELLED).ravel()
        decided = np.bincount(flat, minlength=256)
        decided[UNLABELLED] = 0
        by_class = {}
        for cls in np.flatnonzero(decided).tolist():
            places = np.flatnonzero(flat == cls)
            chosen, fresh = self._choose(places, changed)
            rows, columns = np.divmod(chosen, TILE)
            features, fine = encoded.read(
                torch.from_numpy(rows + origin[0]).to(encoded.levels[0].device),
                torch.from_numpy(columns + origin[1]).to(encoded.levels[0].device),
            )
            by_class[cls] = features.to(self._precision), fine, fresh
        key = image, cell
        if by_class:
            self._tiles[key] = _Tile(decided, by_class)
        else:
            self._tiles.pop(key, None)
        if changed is not None:
            self._fresh.add(key)

    def _choose(
        self, places: npt.NDArray[np.intp], changed: npt.NDArray[np.bool_] | None
    ) -> tuple[npt.NDArray[np.intp], int]:
        """At most PER_TILE of these, those that changed first; and how many of them did."""
        if changed is None:
            return self._random.permutation(places)[:PER_TILE], 0
        is_fresh = changed.ravel()[places]
        fresh = self._random.permutation(places[is_fresh])
        others = self._random.permutation(places[~is_fresh])
        first = fresh[: max(PER_TILE // 2, PER_TILE - len(others))]
        return np.concatenate((first, others[: PER_TILE - len(first)])), len(first)

    def sample(self, most: int = PIXELS) -> Sample | None:
        """Pixels to fit to; None where fewer than two classes are decided.

        A class weighs the square root of its share of the decided pixels: strokes hold more of
        rare classes than images do, but not as much more as an equal weight would say.

        Args:
            most: how many; equally many of each class where there are.
        """
        decided = self.decided()
        classes = np.flatnonzero(decided).tolist()
        if len(classes) < 2:
            return None
        features, fines, truths, weights = [], [], [], []
        total_root = float(np.sqrt(decided).sum())
        for cls in classes:
            own = [
                (*tile.by_class[cls][:2], tile.by_class[cls][2] if key in self._fresh else 0)
                for key, tile in self._tiles.items()
                if cls in tile.by_class
            ]
            share = min(1.0, most / len(classes) / sum(len(rows) for rows, *_ in own))
            taken = [max(1, round(len(rows) * share)) for rows, *_ in own]
            fresh = torch.cat(
                [
                    torch.arange(count) < fresh
                    for (_, _, fresh), count in zip(own, taken, strict=True)
                ]
            )
            features += [rows[:count] for (rows, *_), count in zip(own, taken, strict=True)]
            fines += [
                f[:count] for (_, f, _), count in zip(own, taken, strict=True) if f is not None
            ]
            truths.append(torch.full((len(fresh),), cls))
            of_class = _stressed(fresh)
            weights.append(of_class * (float(np.sqrt(decided[cls])) / total_root))
        device = features[0].device
        weight = torch.cat(weights)
        return Sample(
            torch.cat(features),
            torch.cat(fines) if fines else None,
            torch.cat(truths).to(device),
            (weight * (len(weight) / weight.sum())).to(device),
        )


def _stressed(fresh: Tensor) -> Tensor:
    """Weights float32[n] of sum 1, of which those that are fresh have FRESH at least."""
    count, total = int(fresh.sum()), len(fresh)
    if not count or count == total or count / total >= FRESH:
        return torch.full((total,), 1 / total)
    return torch.where(fresh, FRESH / count, (1 - FRESH) / (total - count))
