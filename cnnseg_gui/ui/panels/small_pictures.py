"""Small pictures of an image with a mask over it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPixmap

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect

_SHARE = 0.55  # of a class's colour over the image
_OUTLINE = (255, 255, 255)

Colours = dict[int, tuple[int, int, int]]
"""By the class's index."""


def overlaid(image: Pixels, classes: Pixels | None, colours: Colours, *, most: int) -> Pixels:
    """uint8[h, w, 3] of at most `most` pixels a side, every so-manieth of the image's.

    Args:
        image: uint8[H, W, 3].
        classes: uint8[H, W] drawn over it, background and undecided aside; None: nothing.
    """
    step = max(1, math.ceil(max(image.shape[:2]) / most))
    picture = np.ascontiguousarray(image[::step, ::step]).astype(np.float32)
    if classes is None:
        return picture.astype(np.uint8)
    small = classes[::step, ::step]
    for index in np.unique(small).tolist():
        colour = colours.get(index)
        if index in (0, UNLABELLED) or colour is None:
            continue
        where = small == index
        picture[where] += _SHARE * (np.array(colour, np.float32) - picture[where])
    return picture.astype(np.uint8)


def cut_out(
    image: Pixels,
    rect: Rect,
    covered: npt.NDArray[np.bool_],
    *,
    side: int,
) -> Pixels:
    """uint8[side, side, 3]: a region with its outline and what is around it.

    Args:
        image: uint8[H, W, 3].
        covered: bool[h, w], the region's pixels of the rectangle.
    """
    half = max(24, round(0.8 * max(rect.height, rect.width)))
    middle = (rect.top + rect.bottom) // 2, (rect.left + rect.right) // 2
    rows, columns = (
        np.clip(np.linspace(centre - half, centre + half, side).round().astype(int), 0, length - 1)
        for centre, length in zip(middle, image.shape[:2], strict=True)
    )
    picture: Pixels = image[rows[:, None], columns].copy()
    inside = np.zeros(image.shape[:2], np.bool_)
    inside[rect.slices] = covered
    seen = inside[rows[:, None], columns]
    edge = np.zeros_like(seen)
    edge[1:] |= seen[1:] != seen[:-1]
    edge[:, 1:] |= seen[:, 1:] != seen[:, :-1]
    picture[edge] = _OUTLINE
    return picture


def pixmap_of(picture: Pixels, size: QSize | None = None) -> QPixmap:
    """Of uint8[h, w, 3]; scaled to a size where one is given."""
    height, width = picture.shape[:2]
    data = np.ascontiguousarray(picture)
    image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    found = QPixmap.fromImage(image)
    return found if size is None else found.scaled(size)
