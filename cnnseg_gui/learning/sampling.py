"""Training patches, drawn where something is decided."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.border_weights import Weights
from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.augment import reach
from cnnseg_gui.learning.borders import BorderMaps
from cnnseg_gui.learning.levels import levels
from cnnseg_gui.learning.propose import crop

_Scalar = TypeVar("_Scalar", np.uint8, np.float32)

PIXEL_CACHE = 512 * 2**20
"""Bytes of decoded images kept while learning."""

FRESH = 1 / 3
"""Of the patches lie round what was corrected while learning."""

FREELY = 0.5
"""Of the patches of images without a top lie at any angle, not only at right ones."""

_Tile = tuple[tuple[int, int], Pixels]


@dataclass(frozen=True, eq=False)
class Example:
    """An image that a person has painted on."""

    key: str
    """Tells it from the others, e.g. its content hash."""
    load: Callable[[], Pixels]
    """Its pixels, uint8[H, W, 3]; called again where they were forgotten."""
    mask: Mask
    held_out: bool = False
    """Only ever validated on."""


class PixelCache:
    """The examples' pixels, together at most `limit` bytes, the least recently used go first."""

    def __init__(self, limit: int = PIXEL_CACHE) -> None:
        self._limit = limit
        self._entries: OrderedDict[str, Pixels] = OrderedDict()
        self._levels: dict[str, Pixels] = {}

    def get(self, example: Example) -> Pixels:
        """uint8[H, W, 3]; loaded where it is not held.

        Raises:
            ValueError: its size is not the mask's.
            UserError: what `example.load` raises.
        """
        pixels = self._entries.pop(example.key, None)
        if pixels is None:
            pixels = example.load()
            if pixels.shape != (*example.mask.shape, 3):
                raise ValueError(f"an image {pixels.shape} with a mask {example.mask.shape}")
        self._entries[example.key] = pixels
        while len(self._entries) > 1 and self.size > self._limit:
            self._entries.popitem(last=False)
        return pixels

    def seen(self, example: Example, rect: Rect, *, stretched: bool) -> Pixels:
        """A rectangle as a network is shown it, uint8[h, w, 3]: see `crop`.

        Args:
            stretched: as `Card.stretched`.

        Raises:
            ValueError, UserError: as `get`.
        """
        pixels = self.get(example)
        if stretched and example.key not in self._levels:
            self._levels[example.key] = levels(pixels)
        return crop(pixels, rect, self._levels[example.key] if stretched else None)

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(pixels.nbytes for pixels in self._entries.values())


class Drawn(NamedTuple):
    """A square piece of an image to learn from."""

    pixels: Pixels
    """uint8[side, side, 3]."""
    mask: Pixels
    """uint8[side, side]."""
    weights: Weights | None = None
    """float32[side, side]: how much each pixel counts; None where they count alike."""
    angle: float = 0.0
    """Radians by which the square to learn from is turned in it; it just fits."""


