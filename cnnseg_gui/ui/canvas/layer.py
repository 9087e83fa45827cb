"""Draws the tiles of one source that a rectangle of the view shows."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.ui.canvas.smoothing import Smoothing
from cnnseg_gui.ui.canvas.tiles import (
    Deadline,
    Loading,
    OutOfTime,
    TileKey,
    TilePicture,
    TileSource,
)
from cnnseg_gui.ui.canvas.transform import ViewTransform


def draw_tiles(
    painter: QPainter,
    source: TileSource,
    view: ViewTransform,
    *,
    level: int,
    levels: int,
    visible: Rect,
    deadline: Deadline,
    smoothing: Smoothing,
) -> bool:
    """Draws the part `visible` (image pixels, clipped to the image) of a level.

    Where the frame's time runs out, an older or coarser picture stands in.

    Args:
        deadline: for making pictures.
        smoothing: whether those that are there are interpolated.

    Returns:
        False where something stood in that the next frame can make.
    """
    complete = True
    reduced = visible.reduced(level)
    cells = list(reduced.cells(TILE))
    if not cells:
        return True
    (first_row, first_column), (last_row, last_column) = cells[0], cells[-1]
    step = TILE << level
    ys = view.view_edges(first_row * step, step, last_row - first_row + 2, vertical=True)
    xs = view.view_edges(first_column * step, step, last_column - first_column + 2, vertical=False)
    for row, column in cells:
        smoothing.apply(painter)
        top, left = ys[row - first_row], xs[column - first_column]
        bottom, right = ys[row - first_row + 1], xs[column - first_column + 1]
        key = (level, row, column)
        try:
            picture = source.picture(key, deadline)
        except OutOfTime as reason:
            complete = complete and isinstance(reason, Loading)
            picture = source.cached(key)
            if picture is None:
                _draw_ancestor(
                    painter, source, key, levels, QRect(left, top, right - left, bottom - top)
                )
                continue
        if picture is not None:
            _draw(painter, picture, QRect(left, top, right - left, bottom - top), view, key)
    return complete


def _draw(
    painter: QPainter, picture: TilePicture, cell: QRect, view: ViewTransform, key: TileKey
) -> None:
    height, width = picture.colours.shape
    if (height, width) != (TILE, TILE):  # the image's edge: a part of the cell only
        level, row, column = key
        scale = view.scale * (1 << level)
        cell = QRect(
            cell.left(),
            cell.top(),
            round(view.x + (column * TILE + width) * scale) - cell.left(),
            round(view.y + (row * TILE + height) * scale) - cell.top(),
        )
    painter.drawImage(cell, picture.image)


def _draw_ancestor(
    painter: QPainter, source: TileSource, key: TileKey, levels: int, cell: QRect
) -> None:
    level, row, column = key
    for up in range(1, levels - level):
        picture = source.cached((level + up, row >> up, column >> up))
        if picture is not None:
            side = TILE >> up
            part = QRect((column % (1 << up)) * side, (row % (1 << up)) * side, side, side)
            painter.drawImage(cell, picture.image, part)
            return
