"""The log: what the program and its engine said, newest last."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

_LINES = 5000


class _Bridge(QObject):
    said = Signal(str)


class LogHandler(logging.Handler):
    """Hands records from any thread to the panel."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.bridge = _Bridge()
        self.setFormatter(logging.Formatter("%(asctime)s  %(levelname)s  %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.bridge.said.emit(self.format(record))
        except RuntimeError:  # the window is gone
            return


class LogPanel(QPlainTextEdit):
    """Read-only and bounded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setMaximumBlockCount(_LINES)
        self.setAccessibleName("Log")
        self._handler = LogHandler()
        self._handler.bridge.said.connect(self.appendPlainText)
        logging.getLogger("cnnseg").addHandler(self._handler)
        logging.getLogger("cnnseg_gui").addHandler(self._handler)

    def detach(self) -> None:
        """Stops listening; call before the window goes."""
        for name in ("cnnseg", "cnnseg_gui"):
            logging.getLogger(name).removeHandler(self._handler)
