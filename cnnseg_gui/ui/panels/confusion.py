"""A confusion matrix as a picture: what was held out, by its tag and by what was said."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

_CELL = 40.0
_GAP = 2.0


class ConfusionPicture(QWidget):
    """Rows: the images' tags; columns: what the classifier says. Right answers on the diagonal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[str, ...] = ()
        self._counts: tuple[tuple[int, ...], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Confusion matrix")

    def show_matrix(self, labels: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        self._labels, self._counts = tuple(labels), tuple(tuple(row) for row in counts)
        self.setVisible(bool(self._counts))
        self.setToolTip("Rows: the tag. Columns: what was said.")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        side = len(self._labels) * _CELL
        return QSize(round(side + self._margin() + 8), round(side + self._above() + 8))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, min(self.sizeHint().height(), 320))

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._counts:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role, palette = QPalette.ColorRole, self.palette()
        text, quiet = palette.color(role.Text), palette.color(role.PlaceholderText)
        left, top = self._margin(), self._above()
        number = len(self._labels)
        cell = min(_CELL, (self.width() - left - 4) / number, (self.height() - top - 4) / number)
        metrics = QFontMetricsF(painter.font())
        for row, counts in enumerate(self._counts):
            total = max(1, sum(counts))
            y = top + row * cell
            painter.setPen(text)
            name = metrics.elidedText(self._labels[row], Qt.TextElideMode.ElideRight, left - 8)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y, left - 8, cell), right, name)
            for column, count in enumerate(counts):
                area = QRectF(left + column * cell, y, cell - _GAP, cell - _GAP)
                colour = palette.color(role.Accent if row == column else role.BrightText)
                colour.setAlphaF(count / total)
                painter.fillRect(area, palette.color(role.Base))
                painter.fillRect(area, colour)
                strong = count / total > 0.6
                painter.setPen(palette.color(role.HighlightedText) if strong else quiet)
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, str(count) if count else "·")
        self._draw_columns(painter, metrics, left, top, cell, QColor(text))
        painter.end()

    def _draw_columns(
        self,
        painter: QPainter,
        metrics: QFontMetricsF,
        left: float,
        top: float,
        cell: float,
        colour: QColor,
    ) -> None:
        """The names above, read upwards."""
        painter.setPen(colour)
        for column, label in enumerate(self._labels):
            painter.save()
            painter.translate(left + (column + 0.5) * cell + metrics.ascent() / 3, top - 6)
            painter.rotate(-90)
            name = metrics.elidedText(label, Qt.TextElideMode.ElideRight, top - 8)
            painter.drawText(0, 0, name)
            painter.restore()

    def _widest(self) -> float:
        metrics = QFontMetricsF(self.font())
        return max((metrics.horizontalAdvance(label) for label in self._labels), default=0.0)

    def _margin(self) -> float:
        return min(140.0, self._widest() + 12)

    def _above(self) -> float:
        return min(110.0, self._widest() + 12)
