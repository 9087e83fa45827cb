"""Loss and held-out IoU while the network learns, drawn with pyqtgraph."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import pyqtgraph
from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.ui.panels.plot_colours import colour_plot

_HEIGHT = 130  # pixels
_LOSS, _IOU = "Loss", "Held-out IoU"


class Curves(QWidget):
    """Two plots over seconds of training: loss, and IoU as the mean and of each class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._losses, self._plot = _plot(_LOSS, layout), _plot(_IOU, layout)
        self._loss = _Line(self._losses, self._text, width=1.5)
        self._plot.setYRange(0, 1, padding=0.05)
        self._classes: list[tuple[PixelClass, _Line]] = []
        self._mean = _Line(self._plot, self._accent, width=2, marked=True)
        self._legend = QLabel()
        self._legend.setObjectName("quiet")
        self._legend.setWordWrap(True)
        layout.addWidget(self._legend)
        self._colour()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

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

    @property
    def _accent(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Accent)

    @property
    def _text(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.PlaceholderText)

    def _colour(self) -> None:
        """As the theme is now."""
        colour_plot(self._losses, self.palette(), _LOSS)
        colour_plot(self._plot, self.palette(), _IOU)
        self._loss.colour(self._text)
        self._mean.colour(self._accent)
        self._show_legend()

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
        self._width = width
        self._seconds: list[float] = []
        self._values: list[float] = []
        self._drawn = plot.plot(symbol="o" if marked else None, symbolSize=6)
        self.colour(colour)

    def colour(self, colour: QColor) -> None:
        self._drawn.setPen(pyqtgraph.mkPen(colour, width=self._width))
        self._drawn.setSymbolBrush(colour)

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


def _plot(title: str, layout: QVBoxLayout) -> pyqtgraph.PlotWidget:
    plot = pyqtgraph.PlotWidget()
    plot.setMouseEnabled(x=False, y=False)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setFixedHeight(_HEIGHT)
    plot.setAccessibleName(title)
    plot.getAxis("left").setWidth(34)
    layout.addWidget(plot)
    return plot
