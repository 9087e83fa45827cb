"""The Regions panel asks for what is chosen in it, with the mouse and with the keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.editor.region_editing import RegionKind, RegionRequest, Where
from cnnseg_gui.ui.panels.regions import RegionsPanel

CLASSES = make_classes(("background", "cell", "debris"))


@pytest.fixture
def panel(qtbot: QtBot) -> RegionsPanel:
    made = RegionsPanel()
    qtbot.addWidget(made)
    made.resize(280, 420)
    made.show_classes(CLASSES, active=1)
    made.show()
    qtbot.waitExposed(made)
    return made


def asked(qtbot: QtBot, panel: RegionsPanel, kind: RegionKind) -> RegionRequest:
    with qtbot.waitSignal(panel.asked) as signal:
        qtbot.mouseClick(panel.buttons[kind], Qt.MouseButton.LeftButton)
    (request,) = signal.args
    assert isinstance(request, RegionRequest)
    return request


def test_a_button_asks_for_its_command_with_its_number(panel: RegionsPanel, qtbot: QtBot) -> None:
    for kind, pixels in {
        RegionKind.FILL_HOLES: 0,
        RegionKind.REMOVE_SPECKS: 30,
        RegionKind.GROW: 2,
        RegionKind.SPLIT: 1,
        RegionKind.KEEP_LARGEST: 0,
    }.items():
        assert asked(qtbot, panel, kind) == RegionRequest(kind, pixels=pixels)
    panel.numbers[RegionKind.SHRINK].setFocus()
    panel.numbers[RegionKind.SHRINK].selectAll()
    QTest.keyClicks(panel.numbers[RegionKind.SHRINK], "17")
    assert asked(qtbot, panel, RegionKind.SHRINK).pixels == 17


def test_scope_and_place_are_part_of_what_is_asked(panel: RegionsPanel, qtbot: QtBot) -> None:
    QTest.keyClick(panel.scope, Qt.Key.Key_Down)
    for where in (Where.IMAGE, Where.VISIBLE, Where.LASSO):
        request = asked(qtbot, panel, RegionKind.SMOOTH)
        assert request == RegionRequest(RegionKind.SMOOTH, True, where, pixels=2)
        QTest.keyClick(panel.where, Qt.Key.Key_Down)


def test_a_class_is_replaced_by_another_but_not_by_itself(
    panel: RegionsPanel, qtbot: QtBot
) -> None:
    replace = panel.buttons[RegionKind.REPLACE_CLASS]
    panel.target.setCurrentText("cell")
    assert not replace.isEnabled()
    panel.target.setCurrentText("debris")
    assert asked(qtbot, panel, RegionKind.REPLACE_CLASS).target == 2
    panel.show_classes(CLASSES, active=2)
    assert not replace.isEnabled()
    assert panel.target.currentText() == "debris"
    assert panel.scope.itemText(0) == "Active class: debris"
    panel.scope.setCurrentIndex(1)
    assert replace.isEnabled()


def test_every_control_has_a_name_and_all_of_it_fits_a_narrow_dock(panel: RegionsPanel) -> None:
    assert panel.minimumSizeHint().width() <= 280
    for widget in (*panel.numbers.values(), panel.scope, panel.where, panel.target):
        assert widget.accessibleName()
    for button in panel.buttons.values():
        assert button.text()
        assert button.toolTip()
