"""The engine's end of the pipe: the real stdin and stdout, kept from everyone else."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence

from cnnseg_gui.engine.messages import AnyMessage, encode_head

MAX_WAITING = 64 * 2**20
"""Bytes a job may have waiting to be written before it waits itself."""

SMALL = 2**16
"""Bytes that a pipe takes at once, on Linux."""


def take_stdio() -> tuple[int, int]:
    """Moves the real stdin and stdout aside and returns their new descriptors, binary.

    From here on whatever prints, in Python or in C, prints to stderr, whatever reads stdin reads
    nothing, and a child process inherits neither end of the protocol.
    """
    sys.stdout.flush()
    taken = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in taken:
            msvcrt.setmode(descriptor, os.O_BINARY)
    return taken


class Outbox:
    """Writes frames in the order they were sent, from a thread of its own.

    So the thread that reads the pipe never waits for a reader at its other end.

    Args:
        descriptor: where to write.
        on_broken: called in the writing thread when nobody reads any more.
    """

    def __init__(self, descriptor: int, on_broken: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_broken = on_broken
        self._frames: deque[tuple[bytes, ...]] = deque()
        self._waiting = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """All that waits to be written is a few small messages, at most."""
        with self._changed:
            return self._waiting < SMALL

    def send(self, message: AnyMessage, blocks: Sequence[bytes] = (), *, wait: bool = True) -> None:
        """Queues one frame; with `wait`, first until the reader has caught up."""
        frame = (encode_head(message, [len(block) for block in blocks]), *blocks)
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._waiting < MAX_WAITING or self._closed)
            if self._closed:
                return
            self._frames.append(frame)
            self._waiting += sum(map(len, frame))
            self._changed.notify_all()

    def close(self, seconds: float) -> None:
        """Writes what is queued, for `seconds` at most; what is sent from now on is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._frames) or self._closed)
                if not self._frames:
                    return
                frame = self._frames.popleft()
            try:
                for part in frame:
                    self._write(part)
            except OSError:
                self._on_broken()
                return
            with self._changed:
                self._waiting -= sum(map(len, frame))
                self._changed.notify_all()

    def _write(self, part: bytes) -> None:
        with memoryview(part) as view:
            done = 0
            while done < len(view):
                done += os.write(self._descriptor, view[done:])
