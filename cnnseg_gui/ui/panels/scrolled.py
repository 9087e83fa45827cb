"""A panel that scrolls where its dock is lower than it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

_LEAST = 90  # logical pixels: a few rows


class _Scrolled(QScrollArea):
    """As wide as its panel must be: it scrolls up and down only."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self._panel = panel
        self._wanted = QSize(), QSize()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(panel)
        panel.installEventFilter(self)

    def sizeHint(self) -> QSize:
        return QSize(self.minimumSizeHint().width(), self._panel.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._panel.minimumSizeHint().width() + bar, _LEAST)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            wanted = self.minimumSizeHint(), self.sizeHint()
            if wanted != self._wanted:  # else only the panel is laid out, not the whole window
                self._wanted = wanted
                self.updateGeometry()
        return super().eventFilter(watched, event)


def scrolled(panel: QWidget) -> QScrollArea:
    """The panel in a frame that scrolls."""
    return _Scrolled(panel)
