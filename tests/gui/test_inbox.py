"""The label inbox: what is listed, gone to, kept for good, and changed as a gesture."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.contradictions import Contradiction
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.inbox import Suspect
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.engine.messages import Slip, Slips
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag, mask_of

LEFT = Qt.MouseButton.LeftButton
PATIENCE_MS = 120_000
RECT = Rect(52, 60, 68, 100)


@pytest.fixture
def painted(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    """A stroke of nucleus on the first and on the third image; the inbox in front."""
    window = open_sample
    window.set_diameter(20)
    for number in (1, 3):
        show(window, qtbot, number)
        drag(qtbot, window, ImagePoint(60, 50), ImagePoint(60, 130))
    window.actions_by_name["look_for_slips"].trigger()
    qtbot.waitUntil(window.review_panels.inbox.look.isEnabled)
    return window


def show(window: MainWindow, qtbot: QtBot, number: int) -> None:
    window.workspace.open_image(number)
    qtbot.waitUntil(lambda: shown(window) == number)


def shown(window: MainWindow) -> int:
    document = window.workspace.document
    return document.record.id if document is not None else 0


def arrives(window: MainWindow, image: int, *, pixels: int = 640, sure: float = 0.95) -> None:
    """As the engine tells it, that a region of an image is rather background."""
    inbox, project = window.reviewing.inbox, window.workspace.project
    assert project is not None
    record = project.image(image)
    inbox._request = 77
    inbox._records[record.content] = record
    covered = np.zeros((RECT.height, RECT.width), np.bool_)
    covered.flat[:pixels] = True
    corners = (RECT.top, RECT.left, RECT.bottom, RECT.right)
    slip = Slip(rect=corners, pixels=pixels, decided=1, proposed=0, confidence=sure)
    window.engine.slips_found.emit(
        Slips(request=77, image=record.content, regions=(slip,)),
        [Contradiction(RECT, pixels, 1, 0, sure, covered)],
    )


def click(window: MainWindow, row: int) -> Suspect:
    listed = window.review_panels.inbox.list
    place = listed.visualItemRect(listed.item(row)).center()
    QTest.mouseClick(listed.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    return window.review_panels.inbox.suspects[row]


def test_the_weightiest_comes_first_and_a_click_goes_there(
    painted: MainWindow, qtbot: QtBot
) -> None:
    arrives(painted, 3, pixels=100)
    arrives(painted, 1)
    panel = painted.review_panels.inbox
    assert [suspect.record.id for suspect in panel.suspects] == [1, 3]
    assert "nucleus → background, 95% sure" in panel.list.item(0).text()
    assert "640" in panel.list.item(0).text()
    empty = panel.list.item(0).icon().pixmap(56, 56).toImage()
    qtbot.waitUntil(lambda: panel.list.item(0).icon().pixmap(56, 56).toImage() != empty)
    assert shown(painted) == 3
    click(painted, 0)
    qtbot.waitUntil(lambda: shown(painted) == 1)

    def seen_from_near() -> bool:
        seen = painted.canvas.visible_rect
        return seen.intersection(RECT) == RECT and seen.width < 320

    qtbot.waitUntil(seen_from_near)


def test_what_is_kept_is_not_shown_again_and_the_mask_stays(
    painted: MainWindow, qtbot: QtBot
) -> None:
    arrives(painted, 3)
    before = mask_of(painted)
    click(painted, 0)
    qtbot.mouseClick(painted.review_panels.inbox.keep, LEFT)
    assert painted.review_panels.inbox.suspects == []
    arrives(painted, 3)
    assert painted.review_panels.inbox.suspects == []
    np.testing.assert_array_equal(mask_of(painted), before)
    project = painted.workspace.project
    assert project is not None
    folder = project.folder
    painted.workspace.close_project()
    painted.workspace.open_project(folder)
    arrives(painted, 3)
    assert painted.review_panels.inbox.suspects == []
    arrives(painted, 1)
    assert len(painted.review_panels.inbox.suspects) == 1, "only there"


def test_a_change_is_one_gesture_of_its_image_and_spares_what_was_painted_since(
    painted: MainWindow, qtbot: QtBot
) -> None:
    arrives(painted, 1)
    click(painted, 0)
    qtbot.waitUntil(lambda: shown(painted) == 1)
    qtbot.keyClick(painted, Qt.Key.Key_E)
    painted.set_diameter(6)
    drag(qtbot, painted, ImagePoint(60, 70), ImagePoint(60, 80))
    before = mask_of(painted)
    show(painted, qtbot, 3)
    qtbot.mouseClick(painted.review_panels.inbox.change, LEFT)
    qtbot.waitUntil(lambda: shown(painted) == 1)
    inside = np.zeros_like(before, np.bool_)
    inside[RECT.slices] = True
    qtbot.waitUntil(lambda: bool((mask_of(painted)[60, 90:100] == 0).all()))
    after = mask_of(painted)
    np.testing.assert_array_equal(after, np.where(inside & (before == 1), 0, before))
    assert painted.review_panels.inbox.suspects == []
    assert painted.actions_by_name["undo"].text() == "Undo Change to background"
    QTest.keyClick(painted, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(mask_of(painted), before)


@pytest.mark.parametrize("locked", [0, 1])
def test_a_locked_class_is_neither_changed_nor_given(
    painted: MainWindow, qtbot: QtBot, locked: int
) -> None:
    arrives(painted, 1)
    click(painted, 0)
    qtbot.waitUntil(lambda: shown(painted) == 1)
    before = mask_of(painted)
    painted.tools.set_locked(frozenset({locked}))
    qtbot.mouseClick(painted.review_panels.inbox.change, LEFT)
    name = ("background", "nucleus")[locked]
    assert f"the class “{name}” is locked" in painted.banner.text
    assert len(painted.review_panels.inbox.suspects) == 1
    np.testing.assert_array_equal(mask_of(painted), before)
    painted.tools.set_locked(frozenset())
    qtbot.mouseClick(painted.review_panels.inbox.change, LEFT)
    assert painted.review_panels.inbox.suspects == []
    assert (mask_of(painted)[60, 80:100] == 0).all()


def test_one_image_alone_cannot_be_checked(open_sample: MainWindow, qtbot: QtBot) -> None:
    panel = open_sample.review_panels.inbox
    assert not panel.look.isEnabled()
    assert "Paint on two images first" in panel.look.toolTip()


def test_a_look_runs_to_its_end_and_another_can_be_cancelled(
    painted: MainWindow, qtbot: QtBot
) -> None:
    panel, inbox = painted.review_panels.inbox, painted.reviewing.inbox
    for number in (1, 3):  # background, too: of one class alone nothing is learnt
        show(painted, qtbot, number)
        qtbot.keyClick(painted, Qt.Key.Key_0)
        drag(qtbot, painted, ImagePoint(180, 60), ImagePoint(180, 200))
    painted.engine.start()
    panel.seconds.setValue(5)
    with qtbot.waitSignal(inbox.finished, timeout=PATIENCE_MS):
        qtbot.mouseClick(panel.look, LEFT)
    assert panel.said.startswith(("No mask", "1 region", *(f"{n} regions" for n in range(2, 99))))
    qtbot.mouseClick(panel.look, LEFT)
    with qtbot.waitSignal(inbox.progressed, timeout=PATIENCE_MS):
        pass
    with qtbot.waitSignal(inbox.stopped, timeout=PATIENCE_MS):
        qtbot.mouseClick(panel.cancel, LEFT)
    assert panel.said == "Cancelled."
    assert panel.look.isVisible()
