"""A slow, obviously right document: whole arrays, and a stack of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.pyramid import build_pyramid
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, Operation, ToolSettings

SHAPE = (290, 300)
"""Beyond one tile of 256 in both directions."""
CLASSES = ("background", "first", "second")

Y, X = (axis + 0.5 for axis in np.mgrid[: SHAPE[0], : SHAPE[1]])


def swept(points: list[ImagePoint], diameter: float, *, square: bool) -> np.ndarray:
    """The distance of every pixel's centre to the way, in the norm of the tip."""
    radius = diameter / 2
    covered = np.zeros(SHAPE, bool)
    for begin, end in zip([points[0], *points[:-1]], points, strict=True):
        dy, dx = end.y - begin.y, end.x - begin.x
        if square:
            covered |= passed(begin, dy, dx, radius)
        else:
            length = dy * dy + dx * dx
            along = ((Y - begin.y) * dy + (X - begin.x) * dx) / length if length else 0.0
            along = np.clip(along, 0, 1)
            far = np.hypot(Y - begin.y - along * dy, X - begin.x - along * dx)
            covered |= far <= radius
        for place in (begin, end):
            row, column = math.floor(place.y), math.floor(place.x)
            if 0 <= row < SHAPE[0] and 0 <= column < SHAPE[1]:
                covered[row, column] = True
    return covered


def passed(begin: ImagePoint, dy: float, dx: float, radius: float) -> np.ndarray:
    """Whether some moment of the way is within the square's reach in both directions."""
    first, last = np.zeros(SHAPE), np.ones(SHAPE)
    for centre, start, way in ((Y, begin.y, dy), (X, begin.x, dx)):
        if way == 0:
            inside = np.abs(centre - start) <= radius
            first, last = np.where(inside, first, 2), np.where(inside, last, -1)
        else:
            ends = np.sort([(centre - start - radius) / way, (centre - start + radius) / way], 0)
            first, last = np.maximum(first, ends[0]), np.minimum(last, ends[1])
    result: np.ndarray = first <= last
    return result


CLASS_LIST = ClassList(make_classes(CLASSES)).with_accepted_values()


@dataclass
class Reference:
    """Whole arrays of stored values, and a stack of them."""

    proposed: np.ndarray
    stored: np.ndarray = field(default_factory=lambda: np.full(SHAPE, UNLABELLED, np.uint8))
    done: list[np.ndarray] = field(default_factory=list)
    undone: list[np.ndarray] = field(default_factory=list)

    @property
    def mask(self) -> np.ndarray:
        return CLASS_LIST.meaning[self.stored]

    def change(self, after: np.ndarray) -> None:
        if not np.array_equal(after, self.stored):
            self.done.append(self.stored)
            self.undone.clear()
            self.stored = after

    def cover(self, covered: np.ndarray, operation: Operation, settings: ToolSettings) -> None:
        """Does the operation to the pixels covered, bool[H, W], where it may."""
        after = self.stored.copy()
        covered = covered & settings.writable[self.mask]
        if operation == Operation.ACCEPT:
            covered &= (self.mask == UNLABELLED) & (self.proposed != UNLABELLED)
            after[covered] = CLASS_LIST.accepted_as[self.proposed[covered]]
        else:
            after[covered] = UNLABELLED if operation == Operation.ERASE else settings.class_index
        self.change(after)

    def accept(self) -> None:
        accepted = CLASS_LIST.accepted_as[self.proposed]
        self.change(np.where(self.mask == UNLABELLED, accepted, self.stored))

    def undo(self) -> None:
        if self.done:
            self.undone.append(self.stored)
            self.stored = self.done.pop()

    def redo(self) -> None:
        if self.undone:
            self.done.append(self.stored)
            self.stored = self.undone.pop()


def proposal() -> np.ndarray:
    values = np.random.default_rng(5).integers(0, 3, (29, 30)).astype(np.uint8)
    proposed = values.repeat(10, axis=0).repeat(10, axis=1)
    proposed[200:260] = UNLABELLED
    return proposed


def open_document(project: Project, image: np.ndarray, proposed: np.ndarray) -> Document:
    mask = project.load_mask(1)
    document = Document(project, project.image(1), build_pyramid(image), mask)
    document.show_proposal(0, 0, proposed, np.full(SHAPE, 200, np.uint8))
    return document


def check(project: Project, document: Document, reference: Reference) -> None:
    """Mask, counts and store are the reference's."""
    assert np.array_equal(document.mask.read_stored(document.mask.bounds), reference.stored)
    found = document.mask.to_array()
    assert np.array_equal(found, reference.mask)
    counts = np.bincount(found.ravel(), minlength=256)
    counts[UNLABELLED] = 0
    stored = {int(k): int(counts[k]) for k in np.flatnonzero(counts)}
    assert project.image(1).decided == stored
    assert np.array_equal(project.load_mask(1).to_array(), found)
