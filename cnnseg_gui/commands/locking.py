"""A project that a command writes masks, classes, tags or paths to is its own meanwhile.

A window keeps the masks that it shows, and stores whole tiles of them with the next stroke: what
another process has written there by then would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnseg_gui.core.database import FILE_NAME
from cnnseg_gui.core.project_lock import LOCK_NAME, in_use


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keeps windows and other commands that write out of a project.

    Args:
        path: the project's folder, or its `project.sqlite`.

    Raises:
        ProjectInUse: one of them has it; nothing is to be written then.
    """
    folder = path.absolute()
    folder = folder.parent if folder.name == FILE_NAME else folder
    try:
        from cnnseg_gui.editor.project_lock import lock_project
    except ImportError:  # a server without Qt's libraries: no window runs there
        if (folder / LOCK_NAME).exists():
            raise in_use(folder) from None
        lock = None
    else:
        lock = lock_project(folder)
    try:
        yield
    finally:
        if lock is not None:
            lock.unlock()
