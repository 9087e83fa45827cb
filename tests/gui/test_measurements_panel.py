"""Objects are measured while somebody looks, and a click goes to one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.object_measuring import edges_of
from cnnseg_gui.ui.panels.object_plot import bins

from .test_painting import drag

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def measured(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    """Two strokes of nucleus, and the panel in front."""
    window = open_sample
    window.choose_class_by_key(1)
    window.set_diameter(10)
    drag(qtbot, window, ImagePoint(60, 60), ImagePoint(60, 120))
    drag(qtbot, window, ImagePoint(120, 60), ImagePoint(120, 90))
    window.actions_by_name["show_measurements"].trigger()
    qtbot.waitUntil(lambda: window.measurements_panel.model.rowCount() == 2, timeout=10_000)
    return window


def rows(window: MainWindow) -> list[list[str]]:
    table = window.measurements_panel.sorted
    return [
        [str(table.index(row, column).data()) for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def test_nothing_is_measured_where_nobody_looks(open_sample: MainWindow, qtbot: QtBot) -> None:
    begun: list[int] = []
    open_sample.object_measuring.measuring.started.connect(lambda: begun.append(1))
    drag(qtbot, open_sample, ImagePoint(60, 60), ImagePoint(60, 120))
    qtbot.wait(600)
    assert not begun


def test_objects_are_listed_and_follow_the_brush_and_undo(
    measured: MainWindow, qtbot: QtBot
) -> None:
    longer, shorter = rows(measured)
    assert longer[0] == shorter[0] == "nucleus"
    assert int(longer[1].replace(",", "")) > int(shorter[1].replace(",", ""))
    drag(qtbot, measured, ImagePoint(200, 60), ImagePoint(200, 70))
    panel = measured.measurements_panel
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3, timeout=5000)
    assert "3 objects" in panel.said.text()
    measured.workspace.undo()
    qtbot.waitUntil(lambda: panel.model.rowCount() == 2, timeout=5000)


def test_a_click_on_a_row_outlines_the_object_and_goes_there(
    measured: MainWindow, qtbot: QtBot
) -> None:
    panel = measured.measurements_panel
    header = panel.table.horizontalHeader()
    area = QPoint(header.sectionPosition(1) + 8, header.height() // 2)
    QTest.mouseClick(header.viewport(), LEFT, pos=area)  # the smallest first
    assert [row[1] for row in rows(measured)] == sorted(row[1] for row in rows(measured))
    cell = panel.table.visualRect(panel.sorted.index(0, 1)).center()
    QTest.mouseClick(panel.table.viewport(), LEFT, pos=cell)
    edges = measured.object_measuring.layer.edges
    tops = {edge[0] for edge in edges}
    assert min(tops) >= 110
    assert max(tops) <= 130
    assert measured.object_measuring.layer.isVisible()
    visible = measured.canvas.visible_rect
    assert visible.top <= 115
    assert visible.bottom >= 125


def test_a_click_on_a_point_or_a_bar_chooses_the_object(measured: MainWindow, qtbot: QtBot) -> None:
    panel = measured.measurements_panel
    plot = panel.plot
    panel.up.setFocus()
    QTest.keyClick(panel.up, Qt.Key.Key_Down)
    panel.up.activated.emit(panel.up.currentIndex())
    qtbot.waitUntil(lambda: plot.points.isVisible())
    chosen: list[int] = []
    panel.chosen.connect(chosen.append)
    qtbot.wait(50)

    def at(x: float, y: float) -> QPoint:
        return plot.plot.mapFromScene(plot.plot.plotItem.vb.mapViewToScene(QPointF(x, y)))

    x, y = (np.array(values) for values in plot.points.getData())
    for place in (1, 0):
        QTest.mouseClick(plot.plot.viewport(), LEFT, pos=at(x[place], y[place]))
    assert chosen == [1, 0]
    QTest.keyClick(panel.up, Qt.Key.Key_Up)
    panel.up.activated.emit(panel.up.currentIndex())
    qtbot.waitUntil(lambda: not plot.points.isVisible())
    qtbot.wait(QApplication.doubleClickInterval())
    chosen.clear()
    QTest.mouseClick(plot.plot.viewport(), LEFT, pos=at(x[1], 0.5))
    assert chosen == [1]


def test_the_table_is_saved(measured: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    measured.object_measuring.save(tmp_path / "objects.csv")
    qtbot.waitUntil(lambda: (tmp_path / "objects.csv").exists(), timeout=5000)
    with (tmp_path / "objects.csv").open(encoding="utf-8", newline="") as file:
        saved = list(csv.DictReader(file))
    assert [row["class"] for row in saved] == ["nucleus", "nucleus"]
    assert measured.workspace.document is not None
    assert measured.workspace.project is not None
    record = measured.workspace.document.record
    assert {row["image"] for row in saved} == {record.name}
    folder = measured.workspace.project.folder
    assert {(folder / row["file"]).resolve() for row in saved} == {record.path.resolve()}


def test_the_outline_is_that_of_the_object_alone() -> None:
    values = np.zeros((20, 20), np.uint8)
    values[5:9, 5:9] = 1
    values[5, 12] = 1
    edges = edges_of(Mask.from_array(values), 1, Rect(5, 5, 9, 9))
    assert len(edges) == 16
    assert {edge[0] for edge in edges} <= set(range(5, 10))
    painted_over = edges_of(Mask.from_array(values), 2, Rect(5, 5, 9, 9))
    assert len(painted_over) == 4


def test_bars_hold_every_value() -> None:
    for values in (np.array([3.0]), np.array([1.0, 1, 1]), np.random.default_rng(0).random(5000)):
        edges = bins(values)
        assert np.histogram(values, edges)[0].sum() == len(values)
        assert len(edges) <= 41
