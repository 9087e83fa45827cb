"""A plot in the theme's colours."""

from __future__ import annotations

import pyqtgraph
from PySide6.QtGui import QPalette


def colour_plot(plot: pyqtgraph.PlotWidget, palette: QPalette, title: str = "") -> None:
    """Colours ground, axes and title; again after each change of the theme."""
    text = palette.color(QPalette.ColorRole.PlaceholderText)
    plot.setBackground(palette.color(QPalette.ColorRole.Base))
    if title:
        plot.setTitle(title, color=text.name(), size="9pt")
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(text)
        axis.setTextPen(text)
