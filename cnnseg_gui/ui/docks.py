"""The window's panels as docks, and where these are at the first start."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from cnnseg_gui.ui.panels.scrolled import scrolled


def docked(
    window: QMainWindow,
    title: str,
    panel: QWidget,
    area: Qt.DockWidgetArea,
    *,
    scrolls: bool = False,
) -> QDockWidget:
    """A panel in a dock of its own; one that may be higher than a small screen scrolls."""
    dock = QDockWidget(title)
    dock.setObjectName(title)
    dock.setWidget(scrolled(panel) if scrolls else panel)
    window.addDockWidget(area, dock)
    return dock


def arrange(window: QMainWindow, docks: Sequence[QDockWidget]) -> None:
    """The layout of the first start; the window keeps its size.

    Args:
        docks: all of the window's, in the order in which it makes them.
    """
    images, navigator, display, classes, tool, regions, *others = docks
    teaching, history, labels, log, *review = others
    for dock in docks:
        dock.setFloating(False)
        dock.hide()  # all at once, not yet in their tabs, they need more than the window has
    for dock in (images, navigator, display):
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    for dock in (classes, tool, teaching):
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    window.tabifyDockWidget(tool, regions)
    window.tabifyDockWidget(teaching, history)
    window.tabifyDockWidget(history, labels)
    revisions, effort, slips, batch, measurements = review
    for beside, dock in (
        (labels, revisions),
        (revisions, slips),
        (regions, batch),
        (batch, effort),
    ):
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        window.tabifyDockWidget(beside, dock)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, log)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, measurements)
    window.tabifyDockWidget(log, measurements)
    window.tabifyDockWidget(navigator, display)
    asked_for = {slips, batch, effort, log, measurements}
    for dock in docks:
        dock.setVisible(dock not in asked_for)
    for dock in (tool, teaching, navigator):
        dock.raise_()
    window.resizeDocks([images, teaching], [230, 290], Qt.Orientation.Horizontal)
    window.resizeDocks([images, navigator], [560, 180], Qt.Orientation.Vertical)
    window.resizeDocks([classes, tool, teaching], [230, 230, 400], Qt.Orientation.Vertical)
