"""One window, or one repair, at a time on a project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLockFile

from cnnseg_gui.core.errors import UserError

_LOCK_NAME = ".cnnseg.lock"


class ProjectInUse(UserError):
    """Another window has the project."""


def lock_project(folder: Path) -> QLockFile | None:
    """The lock of a project for this window; None where the folder cannot hold one.

    Raises:
        ProjectInUse: another window has it; that of a dead one is taken over.
    """
    if not folder.is_dir():
        return None  # yet to be made: no one else can have it open
    lock = QLockFile(str(folder / _LOCK_NAME))
    lock.setStaleLockTime(0)  # only a dead owner's lock is taken over, whatever its age
    if lock.tryLock(0):
        return lock
    if lock.error() == QLockFile.LockError.LockFailedError:
        raise ProjectInUse(
            "another window has this project open",
            path=folder,
            remedy="Go on there, or close it first.",
        )
    return None
