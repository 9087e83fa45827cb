"""One at a time writes to a project: a window, a repair, or a command that changes masks."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QLockFile, QSysInfo

from cnnseg_gui.core.project_lock import LOCK_NAME, ProjectInUse, in_use

_WRITTEN_S = 10.0  # within them an owner is written


def lock_project(folder: Path) -> QLockFile | None:
    """The lock of a project for this process; None where the folder cannot hold one.

    Raises:
        ProjectInUse: another one has it; that of a dead one is taken over, where that can be
            known: not of one on another computer.
    """
    if not folder.is_dir():
        return None  # yet to be made: no one else can have it open
    lock = QLockFile(str(folder / LOCK_NAME))
    lock.setStaleLockTime(0)  # only a dead owner's lock is taken over, whatever its age
    if lock.tryLock(0):
        return lock
    if _is_nobodys(lock) and lock.tryLock(0):
        return lock
    if lock.error() == QLockFile.LockError.LockFailedError:
        raise _in_use(folder, lock)
    return None


def _is_nobodys(lock: QLockFile) -> bool:
    """Whether it names no owner, as after a power cut; then it is taken away.

    Qt writes the owner as it makes the file, so one that has had none for a while has none.
    """
    owner, _, _ = lock.getLockInfo()
    path = Path(lock.fileName())
    try:
        if owner or time.time() - path.stat().st_mtime < _WRITTEN_S:
            return False
        path.unlink()
    except OSError:
        return False
    return True


def _in_use(folder: Path, lock: QLockFile) -> ProjectInUse:
    _, computer, _ = lock.getLockInfo()
    return in_use(folder, "" if computer == QSysInfo.machineHostName() else computer)
