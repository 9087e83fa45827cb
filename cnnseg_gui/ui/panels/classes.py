"""The class palette: which class the brush paints, and how much of it is decided."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from cnnseg_gui.core.classes import PixelClass

_KEYS = "0123456789"


class ClassesPanel(QWidget):
    """One button per class; the number key of each is its index."""

    chosen = Signal(int)
    """The class index to paint."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(8, 4, 8, 8)
        self._layout.setSpacing(2)
        self._layout.addStretch(1)

    def show_classes(self, classes: Sequence[PixelClass]) -> None:
        for button in self._group.buttons():
            self._group.removeButton(button)
            self._layout.removeWidget(button)
            button.deleteLater()
        for cls in classes:
            button = _ClassButton(cls)
            self._group.addButton(button, cls.index)
            self._layout.insertWidget(self._layout.count() - 1, button)

    def choose(self, index: int) -> None:
        """Shows which class is active."""
        button = self._group.button(index)
        if button is not None:
            button.setChecked(True)

    def show_counts(self, decided: dict[int, int]) -> None:
        """Decided pixels of the current image by class index."""
        for button in self._group.buttons():
            if isinstance(button, _ClassButton):
                button.show_count(decided.get(button.pixel_class.index, 0))


class _ClassButton(QToolButton):
    """Colour, key, name and count in one row."""

    def __init__(self, cls: PixelClass) -> None:
        super().__init__()
        self.pixel_class = cls
        self._count = 0
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        key = f" (key {cls.index})" if cls.index < len(_KEYS) else ""
        self.setToolTip(f"Paint {cls.name}{key}")
        self.setAccessibleName(f"Class {cls.name}")

    def show_count(self, pixels: int) -> None:
        if pixels != self._count:
            self._count = pixels
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = QPalette.ColorRole
        text = self.palette().color(role.HighlightedText if self.isChecked() else role.ButtonText)
        inner = self.rect().adjusted(10, 0, -10, 0)
        side = self.fontMetrics().ascent()
        swatch = QRect(inner.left(), inner.center().y() - side // 2, side, side)
        painter.setPen(text)
        painter.setBrush(QColor(*self.pixel_class.colour))
        painter.drawRoundedRect(swatch, 3, 3)
        inner.setLeft(swatch.right() + 8)
        vertical = Qt.AlignmentFlag.AlignVCenter
        if self.pixel_class.index < len(_KEYS):
            painter.drawText(inner, vertical, _KEYS[self.pixel_class.index])
            inner.setLeft(inner.left() + self.fontMetrics().horizontalAdvance("0") + 8)
        count = f"{self._count:,} px".replace(",", "\u202f") if self._count else ""
        painter.drawText(inner, vertical | Qt.AlignmentFlag.AlignRight, count)
        inner.setRight(inner.right() - self.fontMetrics().horizontalAdvance(count) - 6)
        name = self.fontMetrics().elidedText(
            self.pixel_class.name, Qt.TextElideMode.ElideRight, inner.width()
        )
        painter.drawText(inner, vertical, name)
        painter.end()
