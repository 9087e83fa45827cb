"""The installed Qt binding is one that the program can run on for hours."""

import sys

import pytest
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal there")
def test_calls_into_qt_keep_the_references_of_none(qtbot: QtBot) -> None:
    widget, transform = QWidget(), QTransform()
    qtbot.addWidget(widget)
    before = sys.getrefcount(None)
    for _ in range(1000):
        widget.update()
        transform.reset()
    assert sys.getrefcount(None) > before - 500
