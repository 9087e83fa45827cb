"""From the mouse to the pixel and back: painting, erasing, undo, closing and reopening."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import APPROVED, IN_WORK
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow

LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def drag(
    qtbot: QtBot,
    window: MainWindow,
    first: ImagePoint,
    last: ImagePoint,
    keys: Qt.KeyboardModifier = NO_KEYS,
) -> None:
    canvas = window.canvas
    start, end = (canvas.widget_position(point).toPoint() for point in (first, last))
    qtbot.mousePress(canvas, LEFT, keys, start)
    qtbot.mouseMove(canvas, end)
    qtbot.mouseRelease(canvas, LEFT, keys, end)


def settled(window: MainWindow) -> QImage:
    """The canvas once nothing of it is drawn from a stand-in any more."""
    picture = window.canvas.grab().toImage()
    while not window.canvas.complete:
        QApplication.processEvents()
        picture = window.canvas.grab().toImage()
    return picture


def within_a_pixel(off: QPointF) -> bool:
    """The image lies on whole pixels of the screen: its places are rounded to them."""
    return max(abs(off.x()), abs(off.y())) <= 1


def mask_of(window: MainWindow) -> np.ndarray:
    assert window.workspace.document is not None
    return window.workspace.document.mask.to_array()


def test_a_stroke_paints_the_class_under_the_cursor(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    window.set_diameter(20)
    drag(qtbot, window, ImagePoint(100, 100), ImagePoint(100, 160))
    mask = mask_of(window)
    assert (mask[95:105, 100:160] == 1).all()
    assert (mask[120:, :] == UNLABELLED).all()
    rows, columns = np.nonzero(mask == 1)
    assert abs(rows.max() - rows.min() - 20) <= 1
    assert abs(columns.max() - columns.min() - 80) <= 2


def test_number_keys_choose_the_class_and_e_erases(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    qtbot.keyClick(window, Qt.Key.Key_0)
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(50, 100))
    assert mask_of(window)[50, 75] == 0
    qtbot.keyClick(window, Qt.Key.Key_E)
    drag(qtbot, window, ImagePoint(50, 70), ImagePoint(50, 80))
    assert mask_of(window)[50, 75] == UNLABELLED
    qtbot.keyClick(window, Qt.Key.Key_B)
    drag(qtbot, window, ImagePoint(50, 70), ImagePoint(50, 80))
    assert mask_of(window)[50, 75] == 0


def test_alt_erases_while_it_is_held(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(50, 100))
    drag(qtbot, window, ImagePoint(50, 70), ImagePoint(50, 80), Qt.KeyboardModifier.AltModifier)
    assert mask_of(window)[50, 75] == UNLABELLED
    assert window.actions_by_name["brush"].isChecked()


def test_undo_and_redo_by_key_restore_the_pixels(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    blank = mask_of(window)
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(90, 100))
    painted = mask_of(window)
    assert window.actions_by_name["undo"].text() == "Undo Brush stroke"
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(mask_of(window), blank)
    assert not window.actions_by_name["undo"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(mask_of(window), painted)


def test_escape_takes_the_stroke_back_while_it_is_drawn(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    canvas = window.canvas
    place = canvas.widget_position(ImagePoint(60, 60)).toPoint()
    qtbot.mousePress(canvas, LEFT, NO_KEYS, place)
    qtbot.mouseMove(canvas, place + QPoint(60, 10))
    assert (mask_of(window) == 1).any()
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert (mask_of(window) == UNLABELLED).all()
    qtbot.mouseRelease(canvas, LEFT, NO_KEYS, place)
    assert not window.actions_by_name["undo"].isEnabled()


def test_closing_and_reopening_shows_every_stroke_and_undo_goes_on(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    assert window.workspace.project is not None
    folder = window.workspace.project.folder
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(90, 100))
    first = mask_of(window)
    drag(qtbot, window, ImagePoint(150, 50), ImagePoint(190, 100))
    both = mask_of(window)
    window.close()
    again = MainWindow(device="cpu")
    qtbot.addWidget(again)
    again.show()
    again.workspace.open_project(folder)
    qtbot.waitUntil(lambda: again.workspace.document is not None)
    assert np.array_equal(mask_of(again), both)
    qtbot.keyClick(again, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(mask_of(again), first)
    again.close()


def test_stepping_keeps_each_images_own_strokes(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(90, 100))
    painted = mask_of(window)
    first = window.workspace.document
    qtbot.keyClick(window, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: window.workspace.document not in (first, None))
    assert (mask_of(window) == UNLABELLED).all()
    second = window.workspace.document
    qtbot.keyClick(window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.workspace.document not in (second, None))
    assert np.array_equal(mask_of(window), painted)
    assert [record.status for record in window.workspace.images()][:2] == [IN_WORK, "new"]


def test_an_image_that_is_read_meanwhile_waits_for_the_end_of_the_stroke(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, canvas = open_sample, open_sample.canvas
    window.set_diameter(10)
    first = window.workspace.document
    assert first is not None
    ends = (canvas.widget_position(ImagePoint(60, x)).toPoint() for x in (40, 120, 200))
    start, middle, end = ends
    qtbot.mousePress(canvas, LEFT, NO_KEYS, start)
    qtbot.mouseMove(canvas, middle)
    window.workspace.open_image(7)  # no neighbour, which would be read already
    assert window.workspace._reading_pool.waitForDone(20_000)
    qtbot.wait(300)
    assert window.workspace.document is first
    assert first.painting
    qtbot.mouseMove(canvas, end)
    painted = mask_of(window)
    assert (painted[60, 40:200] == 1).all()
    qtbot.mouseRelease(canvas, LEFT, NO_KEYS, end)
    qtbot.waitUntil(lambda: window.workspace.document not in (first, None))
    assert window.workspace.document is not None
    assert window.workspace.document.record.id == 7
    assert (mask_of(window) == UNLABELLED).all()
    project = window.workspace.project
    assert project is not None
    assert np.array_equal(project.load_mask(1).to_array(), painted)
    assert len(project.history(1)) == 1


def test_accept_and_approve_decide_only_what_was_open(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    document = window.workspace.document
    assert document is not None
    qtbot.waitUntil(lambda: document.proposed_by is None)  # no engine runs here
    proposed = np.zeros(document.mask.shape, np.uint8)
    proposed[:, 200:] = 1
    document.show_proposal(0, 0, proposed, np.full_like(proposed, 255))
    drag(qtbot, window, ImagePoint(50, 50), ImagePoint(50, 100))
    before = mask_of(window)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    assert np.array_equal(mask_of(window), np.where(before == UNLABELLED, proposed, before))
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(mask_of(window), before)
    number = document.record.id
    qtbot.keyClick(window.canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.workspace.document not in (document, None))
    assert window.workspace.project is not None
    assert window.workspace.project.image(number).status == APPROVED
    stored = window.workspace.project.load_mask(number).to_array()
    assert np.array_equal(stored, np.where(before == UNLABELLED, proposed, before))


def test_the_wheel_zooms_where_the_cursor_is(open_sample: MainWindow) -> None:
    canvas = open_sample.canvas
    place = canvas.widget_position(ImagePoint(60, 200))
    scale = canvas.view_transform.scale
    event = QWheelEvent(
        place,
        QPointF(canvas.mapToGlobal(place.toPoint())),
        QPoint(0, 0),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        NO_KEYS,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)
    assert canvas.view_transform.scale > 1.3 * scale
    moved = canvas.widget_position(ImagePoint(60, 200)) - place
    assert within_a_pixel(moved)


def test_space_and_drag_pans_without_approving(open_sample: MainWindow, qtbot: QtBot) -> None:
    canvas = open_sample.canvas
    before = canvas.widget_position(ImagePoint(0, 0))
    start = QPoint(300, 300)
    qtbot.keyPress(canvas, Qt.Key.Key_Space)
    qtbot.mousePress(canvas, LEFT, NO_KEYS, start)
    qtbot.mouseMove(canvas, start + QPoint(40, 25))
    qtbot.mouseRelease(canvas, LEFT, NO_KEYS, start + QPoint(40, 25))
    qtbot.keyRelease(canvas, Qt.Key.Key_Space)
    moved = canvas.widget_position(ImagePoint(0, 0)) - before
    assert within_a_pixel(moved - QPointF(40, 25))
    assert (mask_of(open_sample) == UNLABELLED).all()
    assert open_sample.workspace.images()[0].status == "new"


def test_what_is_painted_is_what_the_screen_shows(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    window.set_diameter(30)
    ratio = window.canvas.devicePixelRatioF()
    place = (window.canvas.widget_position(ImagePoint(128, 160)) * ratio).toPoint()
    before = window.canvas.grab().toImage().pixelColor(place)
    drag(qtbot, window, ImagePoint(128, 150), ImagePoint(128, 170))
    qtbot.mouseMove(window.canvas, QPoint(5, 5))
    after = window.canvas.grab().toImage().pixelColor(place)
    assert after != before
    window.actions_by_name["hide_overlay"].toggle()
    assert window.canvas.grab().toImage().pixelColor(place) == before


def test_a_dab_at_fit_shows_the_same_as_drawing_afresh(
    window: MainWindow, qtbot: QtBot, make_project: Callable[..., Path]
) -> None:
    """The cells of the pyramid above the brush are kept up to date."""
    window.workspace.open_project(make_project((2300, 2100)))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    window.set_diameter(150)
    window.canvas.grab()
    for k in range(5):
        drag(qtbot, window, ImagePoint(200 + 380 * k, 200), ImagePoint(300 + 370 * k, 1900))
        qtbot.keyClick(window, Qt.Key.Key_0 + k % 2)
    qtbot.mouseMove(window.canvas, QPoint(1, 1))
    qtbot.wait(50)
    kept = settled(window)
    document = window.workspace.document
    assert document is not None
    window.canvas.show_document(None, window.painting.table())
    window.canvas.show_document(document, window.painting.table())
    assert kept == settled(window)


def test_a_project_is_closed_cleanly_with_the_window(open_sample: MainWindow, qtbot: QtBot) -> None:
    assert open_sample.workspace.project is not None
    folder = open_sample.workspace.project.folder
    open_sample.close()
    Project.open(folder).close()


def test_a_stroke_ends_with_its_button_whatever_the_others_do(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    canvas = open_sample.canvas
    place = canvas.widget_position(ImagePoint(60, 60)).toPoint()
    middle = Qt.MouseButton.MiddleButton
    qtbot.mousePress(canvas, LEFT, NO_KEYS, place)
    qtbot.mousePress(canvas, middle, NO_KEYS, place)
    qtbot.mouseRelease(canvas, LEFT, NO_KEYS, place)
    qtbot.mouseRelease(canvas, middle, NO_KEYS, place)
    painted = mask_of(open_sample)
    qtbot.mouseMove(canvas, place + QPoint(150, 80))
    assert np.array_equal(mask_of(open_sample), painted)
    assert open_sample.workspace.document is not None
    assert not open_sample.workspace.document.painting


def test_enter_elsewhere_than_on_the_canvas_accepts_nothing(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    document = open_sample.workspace.document
    assert document is not None
    proposed = np.ones(document.mask.shape, np.uint8)
    document.show_proposal(0, 0, proposed, proposed)
    seconds = open_sample.training_panel.seconds
    seconds.setFocus()
    qtbot.keyClick(seconds, Qt.Key.Key_Return)
    images = open_sample.images_panel.list
    images.setFocus()
    qtbot.keyClick(images, Qt.Key.Key_Down)
    qtbot.keyClick(images, Qt.Key.Key_Return)
    assert (document.mask.to_array() == UNLABELLED).all()
    qtbot.waitUntil(lambda: open_sample.workspace.document not in (document, None))
    assert open_sample.workspace.document is not None
    assert open_sample.workspace.document.record.id == 2


def test_tapping_space_twice_shows_every_image(open_sample: MainWindow, qtbot: QtBot) -> None:
    workspace = open_sample.workspace
    document = workspace.document
    assert document is not None
    qtbot.waitUntil(lambda: document.proposed_by is None)  # no engine runs here
    drag(qtbot, open_sample, ImagePoint(50, 50), ImagePoint(50, 100))
    for _ in range(2):
        qtbot.keyClick(open_sample.canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: workspace.document not in (document, None))
    qtbot.wait(300)
    assert workspace.document is not None
    assert workspace.document.record.id == 2
    statuses = [record.status for record in workspace.images()][:3]
    assert statuses == [APPROVED, "new", "new"]


def test_an_image_without_a_decision_is_not_approved(open_sample: MainWindow, qtbot: QtBot) -> None:
    document = open_sample.workspace.document
    assert document is not None
    qtbot.waitUntil(lambda: document.proposed_by is None)
    qtbot.keyClick(open_sample.canvas, Qt.Key.Key_Space)
    assert "nothing is decided" in open_sample.banner.text
    assert open_sample.workspace.images()[0].status == "new"


def test_a_screen_of_another_density_shows_the_image_at_the_same_place(
    open_sample: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas = open_sample.canvas
    before = canvas.widget_position(ImagePoint(60, 200))
    ratio = canvas.devicePixelRatioF()
    monkeypatch.setattr(type(canvas), "devicePixelRatioF", lambda _: 2 * ratio)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.DevicePixelRatioChange))
    assert within_a_pixel(canvas.widget_position(ImagePoint(60, 200)) - before)