class Sampler:
    """Draws patches round decided pixels.

    A class is drawn with the square root of its share of what is decided (see `weighed`): rare ones
    come more often than they are, not as often as the others. Then an image, by the square root
    again, so that one big image does not drown the rest; then a mask tile and a pixel of that
    class. Every third patch lies round a pixel that `renew` brought: what a person has just
    corrected is what the network did not know.

    Args:
        examples: all of them with decided pixels.
        patch: side in pixels.
        scales: the smallest and largest magnification of a patch.
        borders: where the patches' weights come from; without them all pixels count alike.
        turned: by any angle; False: only mirrored from side to side.
        stretched: as `Card.stretched`.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        cache: PixelCache,
        random: np.random.Generator,
        *,
        patch: int,
        scales: tuple[float, float] = (0.7, 1.4),
        borders: BorderMaps | None = None,
        turned: bool = True,
        stretched: bool = False,
    ) -> None:
        self._cache, self._random, self._stretched = cache, random, stretched
        self.patch = patch
        self._scales, self._borders, self._turned = scales, borders, turned
        self._examples: Sequence[Example] = ()
        self._tiles: list[list[_Tile]] = []
        self._counts: list[npt.NDArray[np.int64]] = []
        self._by_image = np.zeros((0, UNLABELLED), np.int64)
        self._by_class = np.zeros(UNLABELLED)
        self._fresh: list[tuple[int, int, npt.NDArray[np.intp]]] = []
        self._take(examples)

    def renew(self, examples: Sequence[Example]) -> None:
        """Draws from these from now on; what differs from the masks before is fresh.

        Args:
            examples: all with decided pixels, in masks of their own; keys stay the images'.
        """
        before = {
            (example.key, place): tile
            for example, tiles in zip(self._examples, self._tiles, strict=True)
            for place, tile in tiles
        }
        self._take(examples)
        self._fresh = []
        for index, tiles in enumerate(self._tiles):
            for number, (place, tile) in enumerate(tiles):
                changed = tile != UNLABELLED
                old = before.get((examples[index].key, place))
                if old is not None:
                    changed &= tile != old
                if changed.any():
                    self._fresh.append((index, number, np.flatnonzero(changed)))
        if self._borders is not None:
            self._borders.forget()

    def _take(self, examples: Sequence[Example]) -> None:
        self._examples = examples
        self._tiles = [
            [(place, _read(example.mask, tile)) for place, tile in example.mask.tiles()]
            for example in examples
        ]
        self._counts = [
            np.stack([np.bincount(tile.ravel(), minlength=256)[:UNLABELLED] for _, tile in tiles])
            for tiles in self._tiles
        ]
        self._by_image = np.stack([counts.sum(0) for counts in self._counts])
        self._by_class = weighed(self._by_image)

    @property
    def decided(self) -> int:
        """Pixels in all masks."""
        return int(self._by_image.sum())

    def draw(self) -> Drawn:
        """A patch with its mask and weights, turned and flipped.

        Its side is `patch` divided by a random scale; to be turned freely it is as much larger as
        its angle asks for. What lies beyond the image is mirrored, and undecided in the mask. The
        weights are those of the image as it is: their sigma is in its pixels, so a magnified patch
        has wider borders, as wide as its objects are magnified.
        """
        index, row, column = self._draw_pixel()
        example = self._examples[index]
        low, high = np.log(self._scales)
        side = round(self.patch / float(np.exp(self._random.uniform(low, high))))
        top, left = (
            self._origin(at, side, length)
            for at, length in zip((row, column), example.mask.shape, strict=True)
        )
        angle = self._angle(row - top, column - left, side)
        around = math.ceil(side * (reach(angle) - 1) / 2)
        rect = Rect(top, left, top + side, left + side).inflated(around)
        pixels = self._cache.seen(example, rect, stretched=self._stretched)
        mask = example.mask.read(rect)
        weights = None if self._borders is None else self._borders.read(example, rect)
        turns = int(self._random.integers(4)) if self._turned else 0
        flipped = bool(self._random.random() < 0.5)
        return Drawn(
            _posed(pixels, turns, flipped),
            _posed(mask, turns, flipped),
            None if weights is None else _posed(weights, turns, flipped),
            angle,
        )

    def _angle(self, row: int, column: int, side: int) -> float:
        """Of a patch, in radians; 0 where the pixel that it is drawn for might be left out."""
        middle = (side - 1) / 2
        if not self._turned or math.hypot(row - middle, column - middle) > side / 2:
            return 0.0
        free = self._random.random() < FREELY
        return float(self._random.uniform(-math.pi / 4, math.pi / 4)) if free else 0.0

    def _draw_pixel(self) -> tuple[int, int, int]:
        """(example, row, column) of a decided pixel."""
        if self._fresh and self._random.random() < FRESH:
            which = self._choose(np.sqrt([len(places) for *_, places in self._fresh]))
            index, chosen, places = self._fresh[which]
            return self._at(index, chosen, places)
        cls = self._choose(np.sqrt(self._by_class))
        index = self._choose(np.sqrt(self._by_image[:, cls]))
        chosen = self._choose(self._counts[index][:, cls].astype(np.float64))
        return self._at(index, chosen, np.flatnonzero(self._tiles[index][chosen][1] == cls))

    def _at(self, index: int, chosen: int, places: npt.NDArray[np.intp]) -> tuple[int, int, int]:
        """One of these places in a tile, as (example, row, column)."""
        tile_row, tile_column = self._tiles[index][chosen][0]
        row, column = divmod(int(places[self._random.integers(len(places))]), TILE)
        return index, tile_row * TILE + row, tile_column * TILE + column

    def _choose(self, weights: npt.NDArray[np.float64]) -> int:
        return int(self._random.choice(len(weights), p=weights / weights.sum()))

    def _origin(self, at: int, side: int, length: int) -> int:
        """A start of a span that holds `at`, inside the image where that is long enough."""
        start = at - int(self._random.integers(side))
        slack = length - side
        return min(max(start, min(0, slack)), max(0, slack))


def weighed(by_image: Iterable[npt.NDArray[np.int64]]) -> npt.NDArray[np.float64]:
    """How much of each class there is to learn from, float64[classes].

    An image counts with the square root of its decided pixels. One that was approved as a whole has
    as many as hundreds with strokes: by the pixel its classes would be all there is to learn. Six
    images of nuclei, one of them 1 Mpx and approved, the others with strokes: IoU 0.37 → 0.54 after
    160 steps, together with `losses.evened` (one seed).

    Args:
        by_image: decided pixels by class, int64[classes], of each image that has any.
    """
    shares = [counts / math.sqrt(counts.sum()) for counts in by_image]
    total: npt.NDArray[np.float64] = np.sum(shares, 0)
    return total


def _read(mask: Mask, tile: Pixels) -> Pixels:
    """What a stored tile says; the tile itself where that is what it holds."""
    meaning = mask.meaning
    return tile if (meaning == np.arange(256)).all() else meaning[tile]


def _posed(values: npt.NDArray[_Scalar], turns: int, flipped: bool) -> npt.NDArray[_Scalar]:
    turned = np.rot90(values, turns)
    return np.ascontiguousarray(turned[:, ::-1] if flipped else turned)
