"""Colours of the kinds of layers: pooling red, convolution grey, dense blue, softmax green.

So they are drawn in Simonyan and Zisserman's VGG16; the others keep away from these.
"""

from __future__ import annotations

from PySide6.QtGui import QColor

KIND_COLOURS = {
    "input": "#f2e3c0",
    "convolution": "#aab2bd",
    "transposed convolution": "#e8973e",
    "pooling": "#d9534f",
    "dense": "#4a8fd8",
    "softmax": "#53a85a",
    "upsampling": "#2fa5a0",
    "space to depth": "#c98bb0",
    "depth to space": "#6fbf73",
    "concatenation": "#8e6cc4",
    "sum": "#c7a52a",
}
_QUIET = "#7d8591"


def kind_colour(kind: str) -> QColor:
    """Of a kind of layer, on light and on dark ground."""
    return QColor(KIND_COLOURS.get(kind, _QUIET))
