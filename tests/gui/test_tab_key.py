"""Tab reaches everything in a dialog, and leaves it again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.ui.architecture.layers import LayersTab
from cnnseg_gui.ui.dialogs.export import ExportDialog
from cnnseg_gui.ui.dialogs.export_classes import ClassTable
from cnnseg_gui.ui.dialogs.import_classes import ClassMatching
from cnnseg_gui.ui.dialogs.weights import WeightsDialog
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.measurements import MeasurementsPanel

from .scans import dialog


def press_tab(qtbot: QtBot, window: QWidget) -> QWidget:
    """What has the focus in a window after it."""
    focused = window.focusWidget()
    assert focused is not None
    qtbot.keyClick(focused, Qt.Key.Key_Tab)
    after = window.focusWidget()
    assert after is not None
    return after


def activate(qtbot: QtBot, window: QWidget) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


def weights(window: MainWindow, qtbot: QtBot) -> QAbstractItemView:
    window.actions_by_name["weights"].trigger()
    return dialog(window, qtbot, WeightsDialog).table


def export(window: MainWindow, qtbot: QtBot) -> QAbstractItemView:
    window.actions_by_name["export"].trigger()
    return dialog(window, qtbot, ExportDialog).form.classes.table


@pytest.mark.parametrize("opened", [weights, export])
def test_tab_leaves_a_table(
    open_sample: MainWindow,
    qtbot: QtBot,
    opened: Callable[[MainWindow, QtBot], QAbstractItemView],
) -> None:
    table = opened(open_sample, qtbot)
    activate(qtbot, table.window())
    table.setFocus()
    assert press_tab(qtbot, table.window()) is not table


def test_no_table_keeps_the_tab_key(qtbot: QtBot) -> None:
    cell = PixelClass(1, "cell", (1, 2, 3))
    for part in (ClassTable((cell,)), ClassMatching(), MeasurementsPanel(), LayersTab()):
        qtbot.addWidget(part)
        assert not part.table.tabKeyNavigation()


def test_export_begins_with_the_format_and_ends_with_its_buttons(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    open_sample.actions_by_name["export"].trigger()
    shown = dialog(open_sample, qtbot, ExportDialog)
    activate(qtbot, shown)
    assert shown.focusWidget() is shown.format
    order = [shown.format]
    while (after := press_tab(qtbot, shown)) is not shown.format and len(order) < 40:
        order.append(after)
    places = [
        order.index(field)
        for field in (shown.form.which, shown.form.classes.table, shown.folder, shown.browse)
    ]
    close = shown.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Close)
    places += [order.index(shown.start_button), order.index(close)]
    assert places == sorted(places)
    shown.close()
