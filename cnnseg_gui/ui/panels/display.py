"""How the image is shown: brightness, contrast, gamma, and the window of deep values."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
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
from cnnseg_gui.core.mask import TILE
from cnnseg_gui.ui.panels.histogram import Histogram
from cnnseg_gui.ui.panels.slider_row import SliderRow

_GAMMA_STEPS = 100  # each way: from a fifth to five, by its logarithm
_WIDEST_GAMMA = 5.0
_SAMPLE = 40_000


class DisplayPanel(QWidget):
    """Acts at once, on the picture alone."""

    changed = Signal(object)
    """Display."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._display = Display()
        self._found: tuple[float, float] | None = None
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
        """Another image, or none: of deep values its window is what it was read with."""
        window = image.window if image is not None else None
        deep = window is not None and image is not None and _sample(image) is not None
        self._found = window if deep else None
        for field in (self.histogram, self._ends):
            self._form.setRowVisible(field, deep)
        if deep and image is not None and window is not None:
            sample = _sample(image)
            if sample is not None:
                self.histogram.show_values(sample, window)
        if self._display.window is not None or deep:
            self._set(replace(self._display, window=None))

    def reset(self) -> None:
        """As it was read."""
        self._set(Display())

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
        self.low.valueChanged.connect(self._type_window)
        self.high.valueChanged.connect(self._type_window)
        self.auto_button.clicked.connect(lambda: self._set(replace(self._display, window=None)))
        self.reset_button.clicked.connect(self.reset)

    def _type_window(self) -> None:
        low, high = self.low.value(), self.high.value()
        if high > low:
            self._set(replace(self._display, window=(low, high)))

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


def _sample(image: ImageSource) -> npt.NDArray[np.float64] | None:
    """Finite values of the coarsest level; None where the file's own are not to be had."""
    values = image.deep_tile(image.levels - 1, 0, 0)
    if values is None:
        return None
    flat = np.asarray(values, np.float64).ravel()
    flat = flat[np.isfinite(flat)][:: max(1, TILE * TILE // _SAMPLE)]
    return flat if flat.size else None
