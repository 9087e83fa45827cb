"""The bucket fills what is connected: in colour or in class, at once or in a worker."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.paint_mode import PaintMode, writable
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, Operation, ToolSettings
from cnnseg_gui.editor.tools.bucket import Bucket
from tests.editor.conftest import OpenDocument

INSIDE = ImagePoint(350.5, 450.5)


def fill(document: Document, at: ImagePoint, settings: ToolSettings) -> Pixels:
    document.press(Bucket(), at, settings)
    document.release(at)
    document.settle()
    return document.mask.to_array()


def area(pixels: Pixels, at: ImagePoint, tolerance: int) -> np.ndarray:
    """What should be filled, from the whole image at once."""
    row, column = int(at.y), int(at.x)
    distance = np.abs(pixels.astype(int) - pixels[row, column].astype(int)).max(axis=2)
    numbers, _ = ndimage.label(distance <= tolerance)
    return numbers == numbers[row, column]


@pytest.mark.parametrize("tolerance", [0, 5, 12])
def test_the_bucket_fills_the_area_of_one_colour(
    open_document: OpenDocument, two_greys: Pixels, tolerance: int
) -> None:
    document = open_document(two_greys)
    mask = fill(document, INSIDE, ToolSettings(class_index=2, tolerance=tolerance))
    assert np.array_equal(mask == 2, area(two_greys, INSIDE, tolerance))
    assert set(np.unique(mask)) <= {2, UNLABELLED}
    assert document.undo_name == "Bucket"


def test_a_large_area_comes_from_a_worker_and_is_one_step_to_undo(
    open_document: OpenDocument, qtbot: QtBot
) -> None:
    pixels = np.full((2000, 2100, 3), 100, np.uint8)
    pixels[:, 1000] = 0
    pixels[1500, 1000] = 100
    document = open_document(pixels)
    document.press(Bucket(), ImagePoint(3.0, 3.0), ToolSettings())
    document.release(ImagePoint(3.0, 3.0))
    assert document.computing
    qtbot.waitUntil(lambda: not document.computing)
    assert np.array_equal(document.mask.to_array() == 1, pixels[..., 0] == 100)
    document.undo()
    assert (document.mask.to_array() == UNLABELLED).all()


def test_erasing_with_the_bucket_shows_the_proposal_again(
    open_document: OpenDocument, two_greys: Pixels
) -> None:
    document = open_document(two_greys)
    fill(document, INSIDE, ToolSettings(tolerance=12))
    mask = fill(document, INSIDE, ToolSettings(tolerance=12, operation=Operation.ERASE))
    assert (mask == UNLABELLED).all()
    assert document.undo_name == "Erase with bucket"


@pytest.mark.parametrize("side", [600, 1900])
def test_accepting_with_the_bucket_takes_what_is_proposed_there(
    open_document: OpenDocument, side: int
) -> None:
    pixels = np.full((side, side, 3), 100, np.uint8)
    pixels[300:] = 200
    document = open_document(pixels)
    proposed = np.zeros((side, side), np.uint8)
    proposed[:, 200:] = 1
    proposed[:, 400:] = 2
    proposed[:, 550:] = UNLABELLED
    document.show_proposal(0, 0, proposed, np.full_like(proposed, 200))
    settings = ToolSettings(tolerance=10, operation=Operation.ACCEPT)
    at = ImagePoint(side - 50.0, 100.0)
    mask = fill(document, at, settings)
    assert np.array_equal(mask[300:], proposed[300:])
    assert (mask[:300] == UNLABELLED).all()


@pytest.mark.parametrize("side", [500, 1800])
def test_by_class_it_fills_what_is_shown_in_one_class(
    open_document: OpenDocument, side: int
) -> None:
    """The mask where decided, the proposal elsewhere."""
    document = open_document(np.full((side, side, 3), 90, np.uint8))
    proposed = np.ones((side, side), np.uint8)
    proposed[:, 300:] = 0
    proposed[400:, :] = 1
    document.show_proposal(0, 0, proposed, np.full_like(proposed, 200))
    shown = proposed.copy()
    shown[390:400] = 2
    document.mask.write(390, 0, np.full((10, side), 2, np.uint8))
    at = ImagePoint(10.0, 10.0)
    mask = fill(document, at, ToolSettings(class_index=0, by_class=True))
    numbers, _ = ndimage.label(shown == 1)
    assert np.array_equal(mask == 0, numbers == numbers[10, 10])


def test_the_bucket_leaves_locked_classes_alone(
    open_document: OpenDocument, two_greys: Pixels
) -> None:
    document = open_document(two_greys)
    document.mask.write(300, 300, np.full((50, 300), 2, np.uint8))
    before = document.mask.to_array()
    locked = writable(PaintMode.EVERYTHING, locked={2})
    mask = fill(document, INSIDE, ToolSettings(tolerance=12, writable=locked))
    assert np.array_equal(mask == 2, before == 2)
    assert (mask[360, 300:600] == 1).all()


def test_a_press_beside_the_image_fills_nothing(
    open_document: OpenDocument, two_greys: Pixels
) -> None:
    document = open_document(two_greys)
    for at in (ImagePoint(-1.0, 5.0), ImagePoint(5.0, 900.0), ImagePoint(700.0, 5.0)):
        assert (fill(document, at, ToolSettings()) == UNLABELLED).all()


def test_the_area_shows_at_the_press_and_is_gone_when_cancelled(
    open_document: OpenDocument, two_greys: Pixels
) -> None:
    document = open_document(two_greys)
    redrawn: list[Rect] = []
    document.region_changed.connect(redrawn.append)
    document.press(Bucket(), INSIDE, ToolSettings(tolerance=12))
    assert (document.mask.to_array() == 1).any()
    assert redrawn
    document.cancel()
    assert (document.mask.to_array() == UNLABELLED).all()
    assert document.undo_name is None
