"""Where the panels stand, and that they come back there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from cnnseg_gui.ui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def choose_in_menu(window: MainWindow, qtbot: QtBot, name: str) -> None:
    """Opens the menu that holds an action, and clicks there."""
    action = window.actions_by_name[name]
    menus = (menu for menu in window.menuBar().findChildren(QMenu))
    menu = next(menu for menu in menus if action in menu.actions())
    menu.popup(window.mapToGlobal(QPoint(20, 20)))
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_reset_layout_puts_the_panels_back_and_keeps_the_windows_size(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window = open_sample
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: window.height() == 720)
    shown = [dock.isVisible() for dock in window.docks]
    classes = next(dock for dock in window.docks if dock.windowTitle() == "Classes")
    log = next(dock for dock in window.docks if dock.windowTitle() == "Log")
    classes.hide()
    log.show()
    choose_in_menu(window, qtbot, "reset_layout")
    QApplication.processEvents()
    assert (window.width(), window.height()) == (1280, 720)
    assert [dock.isVisible() for dock in window.docks] == shown
    for panel in (window.tool_options, window.training_panel, window.navigator):
        assert not panel.visibleRegion().isEmpty(), "it is in front of its tabs"
