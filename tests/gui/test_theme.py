"""What can be pressed, closed and ticked is told by its looks, in the light and the dark theme."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QTabBar, QToolButton
from pytestqt.qtbot import QtBot

from cnnseg_gui.ui import theme
from cnnseg_gui.ui.main_window import MainWindow

SEEN = 3.0  # WCAG 2.2, 1.4.11: contrast of what is no text


@pytest.fixture(params=[True, False], ids=["dark", "light"])
def dark(request: pytest.FixtureRequest) -> Iterator[bool]:
    """The program in one theme; afterwards without, as other tests have it."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    style, palette = application.style().name(), application.palette()
    theme.apply(application, dark=request.param)
    yield request.param
    application.setStyleSheet("")
    application.setStyle(style)
    application.setPalette(palette)


def contrast(one: QColor, other: QColor) -> float:
    def light(colour: QColor) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def strongest(picture: QImage) -> float:
    """The highest contrast of any pixel with the first one."""
    first = picture.pixelColor(0, 0)
    return max(
        contrast(first, picture.pixelColor(x, y))
        for y in range(picture.height())
        for x in range(picture.width())
    )


def test_a_box_is_seen_whether_it_is_ticked_or_not(qtbot: QtBot, dark: bool) -> None:
    for ticked in (False, True):
        box = QCheckBox()
        qtbot.addWidget(box)
        box.setChecked(ticked)
        box.show()
        assert strongest(box.grab().toImage()) >= SEEN


def test_a_panel_has_a_button_that_closes_it(window: MainWindow, qtbot: QtBot, dark: bool) -> None:
    dock = window.docks[0]
    close = dock.findChild(QAbstractButton, "qt_dockwidget_closebutton")
    assert close is not None
    assert strongest(close.grab().toImage()) >= SEEN
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not dock.isVisible()


def test_names_of_panels_are_whole(window: MainWindow, dark: bool) -> None:
    bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert bars
    for bar in bars:
        assert bar.elideMode() == Qt.TextElideMode.ElideNone
        assert bar.usesScrollButtons()


def test_a_button_that_does_nothing_now_looks_like_it(qtbot: QtBot, dark: bool) -> None:
    pictures = []
    for enabled in (True, False):
        button = QToolButton()
        qtbot.addWidget(button)
        button.setText("Accept")
        button.setEnabled(enabled)
        button.show()
        pictures.append(button.grab().toImage())
    assert strongest(pictures[0]) > 1.5 * strongest(pictures[1])


def test_without_a_project_what_needs_one_cannot_be_chosen(
    window: MainWindow,
) -> None:
    for name in ("accept_class", "next_doubtful", "choose_network"):
        assert not window.actions_by_name[name].isEnabled()
    buttons = window.classes_panel.findChildren(QToolButton)
    assert len(buttons) == 6  # the first adds a class
    assert not any(button.isEnabled() for button in buttons)


def test_in_a_project_it_can(open_sample: MainWindow) -> None:
    for name in ("accept_class", "next_doubtful", "choose_network"):
        assert open_sample.actions_by_name[name].isEnabled()
