"""How the image is shown: brightness, contrast, gamma, and the window of deep values."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from cnnseg_gui.core.display import Display
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.windowing import Window
from cnnseg_gui.ui.panels.histogram import Histogram
from cnnseg_gui.ui.panels.slider_row import SliderRow

_GAMMA_STEPS = 100  # each way: from a fifth to five, by its logarithm
_WIDEST_GAMMA = 5.0


class DisplayPanel(QWidget):
    """Acts at once, on the picture alone."""

    changed = Signal(object)
    """Display."""
    window_chosen = Signal(object)
    """Window: the person has settled on one; None for the one each image was read with."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._display = Display()
        self._found: Window | None = None
        self.brightness = SliderRow("Brightness", -100, 100, widest="-100")
        self.contrast = SliderRow("Contrast", -100, 100, widest="-100")
        self.gamma = SliderRow("Gamma", -_GAMMA_STEPS, _GAMMA_STEPS, widest="0.00")
        self.histogram = Histogram()
        self.low, self.high = _value_box("Shown as black"), _value_box("Shown as white")
        self._ends = QWidget()
        self._hint = QLabel("Only the picture changes: tools and networks see the image as it is.")
        self._build()
        self._connect()
        self._show()

    @property
    def display(self) -> Display:
        return self._display

    def show_image(self, image: ImageSource | None) -> None:
        """Another image, or none; a window that was chosen stays, for images taken alike."""
        sample = image.sample() if image is not None else None
        self._found = image.window if image is not None and sample is not None else None
        for field in (self.histogram, self._ends):
            self._form.setRowVisible(field, self._found is not None)
        if sample is not None and self._found is not None:
            self.histogram.show_values(sample, self._display.window or self._found)
            with np.errstate(over="ignore"):  # then there are no decimals
                span = float(np.ptp(sample)) or 1.0
            for box in (self.low, self.high):
                with QSignalBlocker(box):
                    box.setDecimals(_decimals(span))
        self._show()

    def show_window(self, window: Window | None) -> None:
        """One that was chosen before; None for the one each image was read with."""
        self._set(replace(self._display, window=window))

    def reset(self) -> None:
        """As it was read."""
        self._choose(Display())

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self._form = QFormLayout(self)
        self._form.setContentsMargins(10, 4, 10, 8)
        ends = QHBoxLayout(self._ends)
        ends.setContentsMargins(0, 0, 0, 0)
        ends.addWidget(self.low, 1)
        ends.addWidget(self.high, 1)
        self._form.addRow("Brightness", self.brightness)
        self._form.addRow("Contrast", self.contrast)
        self._form.addRow("Gamma", self.gamma)
        self._form.addRow(self.histogram)
        self._form.addRow("Window", self._ends)
        buttons = QHBoxLayout()
        self.auto_button, self.reset_button = QPushButton("Auto"), QPushButton("Reset")
        self.auto_button.setToolTip("The window that the image was read with")
        self.reset_button.setToolTip("Everything as the image was read")
        buttons.addWidget(self.auto_button)
        buttons.addWidget(self.reset_button)
        buttons.addStretch(1)
        self._form.addRow(buttons)
        self._hint.setObjectName("quiet")
        self._hint.setWordWrap(True)
        self._form.addRow(self._hint)

    def _connect(self) -> None:
        self.brightness.moved.connect(
            lambda step: self._set(replace(self._display, brightness=step / 100))
        )
        self.contrast.moved.connect(
            lambda step: self._set(replace(self._display, contrast=step / 100))
        )
        self.gamma.moved.connect(
            lambda step: self._set(
                replace(self._display, gamma=_WIDEST_GAMMA ** (step / _GAMMA_STEPS))
            )
        )
        self.histogram.window_moved.connect(
            lambda low, high: self._set(replace(self._display, window=(low, high)))
        )
        self.histogram.window_released.connect(
            lambda: self.window_chosen.emit(self._display.window)
        )
        self.low.valueChanged.connect(lambda value: self._type_window(0, value))
        self.high.valueChanged.connect(lambda value: self._type_window(1, value))
        self.auto_button.clicked.connect(lambda: self._choose(replace(self._display, window=None)))
        self.reset_button.clicked.connect(self.reset)

    def _type_window(self, end: int, value: float) -> None:
        """The other end stays what it is, of which its box shows some digits."""
        window = self._display.window or self._found
        if window is None:
            return
        low, high = (value, window[1]) if end == 0 else (window[0], value)
        if low < high:
            self._choose(replace(self._display, window=(low, high)))
        else:
            self._show()

    def _choose(self, display: Display) -> None:
        settled = display.window != self._display.window
        self._set(display)
        if settled:
            self.window_chosen.emit(display.window)

    def _set(self, display: Display) -> None:
        if display != self._display:
            self._display = display
            self._show()
            self.changed.emit(display)

    def _show(self) -> None:
        display = self._display
        for row, share in (
            (self.brightness, display.brightness),
            (self.contrast, display.contrast),
        ):
            row.show_value(round(100 * share), f"{100 * share:+.0f}" if share else "0")
        step = round(_GAMMA_STEPS * math.log(display.gamma) / math.log(_WIDEST_GAMMA))
        self.gamma.show_value(step, f"{display.gamma:.2f}")
        window = display.window or self._found
        if window is not None:
            self.histogram.show_window(window)
            for box, value in zip((self.low, self.high), window, strict=True):
                with QSignalBlocker(box):
                    box.setValue(value)
        self.auto_button.setVisible(self._found is not None)


def _value_box(name: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(-1e12, 1e12)
    box.setDecimals(1)
    box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    box.setKeyboardTracking(False)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    box.setMinimumWidth(70)
    box.setAccessibleName(name)
    box.setToolTip(name)
    return box


def _decimals(span: float) -> int:
    """So many that a box has at least a thousand steps between the least and the largest value."""
    return min(max(3 - math.floor(math.log10(span)), 0), 12) if math.isfinite(span) else 0
