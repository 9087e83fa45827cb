"""Counts what a process does to files, and lets the k-th of it fail or be its last.

Counted are the changes that Python makes (open for writing, write, fsync, replace, rename, mkdir,
unlink, rmdir) and those of SQLite (`sqlite_shim.py`). For a process of its own: nothing is put
back.
"""

from __future__ import annotations

import errno
import io
import os
import signal
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, NoReturn

from tests.core.sqlite_shim import SqliteShim


class Fault(StrEnum):
    """What happens at the k-th change."""

    KILLED = "killed before it"
    TORN = "killed in the middle of it"
    FULL = "the disk is full, at once and for good"
    FULL_ONCE = "the disk is full for one moment"
    BROKEN_ONCE = "the disk fails once, half of it written"


_KILLS = (Fault.KILLED, Fault.TORN)
_TORN = (Fault.TORN, Fault.BROKEN_ONCE)
_FULL = (Fault.FULL, Fault.FULL_ONCE)
_NEEDS_NO_ROOM = ("unlink", "rmdir", "sqlite open", "sqlite shrink")


class FaultShim:
    """Installs itself; from then on every change is counted.

    Args:
        fault: what happens.
        at: at which change, from 0; -1 is at none.
    """

    def __init__(self, fault: Fault, at: int) -> None:
        self.fault, self.at = fault, at
        self.changes: list[str] = []
        self.over = False
        """The disk works again."""
        self.sqlite_only = False
        """Python's own changes are made on another disk, which works."""
        _patch_python(self)
        self._sqlite = SqliteShim(_Counting(self))  # kept: C code calls into it

    def step(self, what: str, *, half: Callable[[], object] | None = None) -> None:
        """Before a change.

        Args:
            half: does the half of it.

        Raises:
            OSError: it fails.
        """
        number = len(self.changes)
        self.changes.append(what)
        lasts = self.fault == Fault.FULL and self.at >= 0
        if self.over or not (number == self.at or (lasts and number > self.at)):
            return
        if self.fault in _FULL and what in _NEEDS_NO_ROOM:
            return
        if self.sqlite_only and not what.startswith("sqlite"):
            return
        if half is not None and self.fault in _TORN:
            half()
        if self.fault in _KILLS:
            os.kill(os.getpid(), signal.SIGKILL)
        _fail(errno.EIO if self.fault == Fault.BROKEN_ONCE else errno.ENOSPC)


def _fail(code: int) -> NoReturn:
    raise OSError(code, os.strerror(code))


# ---------------------------------------------------------------------- Python's own changes


def _patch_python(shim: FaultShim) -> None:
    for name in ("fsync", "replace", "rename", "mkdir", "unlink", "rmdir"):
        setattr(os, name, _counted(shim, name, getattr(os, name)))
    real_open = io.open

    def counted_open(file: Path, mode: str = "r", *rest: Any) -> IO[Any]:  # noqa: ANN401 - as real
        if not set(mode) & set("wxa+"):
            return real_open(file, mode, *rest)
        assert "b" in mode, "text is written by nothing that is tested here"
        shim.step("open")
        raw: io.RawIOBase = _CountedFile(shim, file, mode.replace("b", ""))
        return io.BufferedWriter(raw)

    setattr(io, "open", counted_open)  # noqa: B010 - it has more signatures than are used


def _counted(shim: FaultShim, name: str, real: Callable[..., object]) -> Callable[..., object]:
    def call(*arguments: object, **options: object) -> object:
        shim.step(name)
        return real(*arguments, **options)

    return call


class _CountedFile(io.FileIO):
    def __init__(self, shim: FaultShim, file: Path, mode: str) -> None:
        super().__init__(file, mode)
        self._shim = shim

    def write(self, data: Any) -> int:  # noqa: ANN401 - 3.11 has no name for a buffer
        half = data[: len(data) // 2]
        self._shim.step("write", half=lambda: io.FileIO.write(self, half))
        return super().write(data)


class _Counting:
    """SQLite's changes."""

    def __init__(self, shim: FaultShim) -> None:
        self._shim = shim

    def opening(self, path: Path) -> None:
        self._shim.step("sqlite open" if path.exists() else "sqlite create")

    def writing(self, handle: int, offset: int, data: bytes) -> None:
        half = data[: len(data) // 2]
        self._shim.step("sqlite write", half=lambda: os.pwrite(handle, half, offset))

    def truncating(self, handle: int, size: int) -> None:
        shrinks = size <= os.fstat(handle).st_size
        self._shim.step("sqlite shrink" if shrinks else "sqlite grow")

    def removing(self, path: Path) -> None:
        self._shim.step("unlink")

    def syncing(self, path: Path) -> None:
        self._shim.step("sqlite sync")
