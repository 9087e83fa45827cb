"""Charts follow the theme when it changes while they are shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.panels.curves import Curves
from cnnseg_gui.ui.panels.effort_curve import EffortCurve
from cnnseg_gui.ui.panels.object_plot import ObjectPlot


@pytest.fixture
def application() -> Iterator[QApplication]:
    """Afterwards without the theme, as other tests have it."""
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    style, palette = found.style().name(), found.palette()
    yield found
    found.setStyleSheet("")
    found.setStyle(style)
    found.setPalette(palette)


def curves() -> QWidget:
    made = Curves()
    made.begin([PixelClass(1, "cell", (230, 160, 10))])
    for second in range(5):
        made.add(second, 1 / (1 + second), 0.1 * second, [0.2 * second])
    return made


def objects() -> QWidget:
    made = ObjectPlot()
    x = np.arange(6.0)
    made.show_points(x, x**2, [QColor(230, 160, 10)] * 6, ("Area", "Length"))
    made.mark(3)
    return made


def histogram() -> QWidget:
    made = ObjectPlot()
    made.show_histogram(np.arange(30.0), "Area")
    made.mark(3)
    return made


@pytest.mark.parametrize("make", [curves, EffortCurve, objects, histogram])
def test_a_chart_looks_as_one_that_was_made_in_the_theme(
    qtbot: QtBot, application: QApplication, make: type[QWidget]
) -> None:
    theme.apply(application, dark=True)
    shown = make()
    theme.apply(application, dark=False)
    fresh = make()
    pictures = []
    for chart in (shown, fresh):
        qtbot.addWidget(chart)
        chart.resize(320, 300)
        chart.show()
        qtbot.waitExposed(chart)
        qtbot.wait(50)
        pictures.append(chart.grab().toImage())
    assert pictures[0] == pictures[1]
    light = pictures[0].pixelColor(3, 3)
    assert light.lightness() > 200
