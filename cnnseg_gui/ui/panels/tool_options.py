"""What can be set about the tool in hand, what painting goes over, and how the overlay looks."""

from __future__ import annotations

import math
from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from cnnseg_gui.core.paint_mode import PaintMode
from cnnseg_gui.editor.tool_choice import MAX_DIAMETER, ToolChoice
from cnnseg_gui.ui.panels.slider_row import SliderRow

_STEPS = 300  # the size slider is logarithmic
_SIZED = {"brush", "eraser", "smart_brush"}
_SHAPED = {"brush", "eraser"}
_TOLERANT = {"bucket", "wand", "smart_brush"}
_MODES = {
    PaintMode.EVERYTHING: "Everything",
    PaintMode.UNLABELLED: "Only unlabelled",
    PaintMode.CHOSEN: "Only these classes",
}
STYLES = {"filled": "Filled", "outline": "Outline", "hidden": "Hidden"}
_HINTS = {
    "brush": "Shift-click draws a straight line, Shift-drag sets the size, Alt erases, "
    "Ctrl accepts the proposal.",
    "eraser": "Back to unlabelled: the proposal shows through again.",
    "smart_brush": "Covers what belongs together with what is under the pointer, up to the edges.",
    "polygon": "Click corner by corner; a double click or Enter closes it, a right click takes the "
    "last corner back. Alt erases, Ctrl accepts.",
    "lasso": "Drag round an area to fill it. Alt erases, Ctrl accepts the proposal in it.",
    "box": "Drag from corner to corner to fill. Alt erases, Ctrl accepts the proposal in it.",
    "bucket": "Fills what is connected to the pixel that is clicked.",
    "wand": "Press on a colour and drag right to take in more, left for less.",
    "pick": "Click to make the class that is there the active one.",
    "ruler": "Drag to measure. Changes nothing.",
}


class ToolOptions(QWidget):
    """Rows for the tool that is chosen only; all of it can be reached by Tab."""

    opacity_changed = Signal(float)
    style_changed = Signal(str)
    """One of `STYLES`."""

    def __init__(self, choice: ToolChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice = choice
        self.diameter = SliderRow("Brush size", 0, _STEPS, widest="1000 px")
        self.tolerance = SliderRow("Tolerance", 0, 255, widest="255")
        self.opacity = SliderRow("Overlay opacity", 0, 100, widest="100 %")
        self.shape = _choice_row("Brush shape", {"round": "Round", "square": "Square"})
        self.connected = _combo(
            "The bucket fills", {"colour": "Same colour", "class": "Same class"}
        )
        self.mode = _combo("Paint over", {mode.value: text for mode, text in _MODES.items()})
        self.chosen = QToolButton()
        self.style_choice = _choice_row("Overlay", STYLES)
        self._hint = QLabel()
        self._build()
        self._connect()
        choice.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Shows what is chosen."""
        choice, key = self._choice, self._choice.tool.key
        self._form.setRowVisible(self.diameter, key in _SIZED)
        self._form.setRowVisible(self.shape, key in _SHAPED)
        self._form.setRowVisible(self.tolerance, key in _TOLERANT)
        self._form.setRowVisible(self.connected, key == "bucket")
        self.diameter.show_value(
            round(_STEPS * math.log(choice.diameter) / math.log(MAX_DIAMETER)),
            f"{choice.diameter:.0f} px",
        )
        self.tolerance.show_value(choice.tolerance, str(choice.tolerance))
        _show(self.shape, "square" if choice.square else "round")
        with QSignalBlocker(self.connected), QSignalBlocker(self.mode):
            self.connected.setCurrentIndex(int(choice.by_class))
            self.mode.setCurrentIndex(list(_MODES).index(choice.mode))
        self.chosen.setVisible(choice.mode == PaintMode.CHOSEN)
        names = [cls.name for cls in choice.classes if cls.index in choice.chosen]
        self.chosen.setText(", ".join(names) or "none")
        self._hint.setText(_HINTS.get(key, ""))

    def show_overlay(self, opacity: float, style: str) -> None:
        self.opacity.show_value(round(opacity * 100), f"{opacity:.0%}")
        _show(self.style_choice, style)

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self._form = QFormLayout(self)
        self._form.setContentsMargins(10, 4, 10, 8)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        over = QWidget()
        layout = QHBoxLayout(over)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.mode, 1)
        layout.addWidget(self.chosen, 1)
        self.chosen.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.chosen.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.chosen.setAccessibleName("Classes that may be painted over")
        self.chosen.setMenu(QMenu(self.chosen))
        self._hint.setObjectName("quiet")
        self._hint.setWordWrap(True)
        for text, field in (
            ("Size", self.diameter),
            ("Tip", self.shape),
            ("Tolerance", self.tolerance),
            ("Fills", self.connected),
            ("Over", over),
            ("Overlay", self.style_choice),
            ("Opacity", self.opacity),
        ):
            self._form.addRow(text, field)
        self._form.addRow(self._hint)

    def _connect(self) -> None:
        choice = self._choice
        self.diameter.moved.connect(
            lambda step: choice.set_diameter(MAX_DIAMETER ** (step / _STEPS))
        )
        self.tolerance.moved.connect(choice.set_tolerance)
        self.opacity.moved.connect(lambda percent: self.opacity_changed.emit(percent / 100))
        self.connected.activated.connect(lambda row: choice.set_by_class(row == 1))
        self.mode.activated.connect(lambda row: choice.set_mode(list(_MODES)[row]))
        self.chosen.menu().aboutToShow.connect(self._fill_menu)
        for button in _buttons(self.shape):
            button.clicked.connect(partial(self._choose_shape, button.objectName()))
        for button in _buttons(self.style_choice):
            button.clicked.connect(partial(self.style_changed.emit, button.objectName()))

    def _set_diameter(self, step: int) -> None:
        self._choice.set_diameter(MAX_DIAMETER ** (step / _STEPS))

    def _choose_shape(self, name: str) -> None:
        self._choice.set_square(name == "square")

    def _fill_menu(self) -> None:
        menu = self.chosen.menu()
        menu.clear()
        for cls in self._choice.classes:
            action = QAction(_swatch(cls.colour), cls.name, menu)
            action.setCheckable(True)
            action.setChecked(cls.index in self._choice.chosen)
            action.toggled.connect(partial(self._toggle, cls.index))
            menu.addAction(action)

    def _toggle(self, index: int, on: bool) -> None:
        chosen = self._choice.chosen
        self._choice.set_chosen(chosen | {index} if on else chosen - {index})


def _combo(name: str, entries: dict[str, str]) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    for key, text in entries.items():
        combo.addItem(text, key)
    return combo


def _choice_row(name: str, entries: dict[str, str]) -> QWidget:
    """Buttons of which one is pressed; a button's object name is its entry."""
    row = QWidget()
    row.setAccessibleName(name)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    group = QButtonGroup(row)
    for key, text in entries.items():
        button = QToolButton()
        button.setObjectName(key)
        button.setText(text)
        button.setAccessibleName(f"{name}: {text}")
        button.setCheckable(True)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        group.addButton(button)
        layout.addWidget(button, 1)
    return row


def _buttons(row: QWidget) -> list[QToolButton]:
    return row.findChildren(QToolButton, options=Qt.FindChildOption.FindDirectChildrenOnly)


def _show(row: QWidget, name: str) -> None:
    for button in _buttons(row):
        button.setChecked(button.objectName() == name)


def _swatch(colour: tuple[int, int, int]) -> QPixmap:
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(*colour))
    return pixmap
