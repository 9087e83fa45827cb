"""Any sequence of gestures, undo and redo equals a slow, obviously right reference."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.paint_mode import PaintMode, writable
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.pyramid import build_pyramid
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, Operation, Tool, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush, Eraser
from cnnseg_gui.editor.tools.lasso import Box, Lasso
from cnnseg_gui.editor.tools.polygon import Polygon

_SHAPE = (290, 300)  # beyond one tile of 256 in both directions
_CLASSES = ("background", "first", "second")
_TOOLS: dict[str, Tool] = {
    tool.key: tool for tool in (Brush(), Eraser(), Lasso(), Polygon(), Box())
}

places = st.builds(
    ImagePoint,
    st.floats(-20, _SHAPE[0] + 20).map(lambda at: round(at, 3)),
    st.floats(-20, _SHAPE[1] + 20).map(lambda at: round(at, 3)),
)
strokes = st.builds(
    lambda tool, points, settings, ending: ("gesture", tool, points, settings, ending),
    st.sampled_from(sorted(_TOOLS)),
    st.lists(places, min_size=2, max_size=5),
    st.builds(
        lambda value, diameter, square, operation, mode, locked: ToolSettings(
            class_index=value,
            diameter=diameter,
            square=square,
            operation=operation,
            writable=writable(mode, chosen=frozenset({0, 2}), locked=locked),
        ),
        st.integers(0, 2),
        st.floats(1, 60),
        st.booleans(),
        st.sampled_from(list(Operation)),
        st.sampled_from(list(PaintMode)),
        st.sampled_from([frozenset[int](), frozenset({1})]),
    ),
    st.sampled_from(["done", "done", "done", "cancelled"]),
)
others = st.tuples(st.sampled_from(["undo", "undo", "redo", "accept", "reopen"]))
sequences = st.lists(st.one_of(strokes, strokes, others), min_size=1, max_size=8)


# ---------------------------------------------------------------------- the reference

_Y, _X = (axis + 0.5 for axis in np.mgrid[: _SHAPE[0], : _SHAPE[1]])


def swept(points: list[ImagePoint], diameter: float, *, square: bool) -> np.ndarray:
    """The distance of every pixel's centre to the way, in the norm of the tip."""
    radius = diameter / 2
    covered = np.zeros(_SHAPE, bool)
    for begin, end in zip([points[0], *points[:-1]], points, strict=True):
        dy, dx = end.y - begin.y, end.x - begin.x
        if square:
            covered |= passed(begin, dy, dx, radius)
        else:
            length = dy * dy + dx * dx
            along = ((_Y - begin.y) * dy + (_X - begin.x) * dx) / length if length else 0.0
            along = np.clip(along, 0, 1)
            far = np.hypot(_Y - begin.y - along * dy, _X - begin.x - along * dx)
            covered |= far <= radius
        for place in (begin, end):
            row, column = math.floor(place.y), math.floor(place.x)
            if 0 <= row < _SHAPE[0] and 0 <= column < _SHAPE[1]:
                covered[row, column] = True
    return covered


def passed(begin: ImagePoint, dy: float, dx: float, radius: float) -> np.ndarray:
    """Whether some moment of the way is within the square's reach in both directions."""
    first, last = np.zeros(_SHAPE), np.ones(_SHAPE)
    for centre, start, way in ((_Y, begin.y, dy), (_X, begin.x, dx)):
        if way == 0:
            inside = np.abs(centre - start) <= radius
            first, last = np.where(inside, first, 2), np.where(inside, last, -1)
        else:
            ends = np.sort([(centre - start - radius) / way, (centre - start + radius) / way], 0)
            first, last = np.maximum(first, ends[0]), np.minimum(last, ends[1])
    result: np.ndarray = first <= last
    return result


def surrounded(points: list[ImagePoint]) -> np.ndarray:
    """An odd number of edges to the left of a pixel's centre."""
    inside = np.zeros(_SHAPE, bool)
    for (y0, x0), (y1, x1) in zip(points, [*points[1:], points[0]], strict=True):
        if y0 == y1:
            continue
        crossed = (min(y0, y1) <= _Y) & (max(y0, y1) > _Y)
        inside ^= crossed & (x0 + (_Y - y0) * ((x1 - x0) / (y1 - y0)) <= _X)
    return inside


def framed(first: ImagePoint, last: ImagePoint) -> np.ndarray:
    """Whole pixels from corner to corner."""
    top, bottom = sorted((math.floor(first.y), math.floor(last.y)))
    left, right = sorted((math.floor(first.x), math.floor(last.x)))
    return (top < _Y) & (bottom + 1 > _Y) & (left < _X) & (right + 1 > _X)


