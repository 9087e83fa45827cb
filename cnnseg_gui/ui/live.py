"""What the person is told of the answers while painting, and where they are switched."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QLabel, QStatusBar, QVBoxLayout, QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.live import NETWORK, LivePainting
from cnnseg_gui.editor.live_start import SelfStart

_ABOUT_ANSWERS = (
    "After every gesture the last layers of the network are fitted to what is decided, and what "
    "is visible is proposed anew. Teaching makes a revision of it; an answer is none."
)
_NO_ANSWERS = f"Only {NETWORK} can answer while you paint: Network ▸ Choose Network"


class LiveRows(QWidget):
    """Two switches of the teaching panel, with the rule of the second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.answers = QCheckBox("Answer while painting")
        self.by_itself = QCheckBox("Teach by itself")
        self.rule = QLabel()
        self.rule.setObjectName("quiet")
        self.rule.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.answers, self.by_itself, self.rule):
            layout.addWidget(widget)


class LiveSwitches(QObject):
    """Keeps panel, menu and status bar in step with what answers and what starts by itself."""

    said = Signal(str)
    """A line for the banner."""

    def __init__(
        self,
        rows: LiveRows,
        answers: QAction,
        by_itself: QAction,
        status: QStatusBar,
        live: LivePainting,
        start: SelfStart,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._rows, self._answers, self._by_itself = rows, answers, by_itself
        self._live, self._start = live, start
        self._label = QLabel()
        self._label.setAccessibleName("Answers while painting")
        self._label.setToolTip("What is proposed follows from what you decided here so far")
        self._status = status
        status.addWidget(self._label)
        status.messageChanged.connect(self._show_words)
        for switch in (rows.answers.clicked, answers.triggered):
            switch.connect(lambda on: self._switch(live.switch, on))
        for switch in (rows.by_itself.clicked, by_itself.triggered):
            switch.connect(lambda on: self._switch(start.switch, on))
        live.changed.connect(self._show)
        start.changed.connect(self._show)
        self._show()

    @property
    def text(self) -> str:
        """What the status bar says; empty where nothing answers."""
        return self._label.text()

    def _switch(self, switch: Callable[[bool], None], on: bool) -> None:
        try:
            switch(on)
        except UserError as error:
            self.said.emit(str(error))
        self._show()

    def _show(self) -> None:
        live, start = self._live, self._start
        for switch in (self._rows.answers, self._answers):
            switch.setEnabled(live.available)
            switch.setChecked(live.on)
            switch.setToolTip(_ABOUT_ANSWERS if live.available else _NO_ANSWERS)
        for switch in (self._rows.by_itself, self._by_itself):
            switch.setChecked(start.on)
        self._rows.rule.setText(start.words)
        self._label.setText(live.words)
        self._show_words()

    def _show_words(self) -> None:
        """A passing message has their place."""
        self._label.setVisible(bool(self._label.text()) and not self._status.currentMessage())
