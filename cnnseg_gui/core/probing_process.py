"""Looks at image files in another process: in a thread of this one, Python's lock, which each
file takes many times, would make the window 30 ms late."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from cnnseg_gui.core.decoder_messages import BrokenStream, receive, send
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import largest
from cnnseg_gui.core.image_table import ImageFacts
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.priority import stand_back
from cnnseg_gui.core.probing_messages import (
    MAX_FRAME,
    Answer,
    Fact,
    Found,
    ProbeThese,
    Request,
    Shrink,
    Shrunk,
    Unreadable,
)

COMMAND = (sys.executable, "-P", "-m", "cnnseg_gui.core.probing_worker")

MOST_AT_ONCE = 150
"""Files: their names, and what is found about them, fit into a message."""


class ProbingProcess:
    """Started when it is first asked, and again after a crash. From any thread; to be closed.

    Args:
        command: what to start; it speaks `probing_messages`.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = list(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
        self._closed = False

    def probe(self, paths: Sequence[Path]) -> list[ImageFacts | UserError]:
        """As `image_table.probe_pages`, for each of at most `MOST_AT_ONCE` files.

        Where the process crashes the files are looked at one by one, so that only the one at
        fault is left out.

        Raises:
            UserError: the process cannot be started, or was closed meanwhile.
        """
        with self._lock:
            try:
                return self._ask(paths)
            except (BrokenStream, OSError):
                self._end()
            return [found for path in paths for found in self._probe_one(path)]

    def thumbnail(self, path: Path, sha256: str, page: int, side: int) -> Pixels:
        """As `thumbnail.thumbnail`, of a file that may make its reader crash.

        Raises:
            UserError: as there, or it crashed, or as for `probe`.
        """
        request = Shrink(
            path=os.fsencode(path.absolute()),
            sha256=sha256,
            page=page,
            side=side,
            max_pixels=largest(),
        )
        with self._lock:
            try:
                answer = self._exchange(request)
            except (BrokenStream, OSError) as error:
                self._end()
                raise _crashed(path) from error
        if isinstance(answer, Shrunk) and len(answer.pixels) == 3 * side * side:
            return np.frombuffer(answer.pixels, np.uint8).reshape(side, side, 3)
        if isinstance(answer, Unreadable):
            raise UserError(answer.what, path=answer.path, remedy=answer.remedy)
        raise _crashed(path)

    def close(self) -> None:
        """Ends the process; whoever waits for it gets a UserError, like whoever asks later."""
        self._closed = True
        if (process := self._process) is not None:
            process.kill()
            # One that waits for a dead network drive ends when that answers.
            threading.Thread(target=self._end_when_free, daemon=True).start()

    # ------------------------------------------------------------------ inside

    def _probe_one(self, path: Path) -> list[ImageFacts | UserError]:
        try:
            return self._ask([path])
        except (BrokenStream, OSError):
            self._end()
            return [_crashed(path)]

    def _ask(self, paths: Sequence[Path]) -> list[ImageFacts | UserError]:
        if not paths:
            return []
        names = [os.fsencode(path.absolute()) for path in paths]
        answer = self._exchange(ProbeThese(paths=names, max_pixels=largest()))
        if not isinstance(answer, Found) or len(answer.files) != len(paths):
            raise BrokenStream(f"not {len(paths)} answers")
        pairs = zip(paths, answer.files, strict=True)
        return [facts for path, file in pairs for facts in _of(path, file)]

    def _exchange(self, request: Request) -> Answer:
        requests, answers = self._running()
        send(requests, request)
        return receive(answers, self._answers, at_most=MAX_FRAME)

    def _running(self) -> tuple[io.FileIO, io.FileIO]:
        if self._closed:
            raise UserError("the reading of files was stopped", remedy="Add the images again.")
        if self._process is None:
            self._start()
        assert self._process is not None
        requests, answers = self._process.stdin, self._process.stdout
        assert isinstance(requests, io.FileIO)
        assert isinstance(answers, io.FileIO)
        return requests, answers

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(
                self._command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            stand_back(self._process.pid)
            if self._closed:
                raise BrokenStream("closed meanwhile")
            assert isinstance(self._process.stdout, io.FileIO)
            receive(self._process.stdout, self._answers)
        except (BrokenStream, OSError) as error:
            self._end()
            raise UserError(
                "the process that reads image files could not be started",
                remedy="Start the program again; if it happens again, install it anew.",
            ) from error

    def _end_when_free(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _crashed(path: Path) -> UserError:
    return UserError(
        "reading this file made the reader crash",
        path=path,
        remedy="Save it in another format, e.g. as PNG.",
    )


def _of(path: Path, file: Fact | Unreadable) -> list[ImageFacts | UserError]:
    if isinstance(file, Unreadable):
        return [UserError(file.what, path=file.path, remedy=file.remedy)]
    return [
        ImageFacts(path, file.sha256, height, width, page) for page, height, width in file.pages
    ]
