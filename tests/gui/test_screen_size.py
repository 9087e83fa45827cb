"""Every window fits on a small screen, with its frame."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from cnnseg_gui.ui.architecture.window import ArchitectureWindow
from cnnseg_gui.ui.dialogs.export import ExportDialog
from cnnseg_gui.ui.dialogs.import_labels import ImportDialog
from cnnseg_gui.ui.dialogs.network import NetworkDialog
from cnnseg_gui.ui.dialogs.weights import WeightsDialog
from cnnseg_gui.ui.keys.dialog import KeyboardDialog
from cnnseg_gui.ui.keys.sheet import KeySheet
from cnnseg_gui.ui.main_window import MainWindow

SMALL = 1024 - 16, 640 - 44  # of what a small screen leaves, less a frame


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("keys", KeySheet),
        ("keyboard", KeyboardDialog),
        ("architecture", ArchitectureWindow),
        ("export", ExportDialog),
        ("import_labels", ImportDialog),
        ("weights", WeightsDialog),
        ("choose_network", NetworkDialog),
    ],
)
def test_a_window_is_no_larger_than_its_screen(
    open_sample: MainWindow, qtbot: QtBot, action: str, kind: Callable[..., QWidget]
) -> None:
    open_sample.actions_by_name[action].trigger()
    found = open_sample.findChildren(kind)
    assert len(found) == 1
    shown: QWidget = found[0]
    qtbot.waitUntil(shown.isVisible)
    free = shown.screen().availableGeometry()
    assert shown.width() <= free.width() - 16
    assert shown.height() <= free.height() - 44
    least = shown.minimumSizeHint().expandedTo(shown.minimumSize())
    assert least.width() <= SMALL[0]
    assert least.height() <= SMALL[1]
    shown.close()
