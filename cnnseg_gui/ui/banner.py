"""Errors, one line each, above the canvas: seen, never in the way, gone when dismissed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from cnnseg_gui.ui.icons import icon

_KEPT = 50


@dataclass(frozen=True)
class Offer:
    """A button beside a message: what can be done about it at once."""

    text: str
    take: Callable[[], None]


class Banner(QFrame):
    """Shows the oldest message that was not dismissed, and how many wait behind it."""

    report_asked = Signal()
    """The person wants to report what the message says."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._messages: deque[str] = deque(maxlen=_KEPT)
        self._reportable: set[str] = set()
        self._offers: dict[str, Offer] = {}
        sign = QLabel()
        sign.setPixmap(icon("warning").pixmap(18, 18))
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = QLabel()
        self._more.setObjectName("quiet")
        self._report = QPushButton("Report…")
        self._report.setToolTip("See what was found out, and copy it")
        self._report.clicked.connect(self.report_asked)
        self.offer = QPushButton()
        self.offer.clicked.connect(self._take_offer)
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
        layout.addWidget(self._report)
        layout.addWidget(self.offer)
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

    def say(self, message: str, *, reportable: bool = False, offer: Offer | None = None) -> None:
        """Adds a message unless it is there already.

        Args:
            reportable: it says that the program is at fault, and offers to report it.
            offer: what can be done about it.
        """
        if offer is not None:
            self._offers[message] = offer
        if reportable:
            self._reportable.add(message)
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

    def _take_offer(self) -> None:
        self._offers[self.text].take()

    def _show(self) -> None:
        self._reportable.intersection_update(self._messages)
        self._report.setVisible(self.text in self._reportable)
        self._offers = {text: self._offers[text] for text in self._messages if text in self._offers}
        offer = self._offers.get(self.text)
        self.offer.setVisible(offer is not None)
        self.offer.setText(offer.text if offer is not None else "")
        self._text.setText(self.text)
        waiting = len(self._messages) - 1
        self._more.setText(f"{waiting} more" if waiting > 0 else "")
        self.setVisible(bool(self._messages))
