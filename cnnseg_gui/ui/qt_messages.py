"""What Qt has to say, into the log."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

# Not below "cnnseg", whose records the Log panel shows: showing them could make Qt say more.
_logger = logging.getLogger("qt")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@contextmanager
def qt_messages_logged() -> Iterator[None]:
    """While it holds, Qt's messages are log records; what Qt says meanwhile goes to stderr."""
    busy = threading.local()

    def take(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if getattr(busy, "now", False):
            if sys.__stderr__ is not None:
                print(text, file=sys.__stderr__)
            return
        busy.now = True
        try:
            category = context.category or "default"
            where = "" if category == "default" else f"{category}: "
            _logger.log(_LEVELS.get(kind, logging.WARNING), "%s%s", where, text)
        finally:
            busy.now = False

    before = qInstallMessageHandler(take)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
