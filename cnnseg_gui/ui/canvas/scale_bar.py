"""A bar of a round length, where the image knows how large its pixels are."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from cnnseg_gui.editor.tools.ruler import length_text

_SHORTEST, _LONGEST = 60.0, 180.0  # logical pixels
_MARGIN, _PADDING, _THICK = 14, 8, 4
_ROUND = (1.0, 2.0, 5.0)


def bar_length(pixel_size: float, scale: float) -> float:
    """The longest of 1, 2, 5, 10, … micrometres whose bar is not too long.

    Args:
        pixel_size: micrometres per image pixel.
        scale: logical pixels per image pixel.
    """
    longest = _LONGEST / scale * pixel_size
    power = 10.0 ** math.floor(math.log10(longest))
    return power * max(step for step in _ROUND if step * power <= longest * (1 + 1e-9))


def draw_scale_bar(painter: QPainter, area: QRect, pixel_size: float, scale: float) -> None:
    """In the lower right corner of `area`, in Qt's logical pixels."""
    length = bar_length(pixel_size, scale)
    across = length / pixel_size * scale
    text = length_text(length)
    metrics = painter.fontMetrics()
    width = max(across, metrics.horizontalAdvance(text)) + 2 * _PADDING
    height = metrics.height() + _THICK + 2 * _PADDING
    box = QRectF(0, 0, width, height)
    box.moveBottomRight(QPointF(area.right() - _MARGIN, area.bottom() - _MARGIN))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 150))
    painter.drawRoundedRect(box, 5, 5)
    left = box.center().x() - across / 2
    painter.setBrush(QColor("white"))
    painter.drawRect(QRectF(left, box.bottom() - _PADDING - _THICK, across, _THICK))
    painter.setPen(QColor("white"))
    above = box.adjusted(0, _PADDING - 3, 0, -_PADDING - _THICK)
    painter.drawText(above, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
