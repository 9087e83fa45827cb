"""A slider with its value beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget


class SliderRow(QWidget):
    """Shown without asking; moved by the person, it says so."""

    moved = Signal(int)

    def __init__(self, name: str, low: int, high: int, *, widest: str) -> None:
        super().__init__()
        self.slider, self._text = QSlider(Qt.Orientation.Horizontal), QLabel()
        self.slider.setRange(low, high)
        self.slider.setAccessibleName(name)
        self._text.setObjectName("quiet")
        self._text.setMinimumWidth(self._text.fontMetrics().horizontalAdvance(widest))
        self._text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self._text)
        self.slider.valueChanged.connect(self.moved)

    def show_value(self, value: int, text: str) -> None:
        """Moves the slider without saying so."""
        self.slider.blockSignals(True)
        self.slider.setValue(value)
        self.slider.blockSignals(False)
        self._text.setText(text)
