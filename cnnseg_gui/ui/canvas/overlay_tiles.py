"""Mask and proposal as pictures, at every level, kept up to date under the brush."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from cnnseg_gui.core.index_pyramid import IndexPyramid
from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels
from cnnseg_gui.core.overlay import Colours, Shows, overlay
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.ui.canvas.tiles import Deadline, TileCache, TileKey, TilePicture

_AT_ONCE = 48  # tiles; a larger change is drawn over the next frames, the old picture meanwhile


class OverlayLevels:
    """The document's mask and proposal at every level, for all that draw them."""

    def __init__(self, document: Document) -> None:
        levels = document.image.levels
        self.mask = IndexPyramid(document.mask, levels)
        self.proposal = IndexPyramid(document.proposal.classes, levels)

    def update(self, rect: Rect) -> None:
        """Mask or proposal changed inside `rect`."""
        for pyramid in (self.mask, self.proposal):
            pyramid.update(rect)

    def reset(self) -> None:
        """What the mask's values mean is another."""
        self.mask.reset()


class OverlayTiles:
    """Draws mask, proposal or both through a colour table."""

    def __init__(
        self,
        document: Document,
        levels: OverlayLevels,
        table: Colours,
        shows: Shows = Shows.COMPOSITE,
    ) -> None:
        self._document = document
        self._levels = levels
        self._table = table
        self._shows = shows
        self._cache = TileCache()
        self._stale: set[TileKey] = set()

    def set_table(self, table: Colours) -> None:
        """Other colours or opacity: everything is drawn anew."""
        self._table = table
        self._stale.update(self._cache.drawn())

    def picture(self, key: TileKey, deadline: Deadline) -> TilePicture | None:
        if key in self._cache and key not in self._stale:
            return self._cache.get(key)
        picture = None
        if any(pyramid.present(*key) for pyramid in (self._levels.mask, self._levels.proposal)):
            deadline.check()
            level, row, column = key
            colours = self._colours(level, cell_rect(row, column, TILE))
            picture = TilePicture(colours, QImage.Format.Format_ARGB32_Premultiplied)
        self._cache.put(key, picture)
        self._stale.discard(key)
        return picture

    def make_room(self, view_pixels: int) -> None:
        """For a view of so many of the screen's pixels."""
        self._cache.make_room(view_pixels)

    def cached(self, key: TileKey) -> TilePicture | None:
        return self._cache.get(key)

    def update(self, rect: Rect, level: int) -> None:
        """Mask or proposal changed inside `rect`, and the levels have been told: redraws the level
        that is shown; tiles of others are made again when needed."""
        rect = rect.inflated(1 << level).clipped(self._document.mask.shape)  # a neighbour's edge
        reduced = rect.reduced(level)
        at_once = len(list(reduced.cells(TILE))) <= _AT_ONCE
        for key in self._touched(rect):
            its_level, row, column = key
            part = cell_rect(row, column, TILE).intersection(rect.reduced(its_level))
            if part.empty:
                continue
            if its_level == level and at_once and key not in self._stale:
                picture = self._cache.get(key) or self._blank(key)
                top, left = part.top - row * TILE, part.left - column * TILE
                rows, columns = slice(top, top + part.height), slice(left, left + part.width)
                picture.colours[rows, columns] = self._colours(level, part)
            else:
                self._stale.add(key)

    # ------------------------------------------------------------------ inside

    def _touched(self, rect: Rect) -> list[TileKey]:
        """The cached tiles that a rectangle touches; of a large one all that are cached."""
        rows, columns = rect.height // TILE + 2, rect.width // TILE + 2
        if rows * columns > _AT_ONCE:
            return self._cache.drawn()
        levels = range(self._document.image.levels)
        keys = ((at, *cell) for at in levels for cell in rect.reduced(at).cells(TILE))
        return [key for key in keys if key in self._cache]

    def _blank(self, key: TileKey) -> TilePicture:
        """Of a tile that was empty until now."""
        colours = np.zeros((TILE, TILE), np.uint32)
        picture = TilePicture(colours, QImage.Format.Format_ARGB32_Premultiplied)
        self._cache.put(key, picture)
        return picture

    def _colours(self, level: int, part: Rect) -> Colours:
        around = part.inflated(1)
        return overlay(
            self._values(self._levels.mask, level, around, shown=self._shows != Shows.PROPOSAL),
            self._values(self._levels.proposal, level, around, shown=self._shows != Shows.MASK),
            self._table,
        )

    def _values(self, pyramid: IndexPyramid, level: int, area: Rect, *, shown: bool) -> Pixels:
        if shown:
            return pyramid.read(level, area)
        return np.full((area.height, area.width), UNLABELLED, np.uint8)
