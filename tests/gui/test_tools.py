"""Every tool with real mouse, pen and key events: from the gesture to the pixel and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QPointingDeviceUniqueId, QTabletEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.paint_mode import PaintMode
from cnnseg_gui.editor.region_editing import RegionKind
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.region_picker import RegionPicker
from cnnseg_gui.ui.main_window import MainWindow

LEFT, RIGHT, NO_KEYS = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.KeyboardModifier.NoModifier,
)
ALT, CTRL, SHIFT = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
SQUARE = [(60, 60), (60, 120), (120, 120), (120, 60)]


def place(window: MainWindow, point: tuple[float, float]) -> QPoint:
    return window.canvas.widget_position(ImagePoint(*point)).toPoint()


def trace(
    qtbot: QtBot,
    window: MainWindow,
    points: list[tuple[float, float]],
    keys: Qt.KeyboardModifier = NO_KEYS,
) -> None:
    """Presses at the first point, drags over the others, and lets go at the last."""
    canvas = window.canvas
    qtbot.mousePress(canvas, LEFT, keys, place(window, points[0]))
    for point in points[1:]:
        qtbot.mouseMove(canvas, place(window, point))
    qtbot.mouseRelease(canvas, LEFT, keys, place(window, points[-1]))


def click(
    qtbot: QtBot,
    window: MainWindow,
    point: tuple[float, float],
    keys: Qt.KeyboardModifier = NO_KEYS,
) -> None:
    qtbot.mouseMove(window.canvas, place(window, point))
    qtbot.mouseClick(window.canvas, LEFT, keys, place(window, point))


def mask_of(window: MainWindow) -> np.ndarray:
    assert window.workspace.document is not None
    return window.workspace.document.mask.to_array()


def propose(window: MainWindow, value: int = 1) -> None:
    """As if a network had proposed one class everywhere."""
    document = window.workspace.document
    assert document is not None
    height, width = document.mask.shape
    document.show_proposal(
        0, 0, np.full((height, width), value, np.uint8), np.full((height, width), 200, np.uint8)
    )


@pytest.fixture
def fine(open_sample: MainWindow) -> MainWindow:
    """The sample at 4:1 about its upper left part, so that a screen pixel is a known place."""
    open_sample.canvas.one_to_one()
    open_sample.canvas.zoom_by(4)
    open_sample.canvas.centre_on(ImagePoint(90, 90))
    return open_sample


def test_a_lasso_fills_what_it_surrounds_and_one_undo_takes_it_back(
    fine: MainWindow, qtbot: QtBot
) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_L)
    trace(qtbot, fine, [*SQUARE, SQUARE[0]])
    mask = mask_of(fine)
    assert (mask[62:118, 62:118] == 1).all()
    assert ((mask == 1).sum() - 3600) / 3600 == pytest.approx(0, abs=0.05)
    assert fine.actions_by_name["undo"].text() == "Undo Lasso"
    qtbot.keyClick(fine, Qt.Key.Key_Z, CTRL)
    assert (mask_of(fine) == UNLABELLED).all()


def test_with_alt_a_lasso_erases_and_with_ctrl_it_accepts_the_proposal(
    fine: MainWindow, qtbot: QtBot
) -> None:
    propose(fine)
    qtbot.keyClick(fine, Qt.Key.Key_0)
    click(qtbot, fine, (90, 90))  # a decided background dab of the brush
    qtbot.keyClick(fine, Qt.Key.Key_L)
    trace(qtbot, fine, [*SQUARE, SQUARE[0]], CTRL)
    mask = mask_of(fine)
    assert mask[90, 90] == 0  # a decision is never overwritten
    assert mask[65, 65] == 1
    assert mask[50, 50] == UNLABELLED
    trace(qtbot, fine, [*SQUARE, SQUARE[0]], ALT)
    assert (mask_of(fine)[62:118, 62:118] == UNLABELLED).all()


@pytest.mark.parametrize("ending", ["first corner", "double click", "enter"])
def test_a_polygon_is_closed_in_three_ways(fine: MainWindow, qtbot: QtBot, ending: str) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_P)
    for corner in SQUARE:
        click(qtbot, fine, corner)
    assert (mask_of(fine) == UNLABELLED).all()
    if ending == "first corner":
        click(qtbot, fine, (60.5, 60.5))
    elif ending == "double click":
        qtbot.mouseDClick(fine.canvas, LEFT, NO_KEYS, place(fine, SQUARE[-1]))
    else:
        qtbot.keyClick(fine.canvas, Qt.Key.Key_Return)
    mask = mask_of(fine)
    assert (mask[62:118, 62:118] == 1).all()
    assert (mask == 1).sum() == pytest.approx(3600, rel=0.05)


def test_a_polygons_last_corner_is_taken_back_by_backspace_undo_or_the_right_button(
    fine: MainWindow, qtbot: QtBot
) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_P)
    document = fine.workspace.document
    assert document is not None
    for corner in [*SQUARE[:2], (200, 30), (201, 31), (30, 200)]:
        click(qtbot, fine, corner)
    qtbot.keyClick(fine.canvas, Qt.Key.Key_Backspace)
    qtbot.keyClick(fine, Qt.Key.Key_Z, CTRL)
    qtbot.mouseClick(fine.canvas, RIGHT, NO_KEYS, place(fine, (10, 10)))
    for corner in SQUARE[2:]:
        click(qtbot, fine, corner)
    qtbot.keyClick(fine.canvas, Qt.Key.Key_Return)
    assert (mask_of(fine) == 1).sum() == pytest.approx(3600, rel=0.05)


def test_escape_gives_an_open_polygon_up(fine: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_P)
    for corner in SQUARE:
        click(qtbot, fine, corner)
    qtbot.keyClick(fine.canvas, Qt.Key.Key_Escape)
    assert (mask_of(fine) == UNLABELLED).all()
    assert fine.workspace.document is not None
    assert fine.workspace.document.outline is None


def test_a_polygon_left_open_is_kept_when_the_image_is_left(fine: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_P)
    for corner in SQUARE:
        click(qtbot, fine, corner)
    first = fine.workspace.document
    qtbot.keyClick(fine, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: fine.workspace.document is not first)
    qtbot.keyClick(fine, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: (mask_of(fine) == 1).any())
    assert (mask_of(fine) == 1).sum() == pytest.approx(3600, rel=0.05)


def test_a_box_fills_whole_pixels_from_corner_to_corner(fine: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_R)
    trace(qtbot, fine, [(60.5, 70.5), (90.5, 100.5)])
    rows, columns = np.nonzero(mask_of(fine) == 1)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (60, 90, 70, 100)
    assert len(rows) == 31 * 31


def test_the_picker_takes_the_class_that_is_there(fine: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_0)
    click(qtbot, fine, (90, 90))
    qtbot.keyClick(fine, Qt.Key.Key_1)
    qtbot.keyClick(fine, Qt.Key.Key_I)
    click(qtbot, fine, (90, 90))
    assert fine.tools.class_index == 0
    propose(fine, value=1)
    click(qtbot, fine, (150, 150))
    assert fine.tools.class_index == 1
    assert fine.tools.tool.key == "pick"


def test_x_swaps_to_the_class_before(fine: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_0)
    qtbot.keyClick(fine, Qt.Key.Key_X)
    assert fine.tools.class_index == 1
    qtbot.keyClick(fine, Qt.Key.Key_X)
    assert fine.tools.class_index == 0


def test_the_ruler_measures_and_changes_nothing(fine: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_M)
    trace(qtbot, fine, [(60, 60), (60, 100)])
    document = fine.workspace.document
    assert document is not None
    assert document.outline is not None
    assert document.outline.text.startswith("40.0 px")
    assert (mask_of(fine) == UNLABELLED).all()
    assert not fine.actions_by_name["undo"].isEnabled()


def test_shift_click_draws_a_straight_line_from_the_last_stroke(
    fine: MainWindow, qtbot: QtBot
) -> None:
    fine.set_diameter(5)
    click(qtbot, fine, (60, 60))
    click(qtbot, fine, (60, 120), SHIFT)
    mask = mask_of(fine)
    assert (mask[60, 60:120] == 1).all()
    click(qtbot, fine, (100, 120), SHIFT)
    assert (mask_of(fine)[60:100, 120] == 1).all()


def test_shift_drag_sets_the_brush_size_and_paints_nothing(fine: MainWindow, qtbot: QtBot) -> None:
    fine.set_diameter(20)
    trace(qtbot, fine, [(90, 60), (90, 70), (90, 85)], SHIFT)
    assert fine.tools.diameter > 40
    assert (mask_of(fine) == UNLABELLED).all()
    larger = fine.tools.diameter
    trace(qtbot, fine, [(90, 85), (90, 60)], SHIFT)
    assert fine.tools.diameter < larger / 2


def test_a_square_tip_covers_a_square(fine: MainWindow, qtbot: QtBot) -> None:
    fine.set_diameter(20)
    fine.tools.set_square(True)
    click(qtbot, fine, (90, 90))
    rows, columns = np.nonzero(mask_of(fine) == 1)
    assert len(rows) == 20 * 20
    assert rows.max() - rows.min() == columns.max() - columns.min() == 19


def test_over_unlabelled_only_leaves_what_is_decided(fine: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_0)
    fine.set_diameter(10)
    click(qtbot, fine, (90, 90))
    before = mask_of(fine)
    fine.tools.set_mode(PaintMode.UNLABELLED)
    qtbot.keyClick(fine, Qt.Key.Key_1)
    fine.set_diameter(40)
    click(qtbot, fine, (90, 90))
    mask = mask_of(fine)
    assert (mask[before == 0] == 0).all()
    assert (mask == 1).any()


def test_over_chosen_classes_changes_only_those(fine: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(fine, Qt.Key.Key_0)
    fine.set_diameter(10)
    click(qtbot, fine, (90, 90))
    background = mask_of(fine) == 0
    fine.tools.set_chosen(frozenset({0}))
    fine.tools.set_mode(PaintMode.CHOSEN)
    qtbot.keyClick(fine, Qt.Key.Key_1)
    fine.set_diameter(40)
    click(qtbot, fine, (90, 90))
    mask = mask_of(fine)
    assert np.array_equal(mask == 1, background)
    assert (mask[~background] == UNLABELLED).all()


def test_a_locked_class_keeps_its_pixels_and_cannot_be_painted(
    fine: MainWindow, qtbot: QtBot
) -> None:
    click(qtbot, fine, (90, 90))
    before = mask_of(fine)
    fine.tools.set_locked(frozenset({1}))
    qtbot.keyClick(fine, Qt.Key.Key_0)
    fine.set_diameter(60)
    click(qtbot, fine, (90, 90))
    mask = mask_of(fine)
    assert (mask[before == 1] == 1).all()
    assert (mask == 0).any()
    qtbot.keyClick(fine, Qt.Key.Key_1)
    click(qtbot, fine, (150, 150))
    assert np.array_equal(mask_of(fine), mask)
    assert "is locked" in fine.banner.text
    qtbot.keyClick(fine, Qt.Key.Key_E)
    click(qtbot, fine, (90, 90))
    assert (mask_of(fine)[before == 1] == 1).all()


def test_ctrl_enter_accepts_the_active_class_alone(fine: MainWindow, qtbot: QtBot) -> None:
    document = fine.workspace.document
    assert document is not None
    half = np.zeros(document.mask.shape, np.uint8)
    half[:, 160:] = 1
    document.show_proposal(0, 0, half, np.full_like(half, 200))
    qtbot.keyClick(fine, Qt.Key.Key_1)
    qtbot.keyClick(fine.canvas, Qt.Key.Key_Return, CTRL)
    mask = mask_of(fine)
    assert (mask[:, 160:] == 1).all()
    assert (mask[:, :160] == UNLABELLED).all()


def pen(
    window: MainWindow,
    kind: QEvent.Type,
    point: tuple[float, float],
    pressure: float,
    *,
    eraser: bool = False,
) -> bool:
    pointer = QPointingDevice.PointerType
    device = QPointingDevice(
        "pen",
        7,
        QInputDevice.DeviceType.Stylus,
        pointer.Eraser if eraser else pointer.Pen,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure,
        1,
        2,
        "",
        QPointingDeviceUniqueId(),
    )
    at = QPointF(place(window, point))
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletRelease else LEFT
    event = QTabletEvent(
        kind, device, at, at, pressure, 0.0, 0.0, 0.0, 0.0, 0.0, NO_KEYS, LEFT, held
    )
    return QApplication.sendEvent(window.canvas, event)


def test_a_pen_paints_as_wide_as_it_is_pressed_and_its_other_end_erases(
    fine: MainWindow,
) -> None:
    fine.set_diameter(40)
    pen(fine, QEvent.Type.TabletPress, (90, 60), 0.25)
    pen(fine, QEvent.Type.TabletMove, (90, 140), 1.0)
    pen(fine, QEvent.Type.TabletRelease, (90, 140), 0.0)
    mask = mask_of(fine)
    thin, thick = ((mask[:, column] == 1).sum() for column in (62, 140))
    assert 9 <= thin <= 14
    assert 38 <= thick <= 41
    pen(fine, QEvent.Type.TabletPress, (90, 140), 1.0, eraser=True)
    pen(fine, QEvent.Type.TabletRelease, (90, 140), 0.0)
    assert mask_of(fine)[90, 140] == UNLABELLED


def test_the_bucket_fills_a_flat_area_to_its_edge(
    window: MainWindow, qtbot: QtBot, make_project: Callable[..., Path]
) -> None:
    window.workspace.open_project(make_project((200, 300)))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.keyClick(window, Qt.Key.Key_0)
    trace(qtbot, window, [(50.5, 50.5), (99.5, 99.5)])
    qtbot.keyClick(window, Qt.Key.Key_1)
    qtbot.keyClick(window, Qt.Key.Key_G)
    window.tools.set_by_class(True)
    click(qtbot, window, (75, 75))
    mask = mask_of(window)
    assert (mask[50:100, 50:100] == 1).all()
    assert (mask == 1).sum() == 50 * 50
    window.tools.set_by_class(False)
    click(qtbot, window, (10, 10))
    assert (mask_of(window) == 1).all()


def test_dragging_the_wand_right_takes_more_in(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    qtbot.keyClick(window, Qt.Key.Key_W)
    window.tools.set_tolerance(10)
    document = window.workspace.document
    assert document is not None
    start = place(window, (100, 75))
    qtbot.mousePress(window.canvas, LEFT, NO_KEYS, start)
    few = (document.mask.to_array() == 1).sum()
    qtbot.mouseMove(window.canvas, start + QPoint(60, 0))
    assert document.outline is not None
    assert "tolerance" in document.outline.text
    more = (document.mask.to_array() == 1).sum()
    qtbot.mouseRelease(window.canvas, LEFT, NO_KEYS, start + QPoint(60, 0))
    assert 0 < few < more
    assert (mask_of(window) == 1).sum() == more
    assert window.actions_by_name["undo"].text() == "Undo Wand"


def test_the_smart_brush_leaves_what_lies_beyond_an_edge(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.set_diameter(40)
    qtbot.keyClick(window, Qt.Key.Key_S)
    click(qtbot, window, (100, 76))
    smart = (mask_of(window) == 1).sum()
    qtbot.keyClick(window, Qt.Key.Key_Z, CTRL)
    qtbot.keyClick(window, Qt.Key.Key_B)
    click(qtbot, window, (100, 76))
    plain = (mask_of(window) == 1).sum()
    assert 0.1 * plain < smart < 0.8 * plain


def test_a_region_command_is_done_by_menu_and_undone_by_name(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    qtbot.keyClick(window, Qt.Key.Key_R)
    trace(qtbot, window, [(50.5, 50.5), (99.5, 99.5)])
    trace(qtbot, window, [(70.5, 70.5), (79.5, 79.5)], ALT)
    assert mask_of(window)[75, 75] == UNLABELLED
    window.actions_by_name["fill_holes"].trigger()
    assert (mask_of(window)[50:100, 50:100] == 1).all()
    assert window.actions_by_name["undo"].text() == "Undo Fill holes in nucleus"
    qtbot.keyClick(window, Qt.Key.Key_Z, CTRL)
    assert mask_of(window)[75, 75] == UNLABELLED


def test_a_region_command_can_be_kept_to_a_lasso(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    qtbot.keyClick(window, Qt.Key.Key_R)
    for left in (50, 150):
        trace(qtbot, window, [(50.5, left + 0.5), (99.5, left + 49.5)])
        trace(qtbot, window, [(70.5, left + 20.5), (79.5, left + 29.5)], ALT)
    window.regions_panel.where.setCurrentIndex(2)
    window.regions_panel.ask(RegionKind.FILL_HOLES)
    picker = next(p for p in window.canvas.findChildren(RegionPicker) if p.isVisible())
    loop = [(40, 40), (40, 110), (110, 110), (110, 40)]
    qtbot.mousePress(picker, LEFT, NO_KEYS, place(window, loop[0]))
    for point in loop[1:]:
        qtbot.mouseMove(picker, place(window, point))
    qtbot.mouseRelease(picker, LEFT, NO_KEYS, place(window, loop[-1]))
    mask = mask_of(window)
    assert mask[75, 75] == 1
    assert mask[75, 175] == UNLABELLED


def test_n_goes_to_where_the_proposal_is_least_sure(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    document = window.workspace.document
    assert document is not None
    sure = np.full(document.mask.shape, 250, np.uint8)
    sure[200:230, 250:280] = 130
    document.show_proposal(0, 0, np.ones_like(sure), sure)
    qtbot.keyClick(window, Qt.Key.Key_N)
    visible = window.canvas.visible_rect
    assert visible.top <= 200
    assert visible.bottom >= 230
    assert visible.height < 256
    assert abs((visible.left + visible.right) / 2 - 265) < 40


def test_ctrl_s_says_that_all_is_saved(open_sample: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(open_sample, Qt.Key.Key_S, CTRL)
    assert "saved already" in open_sample.banner.text
