"""Bucket, wand and smart brush: any sequence of them, undo and redo equals a plain reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reference import CLASS_LIST, CLASSES, SHAPE, Reference, check, open_document, proposal, swept
from scipy import ndimage

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.paint_mode import PaintMode, writable
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, Operation, ToolSettings
from cnnseg_gui.editor.tools.bucket import Bucket
from cnnseg_gui.editor.tools.smart_brush import SmartBrush
from cnnseg_gui.editor.tools.wand import Wand

_TOOLS = {tool.key: tool for tool in (Bucket(), Wand(), SmartBrush())}
_SCREEN_PIXELS_A_STEP = 2  # of the wand's tolerance

places = st.builds(ImagePoint, st.floats(-9, SHAPE[0] + 9), st.floats(-9, SHAPE[1] + 9))
gestures = st.builds(
    lambda tool, points, dragged, chosen, ending: (tool, points, dragged, chosen, ending),
    st.sampled_from(sorted(_TOOLS)),
    st.lists(places, min_size=1, max_size=3),
    st.integers(-30, 90),
    st.builds(
        lambda value, by_class, tolerance, operation, mode, locked: ToolSettings(
            class_index=value,
            diameter=41,
            by_class=by_class,
            tolerance=tolerance,
            operation=operation,
            writable=writable(mode, chosen=frozenset({0, 2}), locked=locked),
        ),
        st.integers(0, 2),
        st.booleans(),
        st.integers(0, 60),
        st.sampled_from(list(Operation)),
        st.sampled_from(list(PaintMode)),
        st.sampled_from([frozenset[int](), frozenset({1})]),
    ),
    st.sampled_from(["done", "done", "done", "cancelled"]),
)
others = st.sampled_from(["undo", "undo", "redo", "accept", "reopen"])
sequences = st.lists(st.one_of(gestures, gestures, others), min_size=1, max_size=8)


def picture() -> np.ndarray:
    """Patches of a few colours, a little noisy."""
    rng = np.random.default_rng(3)
    patches = rng.integers(0, 4, (10, 10, 1)) * np.array([50, 30, 60])
    large = patches.repeat(30, axis=0).repeat(30, axis=1)[: SHAPE[0], : SHAPE[1]]
    return (large + rng.integers(0, 9, (*SHAPE, 3))).astype(np.uint8)


IMAGE = picture()


def connected(alike: np.ndarray, at: ImagePoint) -> np.ndarray:
    """What a 4-connected way of alike pixels joins to the one at a place."""
    numbers, _ = ndimage.label(alike)
    number = numbers[math.floor(at.y), math.floor(at.x)]
    found: np.ndarray = (numbers == number) & (numbers > 0)
    return found


def area_of(
    tool: str, at: ImagePoint, dragged: int, chosen: ToolSettings, reference: Reference
) -> np.ndarray:
    """What bucket and wand take: pixels of a class, or of colours of which no channel is far."""
    row, column = math.floor(at.y), math.floor(at.x)
    if not (0 <= row < SHAPE[0] and 0 <= column < SHAPE[1]):
        return np.zeros(SHAPE, np.bool_)
    if tool == "bucket" and chosen.by_class:
        shown = np.where(reference.mask == UNLABELLED, reference.proposed, reference.mask)
        return connected(shown == shown[row, column], at)
    tolerance = chosen.tolerance + (dragged if tool == "wand" else 0)
    far = np.abs(IMAGE.astype(int) - IMAGE[row, column]).max(axis=2)
    return connected(far <= min(max(tolerance, 0), 255), at)


def perform(
    document: Document,
    tool: str,
    points: list[ImagePoint],
    dragged: int,
    chosen: ToolSettings,
    ending: str,
) -> None:
    document.press(_TOOLS[tool], points[0], chosen)
    if tool == "wand":
        way = _SCREEN_PIXELS_A_STEP * dragged
        last = ImagePoint(points[0].y, points[0].x + way)
        document.move(last)
    else:
        last = points[-1]
        for point in points[1:] if tool == "smart_brush" else []:
            document.move(point)
    if ending == "cancelled":
        document.cancel()
    else:
        document.release(last)


def check_smart(
    before: np.ndarray, after: np.ndarray, points: list[ImagePoint], chosen: ToolSettings
) -> None:
    """What the superpixels are is theirs; what may change, and into what, is plain."""
    changed = before != after
    values = CLASS_LIST.meaning[before]
    assert not (changed & ~swept(points, chosen.diameter, square=False)).any()
    assert chosen.writable[values[changed]].all()
    if chosen.operation == Operation.ACCEPT:
        assert (values[changed] == UNLABELLED).all()
        assert np.array_equal(after[changed], CLASS_LIST.accepted_as[proposal()[changed]])
    else:
        erases = chosen.operation == Operation.ERASE
        assert (after[changed] == (UNLABELLED if erases else chosen.class_index)).all()


@given(sequences)
@settings(max_examples=60)
def test_any_sequence_equals_the_reference(
    qapp: object, tmp_path_factory: pytest.TempPathFactory, sequence: list[object]
) -> None:
    folder = tmp_path_factory.mktemp("alike")
    Image.fromarray(IMAGE).save(folder / "image.png")
    project = Project.create(folder / "project", CLASSES)
    project.add_images([probe(folder / "image.png")])
    proposed = proposal()
    document, reference = open_document(project, IMAGE, proposed), Reference(proposed)
    for step in sequence:
        if isinstance(step, tuple):
            tool, points, dragged, chosen, ending = step
            perform(document, tool, points, dragged, chosen, ending)
            if ending == "cancelled":
                pass
            elif tool == "smart_brush":
                after = document.mask.read_stored(document.mask.bounds)
                check_smart(reference.stored, after, points, chosen)
                reference.change(after)
            else:
                covered = area_of(tool, points[0], dragged, chosen, reference)
                reference.cover(covered, chosen.operation, chosen)
        elif step == "reopen":
            project.close()
            project = Project.open(folder / "project")
            document = open_document(project, IMAGE, proposed)
        elif step == "accept":
            document.accept_proposal()
            reference.accept()
        else:
            (document.undo if step == "undo" else document.redo)()
            (reference.undo if step == "undo" else reference.redo)()
        check(project, document, reference)
    project.close()


@given(places, st.integers(0, 60))
@settings(max_examples=20)
def test_the_smart_brush_does_the_same_twice_and_covers_what_is_under_it(
    qapp: object, tmp_path_factory: pytest.TempPathFactory, at: ImagePoint, tolerance: int
) -> None:
    found = []
    for _ in range(2):
        folder = tmp_path_factory.mktemp("twice")
        Image.fromarray(IMAGE).save(folder / "image.png")
        project = Project.create(folder / "project", CLASSES)
        project.add_images([probe(folder / "image.png")])
        document = open_document(project, IMAGE, proposal())
        chosen = ToolSettings(class_index=1, diameter=41, tolerance=tolerance)
        perform(document, "smart_brush", [at], 0, chosen, "done")
        found.append(document.mask.to_array())
        project.close()
    assert np.array_equal(*found)
    row, column = math.floor(at.y), math.floor(at.x)
    if 0 <= row < SHAPE[0] and 0 <= column < SHAPE[1]:
        assert found[0][row, column] == 1
