"""The engine's process as the window has it: started, fed, listened to, restarted when it dies."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from cnnseg_gui.engine.heartbeat import Heartbeat
from cnnseg_gui.engine.messages import (
    EXIT_CANNOT_START,
    AnyMessage,
    Decoder,
    Ping,
    Pong,
    ProtocolError,
)
from cnnseg_gui.engine.outgoing import Outgoing

_logger = logging.getLogger("cnnseg.engine")

_RESTART_AFTER_MS = (200, 2000)
_MAX_CRASHES = len(_RESTART_AFTER_MS) + 1
_CRASH_WINDOW_S = 60.0
_AT_ONCE = 256 * 1024  # bytes: a fine-tune's state has 31 MB, and the brush goes on meanwhile
_STDERR_LINES = 40


class State(StrEnum):
    """What the engine is doing, as `state_changed` says it."""

    STOPPED = "stopped"
    STARTING = "starting"
    """Its process runs; requests are taken and wait until torch is loaded."""
    READY = "ready"
    RESTARTING = "restarting"
    """It crashed and comes back in a moment; requests wait."""
    BROKEN = "broken"
    """It cannot start, or crashed too often: `restart` tries again."""


class EngineProcess(QObject):
    """One running engine at most; messages go in and come out.

    Args:
        command: what to start; it speaks the protocol on stdin and stdout.
        on_message: takes every message and its blocks, in the window's thread; raises
            `ProtocolError` for one that an engine does not send.
        busy: whether anything is expected of it: then it is asked whether it is still there.
    """

    state_changed = Signal(str)
    """State."""
    crashed = Signal(str)
    """One line: what happened, and whether it comes back."""

    def __init__(
        self,
        command: Sequence[str],
        on_message: Callable[[AnyMessage, list[bytes]], None],
        *,
        busy: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.state = State.STOPPED
        self.starts = 0
        """How many times it was started: tells the answers meant for one process from the next."""
        self.command = list(command)
        """What the next start starts."""
        self._on_message = on_message
        self._process: QProcess | None = None
        self._decoder = Decoder()
        self._verdict = ""
        self._outgoing = Outgoing()
        self.heartbeat = Heartbeat(
            lambda: self.send(Ping()),
            busy=busy,
            loading=lambda: self.state == State.STARTING,
            parent=self,
        )
        """Notices where it hangs."""
        self.heartbeat.missed.connect(self._on_silent)
        self._crashes: list[float] = []
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._stderr_rest = ""
        self._rest_timer = QTimer(self)
        self._rest_timer.setSingleShot(True)
        self._rest_timer.setInterval(0)
        self._rest_timer.timeout.connect(self._read_some)
        self._restart_timer = QTimer(self)
        self._restart_timer.setSingleShot(True)
        self._restart_timer.timeout.connect(self.start)

    @property
    def id(self) -> int:
        """The running process's number; 0 where none runs."""
        return self._process.processId() if self._process else 0

    @property
    def last_lines(self) -> str:
        """The end of what it wrote to stderr, for a diagnosis."""
        return "\n".join(self._stderr)

    # ------------------------------------------------------------------ commands

    def start(self) -> None:
        """Starts it and returns at once. Does nothing if it runs."""
        if self._process is not None:
            return
        self._restart_timer.stop()
        self.starts += 1
        self._decoder = Decoder()
        self._verdict = ""
        process = self._process = QProcess(self)
        process.readyReadStandardOutput.connect(self._rest_timer.start)
        process.readyReadStandardError.connect(self._read_stderr)
        process.bytesWritten.connect(self._on_written)
        process.started.connect(self._on_started)
        process.errorOccurred.connect(self._on_error)
        process.finished.connect(self._on_finished)
        self.set_state(State.STARTING)
        process.start(self.command[0], self.command[1:])

    def restart(self) -> None:
        """Starts it with a clean count of crashes."""
        self._crashes.clear()
        self.start()

    def stop(self, wait_ms: int) -> None:
        """Closes its stdin, waits `wait_ms` at most for it to end, then kills it."""
        self._restart_timer.stop()
        process = self._detach()
        if process is not None:
            process.closeWriteChannel()
            if not process.waitForFinished(wait_ms):
                _logger.warning("the engine did not end by itself and was killed")
                process.kill()
                process.waitForFinished(wait_ms)
            process.deleteLater()
        self.set_state(State.STOPPED)

    def send(self, message: AnyMessage, blocks: Sequence[bytes] = ()) -> None:
        """Queues a message; while the engine starts or restarts it waits."""
        self._outgoing.put(message, blocks)

    def set_state(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    # ------------------------------------------------------------------ what arrives

    def _read_some(self) -> None:
        """Takes what came, but of much only a part: the rest after the events that wait."""
        self._take_frames(_AT_ONCE)
        if self._process is not None and self._process.bytesAvailable():
            self._rest_timer.start()

    def _take_frames(self, at_most: int) -> None:
        process = self._process
        if process is None or self._verdict:
            return
        self.heartbeat.heard()
        try:
            data = bytes(process.read(at_most).data())
            for message, blocks in self._decoder.feed(data):
                if isinstance(message, Pong):
                    self.heartbeat.answered()
                    continue
                self._on_message(message, blocks)
                if self._process is not process:
                    return  # a listener stopped it
        except ProtocolError as error:
            self._end(f"the engine's answers became unreadable ({error})")

    def _on_written(self) -> None:
        if self._outgoing.waiting:  # it takes what it is sent; a single `Ping` any pipe would take
            self.heartbeat.heard()
        self._outgoing.pump()

    def _on_silent(self, seconds: float) -> None:
        self._end(f"the engine did not answer for {seconds:.0f} s and was ended")

    def _end(self, verdict: str) -> None:
        """Kills it; what is said of it follows when it is gone."""
        self._verdict = verdict
        if self._process is not None:
            self._process.kill()

    def _read_stderr(self) -> None:
        if self._process is None:
            return
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        *lines, self._stderr_rest = (self._stderr_rest + text).split("\n")
        self._log(lines)

    def _log(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._stderr.append(line.rstrip())
            _logger.info("%s", line.rstrip())

    # ------------------------------------------------------------------ when it ends

    def _on_started(self) -> None:
        self._outgoing.attach(self._process)
        if self._process is not None:  # else it was stopped before it had started
            self.heartbeat.begin()

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._lost(f"the engine cannot be started: {reason}", for_good=True)

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        while self._process is not None and self._process.bytesAvailable() and not self._verdict:
            self._take_frames(_AT_ONCE)
        if self._process is None:
            return
        self._read_stderr()
        if self._stderr_rest:
            self._log([self._stderr_rest])
            self._stderr_rest = ""
        if self._verdict:
            what = self._verdict
        elif status == QProcess.ExitStatus.CrashExit:
            what = f"the engine was ended by signal {code}"
        else:
            what = f"the engine ended by itself (exit code {code})"
        self._lost(what, for_good=code == EXIT_CANNOT_START and not self._verdict)

    def _lost(self, what: str, *, for_good: bool) -> None:
        """It is gone: it comes back unless that is vain."""
        process = self._detach()
        if process is not None:
            process.deleteLater()
        now = time.monotonic()
        self._crashes = [*(at for at in self._crashes if now - at < _CRASH_WINDOW_S), now]
        often = len(self._crashes) >= _MAX_CRASHES
        if often and not for_good:
            what += f"; {len(self._crashes)} times within a minute, so it is left alone"
        if often or for_good:
            state = State.BROKEN
        else:
            state = State.RESTARTING
            what += "; it is being restarted"
            self._restart_timer.start(_RESTART_AFTER_MS[len(self._crashes) - 1])
        self.state = state  # said after `crashed`: what it was asked has failed by then
        _logger.error("%s", what)
        self.crashed.emit(what)
        if self.state == state:
            self.state_changed.emit(state)

    def _detach(self) -> QProcess | None:
        """Lets go of the process and of what was not yet written to it."""
        process, self._process = self._process, None
        self.heartbeat.end()
        self._outgoing.attach(None)
        self._outgoing.clear()
        if process is not None:
            process.finished.disconnect(self._on_finished)
            process.errorOccurred.disconnect(self._on_error)
        return process
