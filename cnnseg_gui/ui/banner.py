"""Errors, one line each, above the canvas: seen, never in the way, gone when dismissed."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from cnnseg_gui.ui.icons import icon

_KEPT = 50


class Banner(QFrame):
    """Shows the oldest message that was not dismissed, and how many wait behind it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._messages: deque[str] = deque(maxlen=_KEPT)
        sign = QLabel()
        sign.setPixmap(icon("warning").pixmap(18, 18))
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = QLabel()
        self._more.setObjectName("quiet")
        dismiss = QToolButton()
        dismiss.setIcon(icon("close"))
        dismiss.setToolTip("Dismiss")
        dismiss.setAccessibleName("Dismiss this message")
        dismiss.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(sign)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._more)
        layout.addWidget(dismiss)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown now; empty when nothing is."""
        return self._messages[0] if self._messages else ""

    @property
    def messages(self) -> tuple[str, ...]:
        """All that were not dismissed, oldest first."""
        return tuple(self._messages)

    def say(self, message: str) -> None:
        """Adds a message unless it is there already."""
        if message not in self._messages:
            self._messages.append(message)
            self._show()

    def retract(self, message: str) -> None:
        """Takes a message back whose cause is gone."""
        if message in self._messages:
            self._messages.remove(message)
            self._show()

    def dismiss(self) -> None:
        if self._messages:
            self._messages.popleft()
        self._show()

    def _show(self) -> None:
        self._text.setText(self.text)
        waiting = len(self._messages) - 1
        self._more.setText(f"{waiting} more" if waiting > 0 else "")
        self.setVisible(bool(self._messages))
