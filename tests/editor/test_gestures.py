"""Any sequence of gestures, undo and redo equals a slow, obviously right reference."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reference import CLASSES, SHAPE, Reference, X, Y, check, open_document, proposal, swept

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.paint_mode import PaintMode, writable
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, Operation, Tool, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush, Eraser
from cnnseg_gui.editor.tools.lasso import Box, Lasso
from cnnseg_gui.editor.tools.polygon import Polygon

_TOOLS: dict[str, Tool] = {
    tool.key: tool for tool in (Brush(), Eraser(), Lasso(), Polygon(), Box())
}

places = st.builds(
    ImagePoint,
    st.floats(-20, SHAPE[0] + 20).map(lambda at: round(at, 3)),
    st.floats(-20, SHAPE[1] + 20).map(lambda at: round(at, 3)),
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


def surrounded(points: list[ImagePoint]) -> np.ndarray:
    """An odd number of edges to the left of a pixel's centre."""
    inside = np.zeros(SHAPE, bool)
    for (y0, x0), (y1, x1) in zip(points, [*points[1:], points[0]], strict=True):
        if y0 == y1:
            continue
        crossed = (min(y0, y1) <= Y) & (max(y0, y1) > Y)
        inside ^= crossed & (x0 + (Y - y0) * ((x1 - x0) / (y1 - y0)) <= X)
    return inside


def framed(first: ImagePoint, last: ImagePoint) -> np.ndarray:
    """Whole pixels from corner to corner."""
    top, bottom = sorted((math.floor(first.y), math.floor(last.y)))
    left, right = sorted((math.floor(first.x), math.floor(last.x)))
    return (top < Y) & (bottom + 1 > Y) & (left < X) & (right + 1 > X)


def near_an_edge(tool: str, points: list[ImagePoint], settings: ToolSettings) -> np.ndarray:
    """Pixels whose centre lies so near to the tip's edge that rounding decides."""
    if tool not in ("brush", "eraser"):
        return np.zeros(SHAPE, bool)
    a, b = (
        swept(points, settings.diameter + change, square=settings.square)
        for change in (-1e-6, 1e-6)
    )
    return a != b


def covered_by(tool: str, points: list[ImagePoint], settings: ToolSettings) -> np.ndarray:
    if tool in ("brush", "eraser"):
        return swept(points, settings.diameter, square=settings.square)
    return framed(points[0], points[-1]) if tool == "box" else surrounded(points)


# ---------------------------------------------------------------------- the program


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
    image = np.zeros((*SHAPE, 3), np.uint8)
    Image.fromarray(image).save(folder / "image.png")
    project = Project.create(folder / "project", CLASSES)
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
                operation = Operation.ERASE if tool == "eraser" else chosen.operation
                reference.cover(covered_by(tool, points, chosen), operation, chosen)
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
        check(project, document, reference)
    project.close()


@pytest.mark.parametrize("tool", ["lasso", "box"])
def test_an_area_under_way_is_covered_when_its_image_is_left(
    tool: str, open_document: Callable[[Pixels], Document]
) -> None:
    document = open_document(np.zeros((*SHAPE, 3), np.uint8))
    chosen = ToolSettings(class_index=1)
    document.press(_TOOLS[tool], ImagePoint(20, 20), chosen)
    for place in (ImagePoint(20, 200), ImagePoint(150, 20), ImagePoint(200, 200)):
        document.move(place)
    document.settle()  # as leaving the image does
    mask = document.mask.to_array()
    assert mask[50, 50] == 1
    assert (mask == 1).sum() > 5000
    document.move(ImagePoint(280, 20))  # the button is still down
    document.release(ImagePoint(280, 20))
    assert np.array_equal(document.mask.to_array(), mask)
    assert len(document.history()) == 1
    document.undo()
    assert (document.mask.to_array() == UNLABELLED).all()
