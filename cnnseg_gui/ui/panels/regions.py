"""Commands on regions: holes, specks, outlines, touching objects, whole classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.editor.region_editing import RegionKind, RegionRequest, Where

_SWATCH = 12
_WHERE = {
    Where.IMAGE: "Whole image",
    Where.VISIBLE: "Visible part",
    Where.LASSO: "Draw a lasso…",
}


@dataclass(frozen=True)
class _Row:
    """A command's button and the number beside it."""

    text: str
    tip: str
    number: str = ""
    """What the number is, for a screen reader; no number where empty."""
    low: int = 1
    high: int = 99
    value: int = 2
    prefix: str = ""
    lowest_text: str = ""
    """Shown instead of the lowest number."""


_ROWS = {
    RegionKind.FILL_HOLES: _Row(
        "Fill holes",
        "Unlabelled and background pixels that an object surrounds get its class;\n"
        "only holes of at most so many pixels",
        number="Largest hole that is filled, in pixels",
        low=0,
        high=9_999_999,
        value=0,
        prefix="≤ ",
        lowest_text="any size",
    ),
    RegionKind.REMOVE_SPECKS: _Row(
        "Remove specks",
        "Objects of fewer pixels become what surrounds them",
        number="Smallest object that stays, in pixels",
        low=2,
        high=9_999_999,
        value=30,
        prefix="< ",
    ),
    RegionKind.SMOOTH: _Row(
        "Smooth",
        "Every pixel becomes what is most frequent within this radius",
        number="Radius of smoothing, in pixels",
        high=30,
    ),
    RegionKind.GROW: _Row(
        "Grow",
        "Objects get wider by so many pixels, into unlabelled and background only",
        number="Pixels to grow by",
    ),
    RegionKind.SHRINK: _Row(
        "Shrink",
        "Objects get narrower by so many pixels",
        number="Pixels to shrink by",
    ),
    RegionKind.SPLIT: _Row(
        "Split touching",
        "Objects are cut apart where they are waisted: where the waist is thinner,\n"
        "in radius, than both parts by so many pixels",
        number="Depth of a waist, in pixels",
        value=1,
    ),
    RegionKind.KEEP_LARGEST: _Row(
        "Keep largest",
        "Of each class only the largest object stays;\nthe others become what surrounds them",
    ),
    RegionKind.REPLACE_CLASS: _Row("Replace by", "All pixels of the class get another one"),
}


class RegionsPanel(QWidget):
    """On which classes, where, and a button for each command; nothing is done here."""

    asked = Signal(object)
    """RegionRequest"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope, self.where, self.target = QComboBox(), QComboBox(), QComboBox()
        self.buttons: dict[RegionKind, QPushButton] = {}
        self.numbers: dict[RegionKind, QSpinBox] = {}
        self._classes: tuple[PixelClass, ...] = ()
        self._active = 0
        self._build()

    def show_classes(self, classes: Sequence[PixelClass], active: int) -> None:
        """The project's classes and the one that is active."""
        target = self.target.currentData()
        self._classes, self._active = tuple(classes), active
        name = next((cls.name for cls in classes if cls.index == active), "")
        self.scope.setItemText(0, f"Active class: {name}" if name else "Active class")
        with QSignalBlocker(self.target):
            self.target.clear()
            for cls in classes:
                self.target.addItem(_swatch(cls.colour), cls.name, cls.index)
            self.target.setCurrentIndex(max(0, self.target.findData(target)))
        self._show_possible()

    def request(self, kind: RegionKind) -> RegionRequest:
        """What asking for a command now would ask for."""
        number = self.numbers.get(kind)
        return RegionRequest(
            kind=kind,
            all_classes=self.scope.currentIndex() == 1,
            where=Where(self.where.currentData()),
            pixels=number.value() if number is not None else 0,
            target=self.target.currentData() or 0,
        )

    def ask(self, kind: RegionKind) -> None:
        """As if its button were pressed: for a menu or a key."""
        if self.buttons[kind].isEnabled():
            self.asked.emit(self.request(kind))

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.scope.addItems(["Active class", "All classes"])
        for where, text in _WHERE.items():
            self.where.addItem(text, where.value)
        for combo, label, name in (
            (self.scope, "On", "Classes the commands act on"),
            (self.where, "In", "Part of the image the commands act in"),
        ):
            _keep_narrow(combo, name)
            form.addRow(label, combo)
        _keep_narrow(self.target, "Class that replaces the other")
        self.target.setIconSize(QSize(_SWATCH, _SWATCH))
        self.scope.currentIndexChanged.connect(self._show_possible)
        self.target.currentIndexChanged.connect(self._show_possible)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 10)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addLayout(self._grid())
        layout.addStretch(1)
        self._show_possible()

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        for line, (kind, row) in enumerate(_ROWS.items()):
            button = QPushButton(row.text)
            button.setToolTip(row.tip)
            button.setAutoDefault(False)
            button.clicked.connect(partial(self.ask, kind))
            self.buttons[kind] = button
            field = self._field(kind, row)
            grid.addWidget(button, line, 0, 1, 1 if field is not None else 2)
            if field is not None:
                grid.addWidget(field, line, 1)
        return grid

    def _field(self, kind: RegionKind, row: _Row) -> QWidget | None:
        if kind == RegionKind.REPLACE_CLASS:
            return self.target
        if not row.number:
            return None
        box = QSpinBox()
        box.setRange(row.low, row.high)
        box.setValue(row.value)
        box.setPrefix(row.prefix)
        box.setSuffix(" px")
        box.setSpecialValueText(row.lowest_text)
        box.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        box.setAccessibleName(row.number)
        box.setToolTip(row.number)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.numbers[kind] = box
        return box

    def _show_possible(self) -> None:
        """Nothing is replaced by itself."""
        alone = self.scope.currentIndex() == 0 and self.target.currentData() == self._active
        self.buttons[RegionKind.REPLACE_CLASS].setEnabled(bool(self._classes) and not alone)


def _keep_narrow(combo: QComboBox, name: str) -> None:
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)


def _swatch(colour: tuple[int, int, int]) -> QPixmap:
    pixmap = QPixmap(_SWATCH, _SWATCH)
    pixmap.fill(QColor(*colour))
    return pixmap
