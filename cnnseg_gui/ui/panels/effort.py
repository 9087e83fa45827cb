"""The Effort panel: what images cost, whether they cost less by now, and what is still to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from cnnseg_gui.core import effort
from cnnseg_gui.core.effort import ImageEffort
from cnnseg_gui.core.forecast import Forecast

if TYPE_CHECKING:
    from cnnseg_gui.ui.panels.effort_curve import EffortCurve

_EMPTY = "Paint on an image: what each one costs you is shown here."


class EffortPanel(QWidget):
    """Two sentences and a curve."""

    shown = Signal()
    """It is seen now, and was not before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spent, self._ahead = (QLabel() for _ in "ab")
        for label in (self._spent, self._ahead):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._spent.setObjectName("quiet")
        self._curve: EffortCurve | None = None
        self._place = QVBoxLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 10)
        layout.addWidget(self._ahead)
        layout.addWidget(self._spent)
        layout.addLayout(self._place, 1)
        layout.addStretch(0)
        self.show_effort([], None)

    def showEvent(self, event: QShowEvent) -> None:
        self.shown.emit()

    def show_effort(self, efforts: Sequence[ImageEffort], ahead: Forecast | None) -> None:
        """What every image has cost, in the order in which they were begun, and what is to come."""
        efforts = effort.worked_on(efforts)
        words = effort.in_words(efforts)
        self._spent.setText(words[:1].upper() + words[1:] + "." if efforts else _EMPTY)
        said = "" if ahead is None or not efforts else ahead.in_words()
        self._ahead.setText(said[:1].upper() + said[1:] + "." if said else "")
        self._ahead.setVisible(bool(said))
        if efforts:
            self._curve_widget().show_effort(efforts)
        if self._curve is not None:
            self._curve.setVisible(bool(efforts))

    @property
    def text(self) -> str:
        """What is said."""
        return f"{self._ahead.text()}\n{self._spent.text()}"

    def _curve_widget(self) -> EffortCurve:
        """Made when first needed: pyqtgraph takes longer to import than the window to open."""
        if self._curve is None:
            from cnnseg_gui.ui.panels.effort_curve import EffortCurve

            self._curve = EffortCurve()
            self._place.addWidget(self._curve)
        return self._curve