def near_an_edge(tool: str, points: list[ImagePoint], settings: ToolSettings) -> np.ndarray:
    """Pixels whose centre lies so near to the tip's edge that rounding decides."""
    if tool not in ("brush", "eraser"):
        return np.zeros(_SHAPE, bool)
    a, b = (
        swept(points, settings.diameter + change, square=settings.square)
        for change in (-1e-6, 1e-6)
    )
    return a != b


@dataclass
class Reference:
    """Whole arrays, and a stack of them."""

    proposed: np.ndarray
    mask: np.ndarray = field(default_factory=lambda: np.full(_SHAPE, UNLABELLED, np.uint8))
    done: list[np.ndarray] = field(default_factory=list)
    undone: list[np.ndarray] = field(default_factory=list)

    def change(self, after: np.ndarray) -> None:
        if not np.array_equal(after, self.mask):
            self.done.append(self.mask)
            self.undone.clear()
            self.mask = after

    def gesture(self, tool: str, points: list[ImagePoint], settings: ToolSettings) -> None:
        if tool in ("brush", "eraser"):
            covered = swept(points, settings.diameter, square=settings.square)
        elif tool == "box":
            covered = framed(points[0], points[-1])
        else:
            covered = surrounded(points)
        operation = Operation.ERASE if tool == "eraser" else settings.operation
        after = self.mask.copy()
        covered &= settings.writable[self.mask]
        if operation == Operation.ACCEPT:
            covered &= (self.mask == UNLABELLED) & (self.proposed != UNLABELLED)
            after[covered] = self.proposed[covered]
        else:
            after[covered] = UNLABELLED if operation == Operation.ERASE else settings.class_index
        self.change(after)

    def accept(self) -> None:
        self.change(np.where(self.mask == UNLABELLED, self.proposed, self.mask))

    def undo(self) -> None:
        if self.done:
            self.undone.append(self.mask)
            self.mask = self.done.pop()

    def redo(self) -> None:
        if self.undone:
            self.done.append(self.mask)
            self.mask = self.undone.pop()


# ---------------------------------------------------------------------- the program


def proposal() -> np.ndarray:
    values = np.random.default_rng(5).integers(0, 3, (29, 30)).astype(np.uint8)
    proposed = values.repeat(10, axis=0).repeat(10, axis=1)
    proposed[200:260] = UNLABELLED
    return proposed


def open_document(project: Project, image: np.ndarray, proposed: np.ndarray) -> Document:
    mask = project.load_mask(1)
    document = Document(project, project.image(1), build_pyramid(image), mask)
    document.show_proposal(0, 0, proposed, np.full(_SHAPE, 200, np.uint8))
    return document


def perform(
    document: Document, tool: str, points: list[ImagePoint], settings: ToolSettings, ending: str
) -> None:
    if tool == "polygon":
        for point in points:
            document.press(_TOOLS[tool], point, settings, scale=1e6)  # no corner is near
            document.release(point)
    else:
        document.press(_TOOLS[tool], points[0], settings)
        for point in points[1:]:
            document.move(point)
    if ending == "cancelled":
        document.cancel()
    elif tool == "polygon":
        document.close()
    else:
        document.release(points[-1])


@given(sequences)
@settings(max_examples=60)
def test_any_sequence_of_gestures_equals_the_reference(
    qapp: object, tmp_path_factory: pytest.TempPathFactory, sequence: list[tuple[object, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("gestures")
    image = np.zeros((*_SHAPE, 3), np.uint8)
    Image.fromarray(image).save(folder / "image.png")
    project = Project.create(folder / "project", _CLASSES)
    project.add_images([probe(folder / "image.png")])
    proposed = proposal()
    document, reference = open_document(project, image, proposed), Reference(proposed)
    for kind, *rest in sequence:
        if kind == "gesture":
            tool, points, chosen, ending = rest
            assert isinstance(tool, str)
            assert isinstance(points, list)
            assert isinstance(chosen, ToolSettings)
            assert isinstance(ending, str)
            if tool == "polygon":  # a click on the first corner would close it
                points = list(dict.fromkeys(points))
            if near_an_edge(tool, points, chosen).any():
                chosen = replace(chosen, diameter=chosen.diameter + 0.01)
            perform(document, tool, points, chosen, ending)
            if ending == "done":
                reference.gesture(tool, points, chosen)
        elif kind == "reopen":
            project.close()
            project = Project.open(folder / "project")
            document = open_document(project, image, proposed)
        elif kind == "accept":
            document.accept_proposal()
            reference.accept()
        else:
            (document.undo if kind == "undo" else document.redo)()
            (reference.undo if kind == "undo" else reference.redo)()
        found = document.mask.to_array()
        assert np.array_equal(found, reference.mask), kind
        counts = np.bincount(found.ravel(), minlength=256)
        counts[UNLABELLED] = 0
        stored = {int(k): int(counts[k]) for k in np.flatnonzero(counts)}
        assert project.image(1).decided == stored
        assert np.array_equal(project.load_mask(1).to_array(), found)
    project.close()
