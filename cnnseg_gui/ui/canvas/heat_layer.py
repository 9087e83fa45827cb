"""A heat picture over the image, with its legend."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette

from cnnseg_gui.core.heat import heat_colours
from cnnseg_gui.ui.canvas.tiles import TilePicture
from cnnseg_gui.ui.canvas.transform import ViewTransform

Heat = npt.NDArray[np.float32]

_FORMAT = QImage.Format.Format_ARGB32_Premultiplied
_BAR = 180, 10
_MARGIN, _PADDING, _GAP = 14, 10, 5
_ROUND = 6.0


class HeatLayer:
    """Made anew for every picture; in any thread, for a large one takes some milliseconds.

    Args:
        values: float32[h, w] in 0…1, stretched over the whole image.
        legend: what is shown, in a few words.
        ends: what 0 and 1 stand for.
    """

    def __init__(self, values: Heat, legend: str, ends: tuple[str, str] = ("0", "1")) -> None:
        self.values = values
        self.legend = legend
        self._ends = ends
        self._picture = TilePicture(heat_colours(values), _FORMAT)
        ramp = np.linspace(0, 1, _BAR[0], dtype=np.float32)
        self._bar = TilePicture(heat_colours(ramp[None]), _FORMAT)

    def draw(self, painter: QPainter, view: ViewTransform, shape: tuple[int, int]) -> None:
        """Over an image of `shape`, in the screen's own pixels; the painter is clipped to what
        is exposed, so a dab costs what it covers."""
        coarser = self._picture.colours.shape != shape
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, coarser or view.scale < 1)
        top, bottom = view.view_edges(0, shape[0], 2, vertical=True)
        left, right = view.view_edges(0, shape[1], 2, vertical=False)
        painter.drawImage(QRect(left, top, right - left, bottom - top), self._picture.image)

    def draw_legend(self, painter: QPainter, area: QRect, palette: QPalette, ratio: float) -> None:
        """In the lower left corner of `area`, in Qt's logical pixels."""
        painter.save()
        painter.scale(ratio, ratio)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        line = metrics.height()
        width = max(_BAR[0], metrics.horizontalAdvance(self.legend))
        height = 2 * line + _BAR[1] + 2 * _GAP
        box = QRectF(0, 0, width + 2 * _PADDING, height + 2 * _PADDING)
        box.moveBottomLeft(QPointF(area.left() + _MARGIN, area.bottom() - _MARGIN))
        painter.setPen(QColor(palette.color(QPalette.ColorRole.Mid)))
        ground = palette.color(QPalette.ColorRole.Base)
        ground.setAlphaF(0.92)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, _ROUND, _ROUND)
        inner = box.adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop, self.legend)
        bar = QRectF(inner.left(), inner.top() + line + _GAP, inner.width(), _BAR[1])
        painter.fillRect(bar, Qt.GlobalColor.black)
        painter.drawImage(bar, self._bar.image)
        low, high = self._ends
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, high)
        painter.restore()
