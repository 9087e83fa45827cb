"""What is said where another window or command has a project; `editor.project_lock` locks it."""

from __future__ import annotations

from pathlib import Path

from cnnseg_gui.core.errors import UserError

LOCK_NAME = ".cnnseg.lock"


class ProjectInUse(UserError):
    """Another window or command has the project."""


def in_use(folder: Path, computer: str = "") -> ProjectInUse:
    """The error for whoever comes second.

    Args:
        computer: the other one, whose window or command has it; empty: this one's.
    """
    if computer:
        return ProjectInUse(
            f"this project is open on the computer “{computer}”, or was not closed there",
            path=folder,
            remedy="Close it there. If that computer crashed, or this folder is a copy, delete the"
            f" file {LOCK_NAME} in the folder.",
        )
    return ProjectInUse(
        "another window or command has this project open",
        path=folder,
        remedy="Go on there, or close it first; a command needs its time. If none has it open, as"
        f" where this folder is a copy, delete the file {LOCK_NAME} in the folder.",
    )
