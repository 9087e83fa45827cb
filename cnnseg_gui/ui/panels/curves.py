"""Loss and held-out IoU while the network learns, drawn with pyqtgraph."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import pyqtgraph
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from cnnseg_gui.core.classes import PixelClass

_HEIGHT = 130  # pixels


class Curves(QWidget):
    """Two plots over seconds of training: loss, and IoU as the mean and of each class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._accent = self.palette().color(QPalette.ColorRole.Accent)
        text = self.palette().color(QPalette.ColorRole.PlaceholderText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._loss = _Line(_plot(self, "Loss", layout), text, width=1.5)
        self._plot = _plot(self, "Held-out IoU", layout)
        self._plot.setYRange(0, 1, padding=0.05)
        self._classes: list[tuple[PixelClass, _Line]] = []
        self._mean = _Line(self._plot, self._accent, width=2, marked=True)
        self._legend = QLabel()
        self._legend.setObjectName("quiet")
        self._legend.setWordWrap(True)
        layout.addWidget(self._legend)

    def begin(self, classes: Sequence[PixelClass]) -> None:
        """Empty curves, for a network with these classes."""
        for _, line in self._classes:
            line.remove()
        self._classes = [
            (cls, _Line(self._plot, QColor(*cls.colour), width=1.3)) for cls in classes
        ]
        for line in (self._loss, self._mean):
            line.clear()
        self._show_legend()

    def add(
        self, seconds: float, loss: float, iou: float | None, by_class: Sequence[float] = ()
    ) -> None:
        """What is known after `seconds` of training.

        Args:
            loss: NaN before the first step.
            iou: mean, 0…1, where it was just measured.
            by_class: that of each class with it; NaN where no held-out pixel has one.
        """
        self._loss.add(seconds, loss)
        if iou is None:
            return
        self._mean.add(seconds, iou)
        for (_, line), value in zip(self._classes, by_class, strict=False):
            line.add(seconds, value)
        self._show_legend()

    @property
    def legend(self) -> str:
        """The last IoU of the mean and of each class, as HTML."""
        return self._legend.text()

    def _show_legend(self) -> None:
        entries = [("mean", self._accent.name(), self._mean)]
        entries += [(cls.name, QColor(*cls.colour).name(), line) for cls, line in self._classes]
        self._legend.setText(
            " &nbsp; ".join(
                f'<span style="color:{colour}">●</span>&nbsp;'
                f"{html.escape(name).replace(' ', '&nbsp;')}&nbsp;{line.last:.2f}"
                for name, colour, line in entries
                if line.last is not None
            )
        )
        self._legend.setVisible(bool(self._legend.text()))


class _Line:
    """One curve of a plot."""

    def __init__(
        self, plot: pyqtgraph.PlotWidget, colour: QColor, *, width: float, marked: bool = False
    ) -> None:
        self._on = plot
        self._seconds: list[float] = []
        self._values: list[float] = []
        self._drawn = plot.plot(
            pen=pyqtgraph.mkPen(colour, width=width),
            symbol="o" if marked else None,
            symbolSize=6,
            symbolBrush=colour,
        )

    @property
    def last(self) -> float | None:
        return self._values[-1] if self._values else None

    def add(self, seconds: float, value: float) -> None:
        """Not where the value is NaN."""
        if math.isnan(value):
            return
        self._seconds.append(seconds)
        self._values.append(value)
        self._drawn.setData(self._seconds, self._values)

    def clear(self) -> None:
        self._seconds, self._values = [], []
        self._drawn.setData([], [])

    def remove(self) -> None:
        self._on.removeItem(self._drawn)


def _plot(parent: QWidget, title: str, layout: QVBoxLayout) -> pyqtgraph.PlotWidget:
    text = parent.palette().color(QPalette.ColorRole.PlaceholderText)
    plot = pyqtgraph.PlotWidget(background=parent.palette().color(QPalette.ColorRole.Base))
    plot.setTitle(title, color=text.name(), size="9pt")
    plot.setMouseEnabled(x=False, y=False)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setFixedHeight(_HEIGHT)
    plot.setAccessibleName(title)
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(text)
        axis.setTextPen(text)
    plot.getAxis("left").setWidth(34)
    layout.addWidget(plot)
    return plot
