"""One window, or one repair, at a time on a project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLockFile, QSysInfo

from cnnseg_gui.core.errors import UserError

_LOCK_NAME = ".cnnseg.lock"


class ProjectInUse(UserError):
    """Another window has the project."""


def lock_project(folder: Path) -> QLockFile | None:
    """The lock of a project for this window; None where the folder cannot hold one.

    Raises:
        ProjectInUse: another window has it; that of a dead one is taken over, where that can be
            known: not of one on another computer.
    """
    if not folder.is_dir():
        return None  # yet to be made: no one else can have it open
    lock = QLockFile(str(folder / _LOCK_NAME))
    lock.setStaleLockTime(0)  # only a dead owner's lock is taken over, whatever its age
    if lock.tryLock(0):
        return lock
    if lock.error() == QLockFile.LockError.LockFailedError:
        raise _in_use(folder, lock)
    return None


def _in_use(folder: Path, lock: QLockFile) -> ProjectInUse:
    _, computer, _ = lock.getLockInfo()
    if computer and computer != QSysInfo.machineHostName():
        return ProjectInUse(
            f"this project is open on the computer “{computer}”, or was not closed there",
            path=folder,
            remedy="Close it there. If that computer crashed, or this folder is a copy, delete the"
            f" file {_LOCK_NAME} in the folder.",
        )
    return ProjectInUse(
        "another window has this project open",
        path=folder,
        remedy="Go on there, or close it first. If no window has it open, as where this folder is"
        f" a copy, delete the file {_LOCK_NAME} in the folder.",
    )
