"""The border weights of training images, made tile by tile where a patch is drawn."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from cnnseg_gui.core.border_weights import Labels, Weights, objects, reach, weigh
from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect, cell_rect

if TYPE_CHECKING:
    from cnnseg_gui.learning.sampling import Example

CACHE = 256 * 2**20
"""Bytes of weights kept while learning, and as many of object numbers (4 each a pixel)."""


class BorderMaps:
    """The weights of every example, equal to those of its whole mask.

    Objects are numbered on the whole mask, since two arms of one object may look like two in a
    patch; the distances are then measured in each tile with a margin.

    Args:
        limit: bytes; the tiles and the numbers least recently used go first.
    """

    def __init__(self, limit: int = CACHE) -> None:
        self._limit = limit
        self._labels: OrderedDict[str, Labels] = OrderedDict()
        self._tiles: OrderedDict[tuple[str, int, int], Weights] = OrderedDict()

    def forget(self) -> None:
        """The masks have changed: everything is measured anew."""
        self._labels.clear()
        self._tiles.clear()

    def read(self, example: Example, rect: Rect) -> Weights:
        """The weights of a rectangle, float32[h, w]; 0 beyond the image and where undecided."""
        weights = np.zeros((rect.height, rect.width), np.float32)
        for row, column in rect.clipped(example.mask.shape).cells(TILE):
            cell = cell_rect(row, column, TILE).clipped(example.mask.shape)
            part = cell.intersection(rect)
            if example.mask.tile(row, column) is not None:
                tile = self._tile(example, row, column, cell)
                weights[_moved(part, rect).slices] = tile[_moved(part, cell).slices]
        return weights

    def _tile(self, example: Example, row: int, column: int, cell: Rect) -> Weights:
        key = (example.key, row, column)
        tile = self._tiles.pop(key, None)
        if tile is None:
            around = cell.inflated(reach()).clipped(example.mask.shape)
            labels = self._numbered(example)[around.slices]
            whole = weigh(example.mask.read(around), labels)
            tile = whole[_moved(cell, around).slices].copy()
        self._tiles[key] = tile
        _keep(self._tiles, self._limit)
        return tile

    def _numbered(self, example: Example) -> Labels:
        labels = self._labels.pop(example.key, None)
        if labels is None:
            labels = objects(example.mask.to_array())
        self._labels[example.key] = labels
        _keep(self._labels, self._limit)
        return labels


def _keep(
    entries: OrderedDict[str, Labels] | OrderedDict[tuple[str, int, int], Weights], limit: int
) -> None:
    while len(entries) > 1 and sum(entry.nbytes for entry in entries.values()) > limit:
        entries.popitem(last=False)


def _moved(rect: Rect, origin: Rect) -> Rect:
    """`rect` in an array that begins at `origin`'s corner."""
    return Rect(
        rect.top - origin.top,
        rect.left - origin.left,
        rect.bottom - origin.top,
        rect.right - origin.left,
    )
