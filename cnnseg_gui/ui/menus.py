"""Where the actions stand: menus and toolbar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)

from cnnseg_gui.ui.actions import MODES, TOOLS, Actions, expect_no_menu, keep_size

_MENUS: dict[str, tuple[str, ...]] = {
    "&File": (
        "open_folder",
        "open_project",
        "add_images",
        "|",
        "save",
        "import_labels",
        "export",
        "|",
        "close_project",
        "quit",
    ),
    "&Edit": (
        "undo",
        "redo",
        "|",
        "accept",
        "accept_class",
        "approve",
        "disapprove",
        "next_doubtful",
        "|",
        "preferences",
    ),
    "&Regions": (
        "fill_holes",
        "remove_specks",
        "smooth",
        "|",
        "grow",
        "shrink",
        "split",
        "|",
        "keep_largest",
        "replace_class",
    ),
    "&Tools": (
        *TOOLS,
        "|",
        *MODES,
        "|",
        "smaller",
        "larger",
        "swap_class",
    ),
    "&View": (
        "fit",
        "one_to_one",
        "zoom_in",
        "zoom_out",
        "|",
        "previous",
        "next",
        "|",
        "hide_overlay",
        "compare",
        "border_weights",
        "doubtful_regions",
        "show_measurements",
        "blink",
        "|",
        "reset_layout",
    ),
    "&Network": (
        "teach",
        "cancel_teaching",
        "teach_by_itself",
        "answer_while_painting",
        "|",
        "propose_batch",
        "look_for_slips",
        "show_effort",
        "|",
        "choose_network",
        "weights",
    ),
    "&Help": (
        "keys",
        "keyboard",
        "|",
        "demo",
        "show_me",
        "architecture",
        "|",
        "report",
        "about",
    ),
}
_TOOLBAR = (
    "open_folder",
    "export",
    "|",
    "previous",
    "next",
    "|",
    "undo",
    "redo",
    "|",
    "accept",
    "approve",
    "|",
    "fit",
    "one_to_one",
    "hide_overlay",
    "compare",
    "<>",
    "show_me",
    "teach",
)
_RENAMED = ("undo", "redo")  # with every stroke
_WITH_TEXT = ("show_me", "teach", "accept")
DEVICES = {
    "auto": "Best available",
    "cuda": "NVIDIA or AMD GPU (CUDA)",
    "mps": "Apple GPU (MPS)",
    "cpu": "CPU",
}


@dataclass(frozen=True)
class Menus:
    """The parts of the menu bar that others fill or listen to."""

    devices: QActionGroup
    """One action per device, its name as the action's data."""
    recent: QMenu


def fill_menus(window: QMainWindow, actions: Actions, docks: Sequence[QDockWidget]) -> Menus:
    """Fills the menu bar."""
    bar = window.menuBar()
    menus = {}
    for title, names in _MENUS.items():
        menu = menus[title] = bar.addMenu(title)
        for name in names:
            menu.addSeparator() if name == "|" else menu.addAction(actions[name])
    view = menus["&View"]
    panels = QMenu("Panels", view)
    for dock in docks:
        panels.addAction(dock.toggleViewAction())
    view.insertMenu(actions["reset_layout"], panels)
    recent = QMenu("Open Recent", menus["&File"])
    menus["&File"].insertMenu(actions["add_images"], recent)
    return Menus(_add_devices(menus["&Network"]), recent)


def fill_toolbar(window: QMainWindow, actions: Actions) -> None:
    """The one toolbar, above everything."""
    bar = QToolBar("Tools", window)
    bar.setObjectName("Tools")
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    for name in _TOOLBAR:
        if name == "|":
            bar.addSeparator()
        elif name == "<>":
            space = QWidget()
            space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            bar.addWidget(space)
        elif name in _RENAMED:
            _add_steady_button(bar, actions[name])
        else:
            _add_button(bar, actions[name])
    for name in _WITH_TEXT:
        button = bar.widgetForAction(actions[name])
        button.setProperty("toolButtonStyle", Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    window.addToolBar(bar)


def fill_palette(window: QMainWindow, actions: Actions) -> None:
    """The tools, in a column beside the canvas."""
    bar = QToolBar("Palette", window)
    bar.setObjectName("Palette")
    bar.setIconSize(QSize(20, 20))
    for name in TOOLS:
        _add_button(bar, actions[name])
    window.addToolBar(Qt.ToolBarArea.LeftToolBarArea, bar)


def _add_button(bar: QToolBar, action: QAction) -> None:
    bar.addAction(action)
    button = bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    expect_no_menu(button)


def _add_steady_button(bar: QToolBar, action: QAction) -> None:
    """One that the bar does not watch: it would lay the window out with each of its changes."""
    button = QToolButton()
    button.setDefaultAction(action)
    expect_no_menu(button)
    button.setAutoRaise(True)
    button.setIconSize(bar.iconSize())
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    bar.addWidget(button)
    keep_size(button)


def _add_devices(menu: QMenu) -> QActionGroup:
    menu.addSeparator()
    submenu = menu.addMenu("Device")
    group = QActionGroup(menu)
    for name, label in DEVICES.items():
        action = QAction(label, group)
        action.setCheckable(True)
        action.setData(name)
        submenu.addAction(action)
    return group
