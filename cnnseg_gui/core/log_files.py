"""The log on disk: a file for each start of the program, and one beside it for a crash.

Every process has files of its own, so that two windows at once never rotate each other's. What is
old is swept away at the next start. Nothing in here may stop the program: where the log cannot be
written, there is none.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import re
import sys
import time
from collections import deque
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from cnnseg_gui.core.alive import is_alive

_PART_BYTES, _PARTS = 1_000_000, 5
_KEPT = 10
_CRASH_CHARACTERS = 20_000
_FORMAT = "%(asctime)s  %(levelname)s  %(name)s  %(message)s"
_NAME = re.compile(r"(\d{8}-\d{6}-(\d+))\.(log|crash-seen|crash)(?:\.\d)?")

_logger = logging.getLogger("cnnseg")


@dataclass(frozen=True)
class Crash:
    """A start that ended in a crash."""

    when: str
    """Local time of its last words, e.g. "2026-11-23 14:05:12"."""
    stacks: str
    """What every thread was doing, as `faulthandler` writes it."""
    log: Path
    """The log of that start; it may be gone."""


class LogFiles:
    """The log of this process, from `open` to `close`.

    Args:
        folder: where the logs of all starts are; made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        self._handler: logging.Handler | None = None
        self._crash: TextIO | None = None

    def open(self, *, first_lines: str = "") -> None:
        """Sweeps, and from now on writes what is logged, and the threads' stacks in a crash.

        Args:
            first_lines: what the log begins with, e.g. versions.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _sweep(self.folder)
            self._handler = _FileHandler(self.path)
            self._crash = self._crash_path.open("w", encoding="utf-8")
        except OSError as error:
            _logger.warning("no log is kept in %s: %s", self.folder, error)
        if self._handler is not None:
            logging.getLogger().addHandler(self._handler)
        if self._crash is not None:
            faulthandler.enable(self._crash)
        if first_lines:
            _logger.info("%s", first_lines)

    def close(self) -> None:
        """The program ends as it should: what was written about a crash was none.

        On Windows that happens: errors that were dealt with are written there too.
        """
        if self._crash is not None:
            faulthandler.disable()
            self._crash.close()
            self._crash = None
            with contextlib.suppress(OSError):
                self._crash_path.unlink()
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)
            self._handler.close()
            self._handler = None

    def last_lines(self, count: int) -> list[str]:
        """The end of this process's log, oldest first; empty where there is none."""
        return last_lines(self.path, count)

    @property
    def _crash_path(self) -> Path:
        return self.path.with_suffix(".crash")


def take_crash(folder: Path) -> Crash | None:
    """The newest crash that has not been taken yet. Every crash is given once."""
    taken = None
    for path in _files(folder, "crash"):
        try:
            if path.stat().st_size and not _is_running(path):
                # Only one of two windows that start at once can do this; on Windows it fails for
                # a file that a running program has open.
                seen = path.replace(path.with_suffix(".crash-seen"))
                taken = taken or _read_crash(seen)
        except OSError:
            continue
    return taken


def last_crash(folder: Path) -> Crash | None:
    """The newest crash that was taken."""
    for path in _files(folder, "crash-seen"):
        with contextlib.suppress(OSError):
            return _read_crash(path)
    return None


def last_lines(path: Path, count: int) -> list[str]:
    """The end of a log, whose older part may have been moved aside; empty where there is none."""
    lines: deque[str] = deque(maxlen=count)
    for part in (path.with_name(f"{path.name}.1"), path):
        with contextlib.suppress(OSError):
            lines.extend(part.read_text(encoding="utf-8", errors="replace").splitlines())
    return list(lines)


class _FileHandler(RotatingFileHandler):
    """Parts of a bounded size; a full disk ends the log and nothing else."""

    def __init__(self, path: Path) -> None:
        # A file name may hold bytes that are no text; they must not cost the line.
        super().__init__(
            path,
            maxBytes=_PART_BYTES,
            backupCount=_PARTS - 1,
            encoding="utf-8",
            errors="backslashreplace",
        )
        self.setFormatter(logging.Formatter(_FORMAT))

    def handleError(self, record: logging.LogRecord) -> None:
        """Passed over: who logs must not fail by it."""


def _sweep(folder: Path) -> None:
    """Leaves the newest files of each kind, and those of programs that still run."""
    for kinds in (("log",), ("crash", "crash-seen")):
        for path in _files(folder, *kinds)[_KEPT:]:
            if not _is_running(path):
                with contextlib.suppress(OSError):  # open in another program on Windows
                    path.unlink()


def _files(folder: Path, *kinds: str) -> list[Path]:
    """The files of some kinds, newest first; the parts of a log are of the kind "log"."""
    found: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            name = _NAME.fullmatch(path.name)
            if name is not None and name[3] in kinds:
                with contextlib.suppress(OSError):
                    found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]


def _is_running(path: Path) -> bool:
    """Whether the process that wrote it lives, or another one by its number."""
    name = _NAME.fullmatch(path.name)
    if name is None or sys.platform == "win32":  # where files that are open cannot be moved
        return False
    return is_alive(int(name[2])) is not False


def _read_crash(path: Path) -> Crash:
    with path.open(encoding="utf-8", errors="replace") as file:
        stacks = file.read(_CRASH_CHARACTERS)
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(path.stat().st_mtime))
    return Crash(when, stacks.rstrip(), path.with_suffix(".log"))
