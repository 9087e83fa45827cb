"""How errors travel: everything a person can meet is one `UserError`.

It is raised where the fault is seen, crosses the pipe to the engine as plain fields
(`engine.messages.Failed`), and ends as one line in the window's banner, in the log, or on the
command line's standard error. Anything else that is raised is a defect of the program.
"""

from __future__ import annotations

from pathlib import Path


class UserError(Exception):
    """What happened, to which file, and what to do about it.

    Args:
        what: one clause without a full stop, e.g. "the image is truncated".
        path: the file or folder it happened to, if there is one.
        remedy: what the person can do now, e.g. "Copy the file again from its source."
    """

    def __init__(self, what: str, *, path: Path | str | None = None, remedy: str = "") -> None:
        super().__init__(what, str(path) if path is not None else None, remedy)
        self.what = what
        self.path = str(path) if path is not None else None
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.what}. {self.remedy}".rstrip()


def from_os_error(error: OSError, *, doing: str, path: Path | str | None = None) -> UserError:
    """Turns the operating system's answer into a line with a remedy.

    Args:
        error: what the operating system said.
        doing: the action that failed, e.g. "saving the mask".
        path: the file it happened to; the error's own file name where this is not given.
    """
    import errno

    remedies = {
        errno.ENOSPC: "Free some space on this disk; what you did is still in memory.",
        errno.EDQUOT: "Your quota is used up: free some space; what you did is still in memory.",
        errno.EACCES: "Check the permissions of this file and its folder.",
        errno.EPERM: "Check the permissions of this file and its folder.",
        errno.EROFS: "This disk is read-only: choose another folder.",
        errno.ENOENT: "Check that the file is still there and its disk is connected.",
    }
    reason = error.strerror or str(error)
    return UserError(
        f"{doing} failed ({reason})",
        path=path if path is not None else error.filename,
        remedy=remedies.get(error.errno or 0, "Try again; if it happens again, see the log."),
    )
