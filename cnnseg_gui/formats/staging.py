"""Folders that are complete or not there."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cnnseg_gui.core.atomic import sync_folder
from cnnseg_gui.core.errors import UserError


@contextmanager
def staged_folder(target: Path, *, replaces: str = "") -> Iterator[Path]:
    """A new folder beside `target`, which takes its name when the block ends without an error.

    On any error it is removed, and so are the parents of `target` that were made for it.

    Args:
        replaces: the name of a file; a folder that holds it, or nothing, is set aside and removed
            once the new one is in its place. Empty: nothing is replaced.

    Raises:
        UserError: there is something at `target` already; it is not touched.
        OSError: a folder could not be made, or what was written could not be synced.
    """
    _refuse_existing(target, replaces)
    stage = target.parent / f".export-{uuid.uuid4().hex}.part"
    parents: list[Path] = []
    try:
        _make_parents(target, parents)
        stage.mkdir()
        yield stage
        _sync_tree(stage)
        _refuse_existing(target, replaces)
        old = _set_aside(target) if replaces else None
        # Should something appear right now, this fails unless it is an empty folder.
        _rename(stage, target, old)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        for parent in reversed(parents):
            with suppress(OSError):  # someone else put something there meanwhile
                parent.rmdir()
        raise
    with suppress(OSError):  # the folder is complete; some network drives cannot sync a folder
        sync_folder(target.parent)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def _set_aside(target: Path) -> Path | None:
    """Gives what is there another name; None where nothing is."""
    if not target.exists():
        return None
    old = target.with_name(f".{target.name}.{uuid.uuid4().hex}.old")
    target.rename(old)
    return old


def _rename(stage: Path, target: Path, old: Path | None) -> None:
    try:
        stage.rename(target)
    except BaseException:
        if old is not None:
            old.rename(target)
        raise


def _refuse_existing(target: Path, replaces: str) -> None:
    if replaces and target.is_dir() and not target.is_symlink():
        if (target / replaces).is_file() or next(target.iterdir(), None) is None:
            return
        raise UserError(
            "this folder is no earlier export",
            path=target,
            remedy="Choose another name; only an export of CNNSeg is replaced.",
        )
    if os.path.lexists(target):
        raise UserError(
            "there is something of this name already",
            path=target,
            remedy="Choose another name; nothing is overwritten.",
        )


def _make_parents(target: Path, made: list[Path]) -> None:
    missing = [parent for parent in target.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        made.append(parent)


def _sync_tree(folder: Path) -> None:
    """Has everything on the disk before the name says that it is complete."""
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        else:
            with suppress(PermissionError), path.open("r+b") as file:  # linked: there before
                os.fsync(file.fileno())
    sync_folder(folder)
