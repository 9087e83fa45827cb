"""Superpixels: small areas of one colour that keep to the edges of the image.

SLIC (Achanta et al., SLIC Superpixels Compared to State-of-the-Art Superpixel Methods, IEEE PAMI
2012), vectorised: k-means in colour and place, in which a pixel is compared with the centres of
the nine grid cells round it only. They are computed square by square, each from its own pixels, so
they depend on the image and not on where one looks first, and are kept for the next look.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect, cell_rect

SQUARE = 120
"""Side in pixels of what is computed at a time: a multiple of every spacing."""

SPACINGS = (3, 4, 5, 6, 8, 10, 12)
"""Pixels between two superpixels' centres at the start."""

_COMPACTNESS = 20.0  # a spacing's distance weighs as much as so much colour, of 255
_ROUNDS = 2  # more change no IoU of the sample images by more than 0.005
_MOST_BYTES = 32 << 20  # kept: the squares of a 4K screen, several times

Labels = npt.NDArray[np.uint16]
_Floats = npt.NDArray[np.float32]


class _Key(NamedTuple):
    level: int
    spacing: int
    row: int
    column: int


class Superpixels:
    """The superpixels of one image, at any level of its pyramid; the last used ones are kept."""

    def __init__(self, image: ImageSource, most_bytes: int = _MOST_BYTES) -> None:
        self.image = image
        self._most_bytes = most_bytes
        self._kept: OrderedDict[_Key, Labels] = OrderedDict()
        self._bytes = 0

    def read(self, rect: Rect, *, level: int, spacing: int) -> npt.NDArray[np.int64]:
        """int64[h, w]: the number of each pixel's superpixel, 0 … `count(rect)` - 1.

        Args:
            rect: inside the image, in pixels of that level.
            spacing: one of `SPACINGS`, in pixels of that level.
        """
        out = np.zeros((rect.height, rect.width), np.int64)
        each = (SQUARE // spacing) ** 2
        for number, (row, column) in enumerate(rect.cells(SQUARE)):
            square = cell_rect(row, column, SQUARE)
            part = square.intersection(rect)
            labels = self._labels(_Key(level, spacing, row, column))
            out[_slices(part, rect)] = labels[_slices(part, square)]
            out[_slices(part, rect)] += number * each
        return out

    def _labels(self, key: _Key) -> Labels:
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        square = cell_rect(key.row, key.column, SQUARE)
        final = self.image.complete  # while coarse levels are being made, pixels may yet change
        pixels = image_part(self.image, square, key.level)
        missing = (SQUARE - pixels.shape[0], SQUARE - pixels.shape[1])
        pixels = np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")
        labels = slic(pixels, key.spacing)
        if not final:
            return labels
        self._kept[key] = labels
        self._bytes += labels.nbytes
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return labels


def count(rect: Rect, spacing: int) -> int:
    """How many numbers `Superpixels.read` may use for a rectangle."""
    squares = sum(1 for _ in rect.cells(SQUARE))
    return squares * (SQUARE // spacing) ** 2


def slic(pixels: Pixels, spacing: int) -> Labels:
    """The superpixels of uint8[SQUARE, SQUARE, 3]: uint16[SQUARE, SQUARE], numbered row by row.

    Nothing joins their fragments afterwards: whoever uses them asks what is connected.
    """
    side = SQUARE // spacing
    features = _by_cell(pixels, side, spacing)
    near = _nine_round(side)
    centres: _Floats = features.mean(axis=1)
    owner = _nearest(features, near, centres)
    for _ in range(_ROUNDS - 1):
        centres = _means(features, owner, centres)
        owner = _nearest(features, near, centres)
    cells = owner.reshape(side, side, spacing, spacing).transpose(0, 2, 1, 3)
    return cells.reshape(SQUARE, SQUARE).astype(np.uint16)


def _by_cell(pixels: Pixels, side: int, spacing: int) -> _Floats:
    """float32[cells, spacing², 5]: red, green, blue and the weighed place of each pixel."""
    features = np.empty((SQUARE, SQUARE, 5), np.float32)
    features[..., :3] = pixels
    place = np.arange(SQUARE, dtype=np.float32) * (_COMPACTNESS / spacing)
    features[..., 3] = place[:, None]
    features[..., 4] = place[None, :]
    cells = features.reshape(side, spacing, side, spacing, 5).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(cells).reshape(side * side, spacing * spacing, 5)


def _nine_round(side: int) -> npt.NDArray[np.int64]:
    """int64[side², 9]: the grid cells round each and itself; `side²` stands for none."""
    numbers = np.pad(np.arange(side * side).reshape(side, side), 1, constant_values=side * side)
    shifted = [
        numbers[down : down + side, right : right + side] for down in range(3) for right in range(3)
    ]
    return np.stack(shifted, axis=-1).reshape(side * side, 9)


def _nearest(
    features: _Floats, near: npt.NDArray[np.int64], centres: _Floats
) -> npt.NDArray[np.int64]:
    """int64[cells, spacing²]: which of the nine centres round its cell a pixel belongs to.

    |p - c|² is least where p · c - |c|² / 2 is greatest.
    """
    beyond = np.vstack([centres, np.zeros((1, 5), np.float32)])
    half = 0.5 * (beyond**2).sum(axis=1)
    half[-1] = np.inf  # a cell outside the square
    score = np.matmul(features, beyond[near].transpose(0, 2, 1)) - half[near][:, None, :]
    best = score.argmax(axis=2)[..., None]
    owner: npt.NDArray[np.int64] = np.take_along_axis(near[:, None, :], best, axis=2)[..., 0]
    return owner


def _means(features: _Floats, owner: npt.NDArray[np.int64], before: _Floats) -> _Floats:
    """The centres of what belongs to each cell, float32[cells, 5]; an empty one stays."""
    cells = len(before)
    flat = owner.ravel()
    pixels = np.bincount(flat, minlength=cells)
    sums = np.stack([np.bincount(flat, features[..., k].ravel(), cells) for k in range(5)], axis=1)
    means = sums / np.maximum(pixels, 1)[:, None]
    return np.where(pixels[:, None] > 0, means, before).astype(np.float32)


def _slices(part: Rect, origin: Rect) -> tuple[slice, slice]:
    return (
        slice(part.top - origin.top, part.bottom - origin.top),
        slice(part.left - origin.left, part.right - origin.left),
    )
