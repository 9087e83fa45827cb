"""Settings that another version, another program or a broken disk has left: the window opens."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QByteArray, QSettings
from pytestqt.qtbot import QtBot

from cnnseg_gui.ui.keys.bindings import Bindings
from cnnseg_gui.ui.keys.table import SPECS
from cnnseg_gui.ui.main_window import MainWindow

_ODD = (
    "garbage",
    "",
    "-1",
    "1e999",
    "[]",
    "../../x",
    ["a", "b"],
    QByteArray(b"\xff" * 40),
    7,
    None,
)


def all_keys() -> list[str]:
    """Every key that the window writes by itself, and some that people's choices write."""
    return [
        *QSettings().allKeys(),
        "geometry",
        "layout",
        "recent projects",
        "keys/profile",
        "keys/changed/CNNSeg/brush",
        "keys/changed/nobody's/brush",
        "overlay/style",
        "overlay/opacity",
        "tool/name",
        "tool/diameter",
        "labels/classifiers",
        "weights/mirror",
    ]


@pytest.mark.parametrize("odd", _ODD, ids=repr)
def test_the_window_opens_whatever_its_settings_hold(qtbot: QtBot, odd: object) -> None:
    first = MainWindow(device="cpu")
    first.close()
    first.deleteLater()
    for key in all_keys():
        QSettings().setValue(key, odd)
    window = MainWindow(device="cpu")
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    assert window.width() > 100
    window.menuBar().actions()[0].menu().aboutToShow.emit()
    window.close()


@given(st.text(max_size=30), st.lists(st.text(max_size=12), max_size=4))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_in_place_of_keys_leaves_every_action_one_meaning(
    profile: str, keys: list[str]
) -> None:
    QSettings().setValue("keys/profile", profile)
    for name in ("brush", "undo", "fit"):
        QSettings().setValue(f"keys/changed/CNNSeg/{name}", "\n".join(keys))
    bindings = Bindings(SPECS)
    for spec in SPECS:
        for key in bindings.keys(spec.name):
            assert not bindings.holders(spec.name, key)
