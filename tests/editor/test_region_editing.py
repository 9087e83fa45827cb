"""Region commands on an open image: named, undone, within locks, large ones in a worker."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.paint_mode import PaintMode, writable
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.region_editing import (
    RegionChoice,
    RegionKind,
    RegionRequest,
    region_command,
    run,
)
from cnnseg_gui.editor.tools.base import ImagePoint, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush
from tests.core.painted import blobs
from tests.editor.conftest import OpenDocument

CHOICE = RegionChoice(make_classes(("background", "cell", "debris")), active=1)


def opened(open_document: OpenDocument, mask: Pixels) -> Document:
    document = open_document(np.zeros((*mask.shape, 3), np.uint8))
    document.mask.write(0, 0, mask)
    return document


def ring() -> Pixels:
    mask = np.full((100, 120), UNLABELLED, np.uint8)
    mask[20:60, 20:60] = 1
    mask[30:50, 30:50] = UNLABELLED
    return mask


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (RegionRequest(RegionKind.FILL_HOLES), "Fill holes in cell"),
        (RegionRequest(RegionKind.REMOVE_SPECKS, pixels=2000), "Remove specks of cell"),
        (RegionRequest(RegionKind.SMOOTH, pixels=4), "Smooth cell"),
        (RegionRequest(RegionKind.GROW, pixels=3), "Grow cell by 3 px"),
        (RegionRequest(RegionKind.SHRINK, True, pixels=2), "Shrink all classes by 2 px"),
        (RegionRequest(RegionKind.REPLACE_CLASS, target=2), "Replace cell by debris"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_command_is_one_named_step_that_is_undone_exactly(
    open_document: OpenDocument, request_: RegionRequest, name: str
) -> None:
    document = opened(open_document, ring())
    changed = run(document, region_command(request_, CHOICE))
    assert changed == (document.mask.to_array() != ring()).sum() > 0
    assert document.undo_name == name
    document.undo()
    assert np.array_equal(document.mask.to_array(), ring())


def test_a_command_that_finds_nothing_leaves_no_step(open_document: OpenDocument) -> None:
    document = opened(open_document, ring())
    keep = region_command(RegionRequest(RegionKind.KEEP_LARGEST), CHOICE)
    assert run(document, keep) == 0
    assert document.undo_name is None


def test_a_large_image_is_worked_on_beside_the_window(
    open_document: OpenDocument, qtbot: QtBot
) -> None:
    mask = blobs(1, (1200, 1300), coarse=10.0)
    document = opened(open_document, mask)
    command = region_command(RegionRequest(RegionKind.SHRINK, True, pixels=2), CHOICE)
    assert run(document, command) is None
    assert document.computing
    document.press(Brush(), ImagePoint(600.0, 600.0), ToolSettings(class_index=2, diameter=300))
    document.release()
    qtbot.waitUntil(lambda: not document.computing)
    shrunk = opened(open_document, mask)
    shrunk.fill(command.name, list(command.changes(shrunk.mask)))
    stroke = np.hypot(*(np.ogrid[:1200, :1300][k] + 0.5 - 600 for k in (0, 1))) <= 150
    painted = document.mask.to_array()
    assert (painted[stroke & (mask != 2)] == 2).all()  # what is painted meanwhile stays
    assert np.array_equal(painted[~stroke], shrunk.mask.to_array()[~stroke])


def test_what_is_being_drawn_is_finished_first(open_document: OpenDocument) -> None:
    document = opened(open_document, ring())
    document.press(Brush(), ImagePoint(80.0, 100.0), ToolSettings(diameter=10))
    run(document, region_command(RegionRequest(RegionKind.FILL_HOLES), CHOICE))
    assert not document.painting
    document.undo()
    assert document.undo_name == "Brush stroke"


def test_only_the_visible_part_is_changed(open_document: OpenDocument) -> None:
    document = opened(open_document, ring())
    area = Rect(0, 0, 100, 40)
    run(document, region_command(RegionRequest(RegionKind.FILL_HOLES), CHOICE, area))
    expected = ring()
    expected[30:50, 30:40] = 1
    assert np.array_equal(document.mask.to_array(), expected)


def test_a_locked_class_is_refused_with_a_way_out() -> None:
    locked = RegionChoice(CHOICE.classes, active=1, locked=frozenset({1}))
    with pytest.raises(UserError, match=r"the class “cell” is locked\. Unlock it"):
        region_command(RegionRequest(RegionKind.GROW, pixels=2), locked)
    onto = RegionRequest(RegionKind.REPLACE_CLASS, target=1)
    with pytest.raises(UserError, match="the class “cell” is locked"):
        region_command(onto, RegionChoice(CHOICE.classes, active=2, locked=frozenset({1})))
    with pytest.raises(UserError, match="there is no class to change"):
        region_command(
            RegionRequest(RegionKind.GROW, True, pixels=2),
            RegionChoice(CHOICE.classes, active=0, locked=frozenset({1, 2})),
        )


def test_all_classes_leave_the_locked_ones_out(open_document: OpenDocument) -> None:
    before = blobs(4, (300, 300))
    document = opened(open_document, before)
    locked = frozenset({2})
    table = writable(PaintMode.EVERYTHING, locked=locked)
    choice = RegionChoice(CHOICE.classes, active=2, writable=table, locked=locked)
    run(document, region_command(RegionRequest(RegionKind.SMOOTH, True, pixels=3), choice))
    document.settle()
    after = document.mask.to_array()
    assert np.array_equal(after == 2, before == 2)
    assert not np.array_equal(after, before)
