"""What the engine lacks: asked for with `Want`, waited for, answered with `Supply`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.ordinary_file import read_ordinary


class Stopped(Exception):
    """Leaves a job that was cancelled."""


@dataclass(frozen=True)
class Supplied:
    """The blocks that came, and where the window has them from."""

    blocks: list[bytes]
    path: str | None
    files: tuple[str, ...] = ()
    """Where to read the blocks instead."""

    def read(self) -> Supplied:
        """With its blocks.

        Raises:
            UserError: a file cannot be read.
        """
        if not self.files:
            return self
        try:
            blocks = [read_ordinary(Path(name)) for name in self.files]
        except OSError as error:
            raise from_os_error(error, doing="reading the file", path=self.path) from error
        return Supplied(blocks, self.path)


@dataclass(frozen=True)
class Refused:
    """Why they cannot come: the fields of a `UserError`."""

    what: str
    path: str | None
    remedy: str


@dataclass
class _Question:
    askers: int = 0
    answer: Supplied | Refused | None = None


class Wants:
    """Brings a job and the answer to its question together; jobs with the same one share it.

    Args:
        ask: sends a `Want` for a key; must not wait.
    """

    def __init__(self, ask: Callable[[str], None]) -> None:
        self._ask = ask
        self._open: dict[str, _Question] = {}
        self._changed = threading.Condition()

    def fetch(self, key: str, stopped: Callable[[], bool]) -> Supplied:
        """Waits for the bytes of a key.

        Args:
            stopped: ends the waiting; asked again after `wake`.

        Raises:
            Stopped: the job was cancelled meanwhile.
            UserError: the window cannot supply them.
        """
        with self._changed:
            if stopped():
                raise Stopped
            question = self._open.get(key)
            if question is None:
                question = self._open[key] = _Question()
                self._ask(key)
            question.askers += 1
            try:
                self._changed.wait_for(lambda: question.answer is not None or stopped())
            finally:
                question.askers -= 1
                if not question.askers and self._open.get(key) is question:
                    del self._open[key]
        answer = question.answer
        if isinstance(answer, Supplied):
            return answer.read()
        if isinstance(answer, Refused):
            raise UserError(answer.what, path=answer.path, remedy=answer.remedy)
        raise Stopped

    def answer(self, key: str, answer: Supplied | Refused) -> None:
        """Takes the window's answer; one that nobody waits for any more is dropped."""
        with self._changed:
            question = self._open.pop(key, None)
            if question is not None:
                question.answer = answer
                self._changed.notify_all()

    def wake(self) -> None:
        """Something was stopped: whoever waits looks again."""
        with self._changed:
            self._changed.notify_all()
