"""Errors and hints, one line each, over the canvas' top: seen, and gone with their cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from cnnseg_gui.ui.icons import icon

_KEPT = 50


@dataclass(frozen=True)
class Offer:
    """A button beside a message: what can be done about it at once."""

    text: str
    take: Callable[[], None]


class Kind(Enum):
    """How a message looks, and how long it stays."""

    WARNING = "warning"
    """Something went wrong."""
    NOTE = "note"
    """Nothing did: it has no sign."""
    HINT = "hint"
    """A note about the image that is shown: goes with it, or with the next hint."""


@dataclass(frozen=True)
class _Message:
    kind: Kind
    of_program: bool
    reportable: bool
    offer: Offer | None


class Banner(QFrame):
    """Shows the newest message that was not dismissed, and how many are behind it.

    It lies over the picture, which therefore never moves when it comes or goes.
    """

    report_asked = Signal()
    """The person wants to report what the message says."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._messages: dict[str, _Message] = {}  # the newest last
        self._sign = QLabel()
        self._draw_sign()
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
        layout.addWidget(self._sign)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._more)
        layout.addWidget(self._report)
        layout.addWidget(self.offer)
        layout.addWidget(dismiss)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown now; empty when nothing is."""
        return next(reversed(self._messages), "")

    @property
    def messages(self) -> tuple[str, ...]:
        """All that were not dismissed, oldest first."""
        return tuple(self._messages)

    @property
    def covered(self) -> int:
        """The height, in logical pixels, of what it lies over; 0 while it says nothing."""
        return 0 if self.isHidden() else self.heightForWidth(self.width())

    @property
    def warns(self) -> bool:
        """What is shown carries the warning sign."""
        return not self._sign.isHidden()

    def say(
        self,
        text: str,
        *,
        kind: Kind = Kind.WARNING,
        of_program: bool = False,
        reportable: bool = False,
        offer: Offer | None = None,
    ) -> None:
        """Shows a message; one that is there already comes to the front.

        Args:
            of_program: it stays when another project is opened.
            reportable: it says that the program is at fault, and offers to report it.
            offer: what can be done about it.
        """
        if kind == Kind.HINT:
            self.leave_image()
        self._messages.pop(text, None)
        self._messages[text] = _Message(kind, of_program or reportable, reportable, offer)
        if len(self._messages) > _KEPT:
            del self._messages[next(iter(self._messages))]
        self._show()

    def hint(self, text: str) -> None:
        """Shows a hint about the image."""
        self.say(text, kind=Kind.HINT)

    def retract(self, text: str) -> None:
        """Takes a message back whose cause is gone."""
        if text in self._messages:
            del self._messages[text]
            self._show()

    def leave_image(self) -> None:
        """Another image is shown: the hints were about the one before."""
        self._keep(lambda message: message.kind != Kind.HINT)

    def leave_project(self) -> None:
        """Another project is open: what was said of the one before is over."""
        self._keep(lambda message: message.of_program)

    def dismiss(self) -> None:
        """Takes away what is shown; the one before it is shown again."""
        self.retract(self.text)

    def _keep(self, wanted: Callable[[_Message], bool]) -> None:
        kept = {text: message for text, message in self._messages.items() if wanted(message)}
        if len(kept) < len(self._messages):
            self._messages = kept
            self._show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_sign()

    def _draw_sign(self) -> None:
        self._sign.setPixmap(icon("warning").pixmap(18, 18))

    def _take_offer(self) -> None:
        offer = self._messages[self.text].offer
        if offer is not None:
            offer.take()

    def _show(self) -> None:
        message = self._messages.get(self.text)
        if message is not None:
            warns = message.kind == Kind.WARNING
            self._sign.setVisible(warns)
            if self.property("warns") != warns:
                self.setProperty("warns", warns)
                self.style().polish(self)  # the style sheet looks at it
            self._report.setVisible(message.reportable)
            self.offer.setVisible(message.offer is not None)
            self.offer.setText(message.offer.text if message.offer is not None else "")
        self._text.setText(self.text)
        others = len(self._messages) - 1
        self._more.setText(f"{others} more" if others > 0 else "")
        self.setVisible(message is not None)
