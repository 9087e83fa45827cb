"""Mask and proposal as pictures, at every level of the pyramid, kept up to date under the brush.

A tile of a coarser level is the mean of its four children, so a dab costs the tile under it and
the cells above it.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.overlay import Colours, Shows, halved, overlay
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.ui.canvas.tiles import Deadline, TileCache, TileKey, TilePicture

_CACHE_BYTES = 96 * 2**20
_HALF = TILE // 2
_CHILD_MS = 1000  # in effect no limit: one tile takes a millisecond
_AT_ONCE = 48  # tiles; a larger change is drawn over the next frames, the old picture meanwhile


class OverlayTiles:
    """Draws from the document's mask and proposal through a colour table."""

    def __init__(self, document: Document, table: Colours, shows: Shows = Shows.COMPOSITE) -> None:
        self._document = document
        self._table = table
        self._shows = shows
        self._cache = TileCache(_CACHE_BYTES)
        self._stale: set[TileKey] = set()

    def set_table(self, table: Colours) -> None:
        """Other colours or opacity: everything is drawn anew."""
        self._table = table
        self._stale.update(self._cache.drawn())

    def picture(self, key: TileKey, deadline: Deadline) -> TilePicture | None:
        if key in self._cache and key not in self._stale:
            return self._cache.get(key)
        level, row, column = key
        if level == 0:
            picture = self._base(row, column, deadline)
        else:
            children = [self.picture(child, deadline) for child in _children(key)]
            picture = _joined(children)
        self._cache.put(key, picture)
        self._stale.discard(key)
        return picture

    def cached(self, key: TileKey) -> TilePicture | None:
        return self._cache.get(key)

    def update(self, rect: Rect, level: int) -> None:
        """Mask or proposal changed inside `rect`: redraws it on the levels up to `level`.

        Tiles that were never drawn stay so; tiles of coarser levels are made again when needed.
        """
        rect = rect.inflated(1).clipped(self._document.mask.shape)  # a neighbour's edge may change
        cells = list(rect.cells(TILE))
        if len(cells) > _AT_ONCE:
            self._stale.update(self._cache.drawn())
            return
        for row, column in cells:
            self._redraw_base(row, column, cell_rect(row, column, TILE).intersection(rect))
        for above in range(1, self._document.image.levels):
            reduced = rect.reduced(above)
            for row, column in reduced.cells(TILE):
                key = (above, row, column)
                if above > level or not self._redraw_above(key, reduced):
                    self._stale.add(key)

    # ------------------------------------------------------------------ inside

    def _base(self, row: int, column: int, deadline: Deadline) -> TilePicture | None:
        if self._nothing_there(row, column):
            return None
        deadline.check()
        document = self._document
        colours = overlay(
            document.mask,
            document.proposal,
            cell_rect(row, column, TILE),
            self._table,
            shows=self._shows,
        )
        return TilePicture(colours, QImage.Format.Format_ARGB32_Premultiplied)

    def _nothing_there(self, row: int, column: int) -> bool:
        document = self._document
        return not any(
            grid.tile(row, column) is not None
            for grid in (document.mask, document.proposal.classes)
        )

    def _redraw_base(self, row: int, column: int, part: Rect) -> None:
        key = (0, row, column)
        picture = self._cache.get(key)
        if picture is None or key in self._stale:
            self._stale.add(key)  # it may have been remembered as empty
            return
        document = self._document
        top, left = part.top - row * TILE, part.left - column * TILE
        picture.colours[top : top + part.height, left : left + part.width] = overlay(
            document.mask, document.proposal, part, self._table, shows=self._shows
        )

    def _redraw_above(self, key: TileKey, rect: Rect) -> bool:
        """Averages the changed cells from the level below; False if that is not drawn."""
        picture = self._cache.get(key)
        if picture is None or key in self._stale:
            return False
        _, row, column = key
        part = cell_rect(row, column, TILE).intersection(rect)
        for child in _children(key):
            inside = part.intersection(cell_rect(child[1], child[2], _HALF))
            if inside.empty:
                continue
            below = self.picture(child, Deadline(_CHILD_MS))
            if below is None:
                return False
            top, left = 2 * inside.top - child[1] * TILE, 2 * inside.left - child[2] * TILE
            fine = below.colours[top : top + 2 * inside.height, left : left + 2 * inside.width]
            at = inside.top - row * TILE, inside.left - column * TILE
            picture.colours[at[0] : at[0] + inside.height, at[1] : at[1] + inside.width] = halved(
                fine
            )
        return True


def _children(key: TileKey) -> list[TileKey]:
    level, row, column = key
    return [(level - 1, 2 * row + r, 2 * column + c) for r in (0, 1) for c in (0, 1)]


def _joined(children: list[TilePicture | None]) -> TilePicture | None:
    if all(child is None for child in children):
        return None
    colours = np.zeros((TILE, TILE), np.uint32)
    for k, child in enumerate(children):
        if child is not None:
            top, left = (k // 2) * _HALF, (k % 2) * _HALF
            colours[top : top + _HALF, left : left + _HALF] = halved(child.colours)
    return TilePicture(colours, QImage.Format.Format_ARGB32_Premultiplied)
