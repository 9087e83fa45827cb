"""Listens to everything that goes wrong in a window, and tells what was to be expected."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType

from PySide6.QtCore import QtMsgType, qInstallMessageHandler

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.ui.banner import Banner
from cnnseg_gui.ui.main_window import MainWindow

# What is said because the engine was killed, or because the person asked too early.
_EXPECTED = (
    "ended by signal 9",
    "the engine stopped unexpectedly",
    "the engine is not running",
    "it is left alone",
    "The fine-tune was interrupted and",
    "the proposal is still arriving",
    "nothing is decided on this image yet",
)


@dataclass
class Findings:
    """What the work has shown."""

    actions: Counter[str] = field(default_factory=Counter)
    engine_kills: int = 0
    engine_left_alone: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """Failures that neither the banner nor the log has shown."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """How the fine-tunes ended."""
    exports_equal: int = 0
    memory_mb: list[tuple[float, float]] = field(default_factory=list)
    """(share of the time, resident MB of the window's process)."""
    differences: list[str] = field(default_factory=list)


class Listener:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.findings = Findings()
        self._shown: set[str] = set()
        self._banner: Banner | None = None

    def listen(self, window: MainWindow) -> None:
        """To everything in a window that can say that something failed."""
        self._banner = window.banner
        logging.getLogger().addHandler(_Seen(self._shown))
        logging.getLogger("cnnseg").setLevel(logging.INFO)
        for signal_ in (
            window.workspace.failed,
            window.opening.failed,
            window.canvas.failed,
            window.proposing.refused,
            window.fine_tuning.failed,
        ):
            signal_.connect(self._on_failed)
        window.engine.failed.connect(
            lambda f: self._on_failed(UserError(f.what, path=f.path, remedy=f.remedy))
        )
        window.engine.crashed.connect(self._on_said)
        window.fine_tuning.stopped.connect(self._on_stopped)
        window.fine_tuning.finished.connect(lambda _: self._count("finished"))
        window.fine_tuning.kept.connect(lambda _: self._count("kept"))
        window.fine_tuning.unimproved.connect(lambda _: self._count("unimproved"))

    def listen_to_defects(self) -> None:
        """To exceptions that nobody caught, and to Qt."""

        def on_exception(
            kind: type[BaseException], error: BaseException, trace: TracebackType | None
        ) -> None:
            self.findings.unexpected.append(f"defect: {kind.__name__}: {error}")
            sys.__excepthook__(kind, error, trace)

        def on_message(kind: QtMsgType, _context: object, text: str) -> None:
            if kind != QtMsgType.QtDebugMsg and "propagateSizeHints" not in text:
                self.findings.unexpected.append(f"Qt: {text}")

        sys.excepthook = on_exception
        qInstallMessageHandler(on_message)

    def _count(self, outcome: str) -> None:
        self.findings.outcomes[outcome] += 1

    def _on_stopped(self, reason: str) -> None:
        self._count("stopped" if reason else "cancelled")
        if reason:
            self._on_said(reason)

    def _on_failed(self, error: UserError) -> None:
        self._on_said(str(error))

    def _on_said(self, text: str) -> None:
        known = next((part for part in _EXPECTED if part in text), None)
        if known is None:
            self.findings.unexpected.append(text)
        else:
            self.findings.expected[known] += 1
        banner = self._banner.messages if self._banner is not None else ()
        seen = [*banner, *self._shown]
        if not any(text.lower() in line.lower() for line in seen):
            self.findings.unseen.append(text)


class _Seen(logging.Handler):
    """Keeps the different lines of the log."""

    def __init__(self, lines: set[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.add(record.getMessage())
