"""What the window has to send, handed to the engine's process a little at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QProcess

from cnnseg_gui.engine.messages import AnyMessage, encode_head

CHUNK = 256 * 1024
"""Bytes copied into the process's own buffer at once: well under a millisecond."""


class Outgoing:
    """Frames for one process, in order; large blocks are never copied as a whole."""

    def __init__(self) -> None:
        self._process: QProcess | None = None
        self._parts: deque[memoryview] = deque()

    @property
    def waiting(self) -> bool:
        """Something is not yet handed over."""
        return bool(self._parts)

    def attach(self, process: QProcess | None) -> None:
        """Where to write from now on; None keeps everything until there is a process again."""
        self._process = process
        self.pump()

    def put(self, message: AnyMessage, blocks: Sequence[bytes] = ()) -> None:
        head = encode_head(message, [len(block) for block in blocks])
        self._parts.extend(memoryview(part) for part in (head, *blocks) if part)
        self.pump()

    def clear(self) -> None:
        """Forgets what is not written: its process is gone."""
        self._parts.clear()

    def pump(self) -> None:
        """Writes the next bytes, if the process has taken those before."""
        process = self._process
        if process is None:
            return
        while self._parts and process.bytesToWrite() < CHUNK:
            part = self._parts.popleft()
            if process.write(bytes(part[:CHUNK])) < 0:
                self._parts.clear()  # it is dying: the process's end is reported elsewhere
            elif len(part) > CHUNK:
                self._parts.appendleft(part[CHUNK:])
