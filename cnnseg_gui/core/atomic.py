"""Files that are the old one or the new one, never half of either."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
import uuid
from pathlib import Path

from cnnseg_gui.core.errors import from_os_error

_PREFIX = ".cnnseg-"
_RETRIED_ON_WINDOWS = (5, 32, 33)  # access denied, sharing and lock violations: scanners, indexers
_RETRIES, _RETRY_S = 10, 0.05
_FOLDERS_CANNOT_BE_SYNCED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)  # some network drives


def write_atomically(path: Path, data: bytes) -> None:
    """Writes beside, syncs, renames over, and syncs the folder.

    Raises:
        UserError: it could not be written; what was there before is untouched.
    """
    # Not from `tempfile`, whose files only their owner may read: others work with the masks too.
    beside = path.with_name(temporary_name())
    try:
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise from_os_error(error, doing="saving", path=path) from error


def temporary_name() -> str:
    """A new file's name until it is whole; `sweep` removes what keeps it."""
    return f"{_PREFIX}{uuid.uuid4().hex}"


def sync_folder(folder: Path) -> None:
    """Makes a rename in this folder survive a power cut; Windows does that by itself.

    Raises:
        OSError: the disk could not; a file system that never can is passed over.
    """
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _FOLDERS_CANNOT_BE_SYNCED:
            raise
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Removes temporaries that a crash left behind."""
    for stale in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # locked, read-only: then it stays
            stale.unlink(missing_ok=True)


def _replace(source: Path, target: Path) -> None:
    for attempt in range(_RETRIES):
        try:
            source.replace(target)
        except OSError as error:
            code = getattr(error, "winerror", None)
            if code not in _RETRIED_ON_WINDOWS or attempt == _RETRIES - 1:
                raise
            time.sleep(_RETRY_S)
        else:
            return
