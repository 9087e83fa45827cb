"""The text of a report: what somebody needs who is to find out what went wrong.

It names files, since most problems are about one; the home folder, which names the person, is
shortened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath

from cnnseg_gui.core.log_files import Crash, last_lines

LOG_LINES = 200
_LINES_BEFORE_CRASH = 50


@dataclass(frozen=True)
class Findings:
    """What a report is made of."""

    versions: str
    """One a line, and the platform."""
    device: str
    """What the engine computes on, or its state."""
    log: Sequence[str]
    """Its last lines, oldest first."""
    engine: str
    """The last lines that the engine wrote to stderr."""
    crash: Crash | None = None


def report_text(findings: Findings, *, home: Path | None = None) -> str:
    """The report as plain text, which every encoding of Unicode can hold.

    Args:
        home: the folder that is shortened to ~; the person's by default.
    """
    parts = [f"{findings.versions}\nengine: {findings.device or 'not running'}"]
    crash = findings.crash
    if crash is not None:
        parts.append(_section(f"The last crash, {crash.when}", crash.stacks))
        before = last_lines(crash.log, _LINES_BEFORE_CRASH)
        if before:
            parts.append(_section("The log before it", "\n".join(before)))
    if findings.engine.strip():
        parts.append(_section("The engine's last lines", findings.engine))
    parts.append(_section("The log", "\n".join(findings.log[-LOG_LINES:]) or "empty"))
    text = "\n\n".join(parts) + "\n"
    home = home or Path.home()
    for way in (home, Path(os.path.realpath(home))):
        text = shortened(text, way)
    return text.encode("utf-8", "backslashreplace").decode()


def shortened(text: str, home: PurePath) -> str:
    """The text with ~ for the home folder, with its separators as they are, / or escaped."""
    for way in {str(home), home.as_posix(), str(home).replace("\\", "\\\\")}:
        bare = way.rstrip("/\\")
        if bare and not bare.endswith(":"):  # the root of a disk names no one
            case = re.IGNORECASE if isinstance(home, PureWindowsPath) else 0
            text = re.sub(rf"{re.escape(bare)}(?![\w.-]*\w)", "~", text, flags=case)
    return text


def _section(title: str, body: str) -> str:
    return f"--- {title} ---\n{body}"
