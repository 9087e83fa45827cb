"""Reading files that a project names, which may come from anyone."""

from __future__ import annotations

import stat
from pathlib import Path

from cnnseg_gui.core.errors import UserError


def read_ordinary(path: Path) -> bytes:
    """What a file holds; a link is followed.

    Raises:
        UserError: as `check_ordinary`.
        OSError: it cannot be read.
    """
    check_ordinary(path)
    return path.read_bytes()


def check_ordinary(path: Path) -> None:
    """Refuses what would be waited for or never ends; a folder says itself what it is.

    Raises:
        UserError: it is a pipe or a device.
        OSError: it cannot be looked at.
    """
    kind = path.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise UserError("this is a pipe or a device and no file", path=path, remedy="Leave it out.")
