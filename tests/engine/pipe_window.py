"""A window made of two threads and a pipe: it speaks to a real engine process."""

from __future__ import annotations

import contextlib
import hashlib
import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import TypeVar

import numpy as np
from PIL import Image

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.engine.messages import (
    AnyMessage,
    Cancelled,
    Decoder,
    Failed,
    Message,
    Networks,
    Proposed,
    Supply,
    Trained,
    Want,
    encode,
)

T = TypeVar("T", bound=Message)
PATIENCE = 60.0
SERVER = [sys.executable, "-m", "cnnseg_gui.engine.server", "--device", "cpu", "--threads", "1"]


class PipeWindow:
    """Starts an engine, answers what it wants from `files`, and collects what it says."""

    def __init__(self, command: Sequence[str] = SERVER) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.files: dict[str, list[bytes]] = {}
        self.wanted: list[str] = []
        self.log = b""
        self._arrived: Queue[tuple[AnyMessage, list[bytes]]] = Queue()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._hear)]
        for thread in self._threads:
            thread.start()

    def send(self, message: AnyMessage, blocks: Sequence[bytes] = ()) -> None:
        assert self.process.stdin is not None
        with self._lock:
            self.process.stdin.write(encode(message, blocks))
            self.process.stdin.flush()

    def send_raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def next(self) -> tuple[AnyMessage, list[bytes]]:
        """The next message that is no `Want`, nor the list of networks, which comes by itself."""
        while isinstance((arrived := self._next())[0], Networks):
            continue
        return arrived

    def _next(self) -> tuple[AnyMessage, list[bytes]]:
        try:
            return self._arrived.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"the engine says nothing; its log: {self.log!r}") from None

    @property
    def silent(self) -> bool:
        """Nothing has arrived that was not taken."""
        return self._arrived.empty()

    def until(self, kind: type[T], request: int | None = None) -> tuple[T, list[bytes]]:
        """Passes over messages up to the first one of a kind (and of a request)."""
        while True:
            message, blocks = self._next()
            if isinstance(message, kind) and request in (None, getattr(message, "request", None)):
                return message, blocks

    def end_of(self, request: int) -> Proposed | Trained | Cancelled | Failed:
        """Passes over messages up to the one that ends a request."""
        while True:
            message, _ = self.next()
            if (
                isinstance(message, Proposed | Trained | Cancelled | Failed)
                and message.request == request
            ):
                return message

    def wait_for_want(self, key: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while key not in self.wanted:
            assert time.monotonic() < deadline, f"{key} was never wanted"
            time.sleep(0.01)

    def hang_up(self) -> int:
        """Closes the engine's stdin, as a dying window does; returns its exit code."""
        assert self.process.stdin is not None
        with self._lock:
            self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _read(self) -> None:
        decoder = Decoder()
        assert isinstance(self.process.stdout, io.BufferedReader)
        while data := self.process.stdout.read1(1 << 16):
            for message, blocks in decoder.feed(data):
                if isinstance(message, Want):
                    self._answer(message.key)
                else:
                    self._arrived.put((message, blocks))

    def _answer(self, key: str) -> None:
        self.wanted.append(key)
        if key in self.files:
            with contextlib.suppress(BrokenPipeError, ValueError):  # hung up meanwhile
                self.send(Supply(key=key, path=f"/images/{key[:8]}.png"), self.files[key])

    def _hear(self) -> None:
        assert isinstance(self.process.stderr, io.BufferedReader)
        while data := self.process.stderr.read1(1 << 16):
            self.log += data


Start = Callable[..., PipeWindow]
"""Starts an engine with options; it ends with the test."""


def picture(height: int, width: int, seed: int = 0) -> Pixels:
    """uint8[H, W, 3]: noise with a bright disc, so that there is something to learn."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 90, (height, width, 3), dtype=np.uint8)
    rows, columns = np.ogrid[:height, :width]
    disc = (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < (min(height, width) / 3) ** 2
    pixels[disc] += 150
    return pixels


def png(pixels: Pixels) -> tuple[str, bytes]:
    """The key and the bytes of an image's file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    data = file.getvalue()
    return hashlib.sha256(data).hexdigest(), data


def save(path: Path, pixels: Pixels) -> str:
    """Writes an image's file and returns its key."""
    key, data = png(pixels)
    path.write_bytes(data)
    return key
