"""Brush size and overlay opacity."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QSlider, QWidget

MIN_DIAMETER, MAX_DIAMETER = 1.0, 1000.0
_STEPS = 300  # the size slider is logarithmic


class BrushPanel(QWidget):
    """Two sliders with their values beside them."""

    diameter_changed = Signal(float)
    opacity_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size, self._size_text = _slider(_STEPS, "Brush size")
        self._opacity, self._opacity_text = _slider(100, "Overlay opacity")
        layout = QFormLayout(self)
        layout.setContentsMargins(10, 4, 10, 8)
        layout.addRow("Size", _beside(self._size, self._size_text))
        layout.addRow("Opacity", _beside(self._opacity, self._opacity_text))
        self._size.valueChanged.connect(
            lambda step: self.diameter_changed.emit(MAX_DIAMETER ** (step / _STEPS))
        )
        self._opacity.valueChanged.connect(lambda percent: self.opacity_changed.emit(percent / 100))

    def show_diameter(self, diameter: float) -> None:
        """In image pixels; moves the slider without asking for anything."""
        self._size.blockSignals(True)
        self._size.setValue(round(_STEPS * math.log(diameter) / math.log(MAX_DIAMETER)))
        self._size.blockSignals(False)
        self._size_text.setText(f"{diameter:.0f} px")

    def show_opacity(self, opacity: float) -> None:
        self._opacity.blockSignals(True)
        self._opacity.setValue(round(opacity * 100))
        self._opacity.blockSignals(False)
        self._opacity_text.setText(f"{opacity:.0%}")


def _slider(steps: int, name: str) -> tuple[QSlider, QLabel]:
    slider, text = QSlider(Qt.Orientation.Horizontal), QLabel()
    slider.setRange(0, steps)
    slider.setAccessibleName(name)
    text.setObjectName("quiet")
    text.setMinimumWidth(text.fontMetrics().horizontalAdvance("1000 px"))
    text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return slider, text


def _beside(slider: QSlider, text: QLabel) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(slider, 1)
    layout.addWidget(text)
    return row
