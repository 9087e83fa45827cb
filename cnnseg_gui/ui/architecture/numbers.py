"""The Numbers tab: kernels and their weights as grids, upsampling and its pattern as pictures."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from cnnseg_gui.core.architecture import KernelComparison, Kernels, Overlap
from cnnseg_gui.ui.architecture.colours import kind_colour
from cnnseg_gui.ui.architecture.texts import sides

_CELL = 13  # pixels, of a weight
_GAP = 12
_VALUE = 17  # pixels, of an output
_PER_ROW = 3


class NumbersTab(QScrollArea):
    """Everything on one page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.texts: tuple[str, ...] = ()
        """What the pictures say, in words."""

    def show_numbers(
        self, kernels: tuple[KernelComparison, ...], overlaps: tuple[Overlap, ...]
    ) -> None:
        """Replaces what is shown."""
        page = QWidget()
        pictures = [KernelPicture(comparison) for comparison in kernels]
        outputs = [OverlapPicture(overlap) for overlap in overlaps]
        self.texts = (*(p.text for p in pictures), *(o.text for o in outputs))
        layout = QVBoxLayout(page)
        layout.setSpacing(10)
        layout.addWidget(_heading("Small kernels, one after the other"))
        layout.addWidget(
            _paragraph("They see as much of the input as one large kernel, with fewer weights.")
        )
        for picture in pictures:
            layout.addWidget(picture)
        layout.addSpacing(10)
        layout.addWidget(_heading("Upsampling"))
        layout.addWidget(
            _paragraph(
                "What each way makes of an input of ones, with weights of one: how many products "
                "reach each output. Where the stride does not divide the kernel they overlap "
                "unevenly, and a checkerboard remains."
            )
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(14)
        for number, output in enumerate(outputs):
            place = divmod(number, _PER_ROW)
            grid.addWidget(output, *place, Qt.AlignmentFlag.AlignLeft)
        grid.setColumnStretch(_PER_ROW, 1)
        layout.addLayout(grid)
        layout.addStretch(1)
        self.setWidget(page)


class KernelPicture(QWidget):
    """One large kernel, against the small ones that see as much: every weight is a square."""

    def __init__(self, comparison: KernelComparison) -> None:
        super().__init__()
        self._comparison = comparison
        one, stack = comparison.one, comparison.stack
        self.text = (
            f"{one.weights} weights, against {_sum(stack)} = {stack.weights}; "
            f"{'both' if one.receptive_field == stack.receptive_field else 'the first one'} "
            f"see {sides(one.receptive_field)}"
        )
        self.setAccessibleName(self.text)
        height = max(rows for rows, _ in one.sizes) * _CELL + 34
        self.setMinimumSize(_width(one) + _width(stack) + 90, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bottom = self.height() - 30.0
        x = self._grids(painter, self._comparison.one, 1.0, bottom, kind_colour("convolution"))
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(QRectF(x, 0, 60, bottom), Qt.AlignmentFlag.AlignCenter, "against")
        self._grids(painter, self._comparison.stack, x + 60, bottom, kind_colour("dense"))
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, bottom + 4, self.width(), 22), left, self.text)
        painter.end()

    def _grids(
        self, painter: QPainter, kernels: Kernels, x: float, bottom: float, colour: QColor
    ) -> float:
        """Draws the kernels side by side; returns where they end."""
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Window), 1))
        painter.setBrush(colour)
        for rows, columns in kernels.sizes:
            top = (bottom - rows * _CELL) / 2
            for row in range(rows):
                for column in range(columns):
                    painter.drawRect(QRectF(x + column * _CELL, top + row * _CELL, _CELL, _CELL))
            x += columns * _CELL + _GAP
        return x - _GAP


class OverlapPicture(QWidget):
    """Outputs as squares, the larger the darker, with their values."""

    def __init__(self, overlap: Overlap) -> None:
        super().__init__()
        self._overlap = overlap
        self.text = f"{overlap.name}: {'even' if overlap.even else 'uneven'}"
        self.setAccessibleName(self.text)
        rows, columns = len(overlap.values), len(overlap.values[0])
        title = self.fontMetrics().horizontalAdvance(_broken(overlap)[0]) + 4
        self.setFixedSize(QSize(max(columns * _VALUE, title) + 2, rows * _VALUE + 42))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        largest = max(max(row) for row in self._overlap.values)
        font = painter.font()
        text = self.palette().color(QPalette.ColorRole.Text)
        uneven = kind_colour("pooling")
        painter.setPen(text)
        for line, words in enumerate(_broken(self._overlap)):
            font.setBold(line == 1)
            painter.setFont(font)
            painter.setPen(uneven if line == 1 and not self._overlap.even else text)
            painter.drawText(QRectF(0, line * 18, self.width(), 18), words)
        font.setBold(False)
        font.setPixelSize(9)
        painter.setFont(font)
        for row, values in enumerate(self._overlap.values):
            for column, value in enumerate(values):
                rect = QRectF(column * _VALUE, 40 + row * _VALUE, _VALUE, _VALUE)
                shade = _shade(value / largest)
                painter.fillRect(rect, shade)
                painter.setPen(QColor("white" if shade.lightness() < 140 else "black"))
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, f"{value:g}")
        painter.end()


def _shade(share: float) -> QColor:
    """From light blue to dark blue."""
    return QColor.fromHsvF(0.585, 0.15 + 0.6 * share, 1.0 - 0.45 * share)


def _broken(overlap: Overlap) -> tuple[str, str]:
    name = overlap.name[:1].upper() + overlap.name[1:]
    return name, "Even" if overlap.even else "Uneven: a checkerboard"


def _sum(kernels: Kernels) -> str:
    """Nine for each of five as 9 + 9 + 9 + 9 + 9."""
    return " + ".join(str(rows * columns) for rows, columns in kernels.sizes)


def _width(kernels: Kernels) -> int:
    return sum(columns * _CELL + _GAP for _, columns in kernels.sizes)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("heading")
    return label


def _paragraph(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("quiet")
    label.setWordWrap(True)
    return label
