"""A process that decodes images for this one: its crash is one line and not the end of the window.

One process is started when it is first needed, kept, and started again after it crashed or took
too long. Requests wait for each other.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from cnnseg_gui.core import decoder_messages as messages
from cnnseg_gui.core.decoded import SAVE_OTHERWISE, Decoded
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_file import Source

if sys.platform == "linux":
    import fcntl

COMMAND = (sys.executable, "-P", "-m", "cnnseg_gui.core.decoder_worker")

_START_S = 60.0  # a cold disk and a virus scanner
_SECONDS = 10.0  # for a header, and for any image
_PIXELS_PER_S = 2e6  # a tenth of what the slowest decoder does on a slow machine
_Doing = Literal["count", "shape", "read"]
_PIPE_BYTES = 1 << 20  # what /proc/sys/fs/pipe-max-size allows everybody
_logger = logging.getLogger("cnnseg.decoder")


class DecoderProcess:
    """From any thread. To be closed at the end.

    Args:
        command: what to start; it speaks `decoder_messages`.
        seconds: allowed for a header, and for an image beside what its pixels allow for.
    """

    def __init__(self, command: Sequence[str] = COMMAND, *, seconds: float = _SECONDS) -> None:
        self._command = list(command)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers = msgspec.json.Decoder(messages.Answer)
        self._closed = False

    @property
    def process_id(self) -> int:
        """0 where none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def page_count(self, source: Source, *, max_pixels: int) -> int:
        """As `decoding.page_count`.

        Raises:
            UserError: it cannot be read.
        """
        answer, _ = self._ask("count", source, 0, max_pixels)
        if not isinstance(answer, messages.Counted):
            raise _crashed()
        return answer.pages

    def shape(self, source: Source, page: int, *, max_pixels: int) -> tuple[int, int]:
        """As `decoding.shape`.

        Raises:
            UserError: it cannot be read.
        """
        answer, _ = self._ask("shape", source, page, max_pixels)
        if not isinstance(answer, messages.Measured):
            raise _crashed()
        return answer.height, answer.width

    def read(self, source: Source, page: int, *, max_pixels: int) -> Decoded:
        """As `decoding.read`.

        Raises:
            UserError: it cannot be read.
        """
        _, decoded = self._ask("read", source, page, max_pixels)
        if decoded is None:
            raise _crashed()
        return decoded

    def close(self) -> None:
        """Ends the process; whoever waits for it gets a UserError, like whoever asks later."""
        self._closed = True
        if (process := self._process) is not None:
            process.kill()
        with self._lock:
            self._end()

    # ------------------------------------------------------------------ inside

    def _ask(
        self, doing: _Doing, source: Source, page: int, max_pixels: int
    ) -> tuple[messages.Answer, Decoded | None]:
        with self._lock:
            requests, answers, watch = self._running()
            try:
                watch.allow(self._seconds)
                self._request(requests, doing, source, page, max_pixels)
                answer = messages.receive(answers, self._answers)
                if isinstance(answer, messages.Decoding):
                    pixels = answer.height * answer.width
                    watch.allow(self._seconds + min(pixels, max_pixels) / _PIXELS_PER_S)
                    answer = messages.receive(answers, self._answers)
                decoded = None
                if isinstance(answer, messages.Read):
                    decoded = _decoded(answer, answers, max_pixels)
            except (messages.BrokenStream, OSError) as error:
                self._end()
                raise _took_too_long() if watch.expired else _crashed() from error
            except BaseException:
                self._end()  # it would go on with an answer that nobody waits for
                raise
            finally:
                watch.stop()
        if isinstance(answer, messages.Failed):
            raise UserError(answer.what, remedy=answer.remedy)
        return answer, decoded

    @staticmethod
    def _request(
        stream: messages.Stream, doing: _Doing, source: Source, page: int, max_pixels: int
    ) -> None:
        path = os.fsencode(source.absolute()) if isinstance(source, Path) else b""
        data = b"" if isinstance(source, Path) else source
        request = messages.Request(
            doing=doing, path=path, size=len(data), page=page, max_pixels=max_pixels
        )
        messages.send(stream, request)
        messages.write_all(stream, memoryview(data))

    def _running(self) -> tuple[io.FileIO, io.FileIO, _Watch]:
        """The process's stdin and stdout; started where none runs."""
        if self._closed:
            raise UserError("the program is being closed")
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._start()
        process = self._process
        assert process is not None
        requests, answers = process.stdin, process.stdout
        assert isinstance(requests, io.FileIO)
        assert isinstance(answers, io.FileIO)
        return requests, answers, _Watch(process)

    def _start(self) -> None:
        try:
            self._process = process = subprocess.Popen(
                self._command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # each takes address space
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise _cannot_start() from error
        watch = _Watch(process)
        watch.allow(_START_S)
        try:
            assert isinstance(process.stdout, io.FileIO)
            _widen(process.stdout)
            messages.receive(process.stdout, self._answers)
        except (messages.BrokenStream, OSError) as error:
            self._end()
            raise _cannot_start() from error
        finally:
            watch.stop()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        _logger.info("the decoder %d ended with %d", process.pid, code)


class _Watch:
    """Kills a process that takes longer than it may."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.expired = False
        self._process = process
        self._timer: threading.Timer | None = None

    def allow(self, seconds: float) -> None:
        """From now on."""
        self.stop()
        self._timer = threading.Timer(seconds, self._kill)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _kill(self) -> None:
        self.expired = True
        self._process.kill()


def _widen(pipe: io.FileIO) -> None:
    """Linux lets 64 KB into a pipe at a time where nobody asks for more: a switch for each."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _decoded(answer: messages.Read, stream: messages.Stream, max_pixels: int) -> Decoded:
    values = messages.values_of(answer, stream, max_pixels=max_pixels)
    return Decoded(values, answer.kind, answer.turned, answer.window, answer.pixel_size)


def _crashed() -> UserError:
    return UserError("the decoder of this format crashed", remedy=SAVE_OTHERWISE)


def _took_too_long() -> UserError:
    return UserError("the decoder of this format took too long", remedy=SAVE_OTHERWISE)


def _cannot_start() -> UserError:
    return UserError(
        "the decoder of this format could not be started",
        remedy="Start the program again; if it happens again, install it anew.",
    )


SHARED = DecoderProcess()
"""What this process uses; it costs nothing until it is asked."""
atexit.register(SHARED.close)
