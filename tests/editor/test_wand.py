"""The wand: an area of one colour, whose tolerance follows the pointer."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, ToolSettings
from cnnseg_gui.editor.tools.wand import Wand
from tests.editor.conftest import OpenDocument
from tests.editor.test_bucket import area

AT = ImagePoint(350.5, 450.5)


def tolerance_of(document: Document) -> int:
    assert document.outline is not None
    return int(document.outline.text.split()[1].rstrip(","))


def painted(document: Document) -> np.ndarray:
    return document.mask.to_array() == 1


def test_dragging_right_takes_in_more_and_dragging_left_less(
    open_document: OpenDocument, two_greys: Pixels
) -> None:
    document = open_document(two_greys)
    document.press(Wand(), AT, ToolSettings(tolerance=20), scale=2.0)
    assert tolerance_of(document) == 20
    for x in (470.5, 560.5, 440.5, 430.5, 1000.5, -300.0):
        document.move(ImagePoint(350.5, x))
        tolerance = min(max(20 + round(x - AT.x), 0), 255)
        assert tolerance_of(document) == tolerance
        assert np.array_equal(painted(document), area(two_greys, AT, tolerance))
    document.move(ImagePoint(350.5, 445.5))
    document.release(ImagePoint(350.5, 445.5))
    assert np.array_equal(painted(document), area(two_greys, AT, 15))
    assert document.undo_name == "Wand"
    assert document.outline is None
    document.undo()
    assert (document.mask.to_array() == UNLABELLED).all()


def test_the_area_follows_the_screen_and_not_the_zoom(
    open_document: OpenDocument, two_greys: Pixels
) -> None:
    document = open_document(two_greys)
    for scale in (0.25, 1.0, 8.0):
        document.press(Wand(), AT, ToolSettings(tolerance=20), scale=scale)
        document.move(ImagePoint(AT.y, AT.x + 40 / scale))  # 40 screen pixels
        assert tolerance_of(document) == 40
        document.cancel()


def test_the_area_does_not_leave_what_is_visible_by_far(
    open_document: OpenDocument, two_greys: Pixels
) -> None:
    document = open_document(two_greys)
    visible = Rect(300, 400, 400, 500)
    document.press(Wand(), AT, ToolSettings(tolerance=255), visible=visible)
    document.release(AT)
    rows, columns = np.nonzero(painted(document))
    assert rows.min() >= visible.top - 64
    assert rows.max() < visible.bottom + 64
    assert columns.min() >= visible.left - 64
    assert columns.max() < visible.right + 64
    assert painted(document)[visible.slices].all()


def test_what_lies_far_from_the_press_follows_as_part_of_the_same_step(
    open_document: OpenDocument, qtbot: QtBot
) -> None:
    pixels = np.full((1500, 2500, 3), 100, np.uint8)
    pixels[:, 1200:1204] = 110
    pixels[700:, 2000:] = 200
    document = open_document(pixels)
    at = ImagePoint(600.5, 600.5)
    document.press(Wand(), at, ToolSettings(tolerance=5))
    document.move(ImagePoint(600.5, 620.5))
    assert document.outline is not None
    assert document.outline.text == "tolerance 15, goes on beyond"
    assert painted(document)[400:800, 400:800].all()
    document.release(ImagePoint(600.5, 620.5))
    qtbot.waitUntil(lambda: not document.computing)
    assert np.array_equal(painted(document), pixels[..., 0] < 115)
    document.undo()
    assert (document.mask.to_array() == UNLABELLED).all()
    assert document.undo_name is None


@pytest.mark.parametrize("at", [ImagePoint(-3.0, 10.0), ImagePoint(10.0, 2000.0)])
def test_a_press_beside_the_image_selects_nothing(
    open_document: OpenDocument, two_greys: Pixels, at: ImagePoint
) -> None:
    document = open_document(two_greys)
    document.press(Wand(), at, ToolSettings())
    document.move(ImagePoint(at.y, at.x + 30))
    document.release(at)
    assert document.undo_name is None
