"""An approval can be taken back, and so can the first stroke on an image."""

from __future__ import annotations

import csv

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import APPROVED, IN_WORK, NEW
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow

from .test_image_filter import shown
from .test_layout import choose_in_menu
from .test_painting import drag, mask_of

LEFT = Qt.MouseButton.LeftButton
pytestmark = pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)


def approved(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """The first image is approved and shown."""
    qtbot.waitUntil(
        lambda: (
            window.workspace.document is not None and window.workspace.document.proposed_by is None
        )
    )
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(50, 100))
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: at(window) == 2)
    assert not window.actions_by_name["disapprove"].isEnabled(), "the second image is new"
    qtbot.keyClick(window.canvas, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: at(window) == 1)
    return window


def at(window: MainWindow) -> int | None:
    document = window.workspace.document
    return None if document is None else document.record.id


def status(window: MainWindow, image_id: int = 1) -> str:
    assert window.workspace.project is not None
    return window.workspace.project.image(image_id).status


def test_an_approval_is_taken_back_in_the_menu_and_the_mask_stays(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = approved(open_sample, qtbot)
    assert status(window) == APPROVED
    painted = mask_of(window)
    choose_in_menu(window, qtbot, "disapprove")
    assert status(window) == IN_WORK
    assert at(window) == 1
    assert (mask_of(window) == painted).all()
    assert not window.actions_by_name["disapprove"].isEnabled()
    assert "0 approved" in window.images_panel.count_text


def test_an_approval_is_taken_back_in_the_list_with_the_right_button(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = approved(open_sample, qtbot)
    images = window.images_panel.list

    def menu_of(row: int) -> QMenu:
        place = images.visualRect(images.model().index(row, 0)).center()
        event = QContextMenuEvent(
            QContextMenuEvent.Reason.Mouse, place, images.viewport().mapToGlobal(place)
        )
        QApplication.sendEvent(images.viewport(), event)
        return window.images_panel.findChildren(QMenu)[-1]

    def entry(menu: QMenu) -> QPoint:
        (action,) = [one for one in menu.actions() if one.text() == "Not Approved"]
        assert action.isEnabled() == (status(window, 1 if menu is first else 2) == APPROVED)
        return menu.actionGeometry(action).center()

    first = menu_of(0)
    qtbot.mouseClick(first, LEFT, pos=entry(first))
    assert status(window) == IN_WORK
    second = menu_of(1)
    entry(second)
    second.close()


def test_an_image_is_new_again_once_its_only_stroke_is_undone(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, panel = open_sample, open_sample.images_panel
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(50, 100))
    panel.status.setCurrentIndex(panel.status.findData(NEW))
    assert 1 not in shown(window)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert status(window) == NEW
    assert "0 in work" in panel.count_text
    panel.status.setCurrentIndex(0)
    panel.status.setCurrentIndex(panel.status.findData(NEW))
    assert 1 in shown(window)
    assert window.workspace.project is not None
    folder = window.workspace.project.folder
    window.close()
    with (folder / "masks" / "images.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["status"], first["held_out"]) == (NEW, "no"), "the mirror says so too"
