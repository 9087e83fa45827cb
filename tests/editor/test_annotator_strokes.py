"""The simulated person of the benches: what it paints is exactly the truth, and never beyond it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.proposal import composite
from cnnseg_gui.core.raster import stroke_segment
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush
from tests.bench.annotator import PIXELS_PER_S, Annotator, Stroke
from tests.editor.conftest import OpenDocument


def picture(shape: tuple[int, int] = (60, 80)) -> Pixels:
    """Two discs that touch, a ring, a thin line across, and a part of which nothing is known."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    truth = np.zeros(shape, np.uint8)
    truth[(y - 20) ** 2 + (x - 20) ** 2 < 120] = 1
    truth[(y - 32) ** 2 + (x - 34) ** 2 < 90] = 2
    ring = (y - 30) ** 2 + (x - 60) ** 2
    truth[(ring < 200) & (ring > 60)] = 1
    truth[(np.abs(y - x * 0.6) < 1) & (truth == 0)] = 2
    truth[50:, 60:] = UNLABELLED
    return truth


def paint(document: Document, stroke: Stroke) -> None:
    first, *rest = (ImagePoint(*point) for point in stroke.points.tolist())
    document.press(Brush(), first, ToolSettings(stroke.class_index, stroke.diameter))
    for point in rest:
        document.move(point)
    document.release()


@pytest.mark.parametrize("thinnest", [1, 3])
def test_an_image_is_painted_as_it_truly_is(open_document: OpenDocument, thinnest: int) -> None:
    truth = picture()
    document = open_document(np.repeat(truth[..., None], 3, axis=2))
    person, known = Annotator(truth, thinnest=thinnest), truth != UNLABELLED
    seconds = 0.0
    while (stroke := person.next_stroke(document.mask.to_array())) is not None:
        paint(document, stroke)
        seconds += stroke.seconds
        painted = document.mask.to_array()
        assert (painted == truth)[known & (painted != UNLABELLED)].all()
    right = (document.mask.to_array() == truth)[known].mean()
    assert right == 1 if thinnest == 1 else right > 0.9
    assert seconds < truth.size / PIXELS_PER_S


def test_only_what_is_proposed_wrongly_is_painted(open_document: OpenDocument) -> None:
    truth = picture()
    document = open_document(np.repeat(truth[..., None], 3, axis=2))
    proposed = truth.copy()
    proposed[10:26, 10:26] = 0
    document.show_proposal(0, 0, proposed, np.full_like(proposed, 200))
    person, strokes = Annotator(truth), 0
    while stroke := person.next_stroke(composite(document.mask.to_array(), proposed)):
        assert stroke.class_index == 1
        paint(document, stroke)
        strokes += 1
    assert 0 < strokes < 5
    decided = document.mask.to_array()
    assert (decided[10:26, 10:26][truth[10:26, 10:26] == 1] == 1).mean() > 0.9
    assert (decided[40:] == UNLABELLED).all()


@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 12), st.integers(1, 12)),
        elements=st.sampled_from([0, 1, 255]),
    )
)
def test_whatever_the_truth_every_stroke_mends_something(truth: Pixels) -> None:
    person, known = Annotator(truth, thinnest=1), truth != UNLABELLED
    mask = Mask(*truth.shape)
    for _ in range(truth.size + 1):
        shown = mask.to_array()
        stroke = person.next_stroke(shown)
        if stroke is None:
            break
        before = np.count_nonzero(shown[known] != truth[known])
        sweep(mask, stroke)
        after = mask.to_array()
        assert np.count_nonzero(after[known] != truth[known]) < before
    assert (mask.to_array() == truth)[known].all()


def sweep(mask: Mask, stroke: Stroke) -> None:
    builder, last = PatchBuilder(mask), stroke.points[0]
    for point in stroke.points:
        for top, left, covered in stroke_segment(*last, *point, radius=stroke.diameter / 2):
            builder.paint(top, left, covered, stroke.class_index)
        last = point
    builder.finish()
