"""Where image files that moved may be now."""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from pathlib import Path

from cnnseg_gui.core.database import FILE_NAME
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_files import StoredFile
from cnnseg_gui.core.image_io import IMAGE_SUFFIXES


def folded(name: str) -> str:
    """Equal for names that a copy between systems may turn into one another."""
    return unicodedata.normalize("NFC", name).casefold()


def is_file(path: Path) -> bool:
    """Whether there is a file; False too where that cannot be found out."""
    return stat.S_ISREG(_kind(path))


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False too where that cannot be found out."""
    return stat.S_ISDIR(_kind(path))


def guesses(path: Path) -> Iterator[Path]:
    """Where a file would be if the first of its folders that is gone was renamed or moved."""
    whole = next((parent for parent in path.parents if is_folder(parent)), None)
    if whole is None:
        return
    first, *rest = path.relative_to(whole).parts
    for beside in _folders(whole):
        if rest:
            yield beside.joinpath(*rest)
        yield beside.joinpath(first, *rest)
    if rest:
        yield whole.joinpath(*rest)


def near(path: Path, project: Path, files: Sequence[StoredFile]) -> Iterator[Path]:
    """Folders that a file may have been moved to, the likeliest first."""
    yield path.parent
    yield from (project, project.parent)
    yield from dict.fromkeys(file.path.parent for file in files)
    yield from _folders(path.parent)
    yield from _folders(path.parent.parent)


def listed(folders: Iterable[Path], names: Set[str], stopped: Callable[[], bool]) -> Iterator[Path]:
    """The image files in folders, not below."""
    for folder in dict.fromkeys(folders):
        if stopped():
            return
        yield from (entry for entry in _entries(folder) if _may_be(entry, names))


def below(folder: Path, names: Set[str], stopped: Callable[[], bool]) -> Iterator[Path]:
    """The image files in a folder and below; links to folders and hidden ones are not followed."""
    if not is_folder(folder):
        raise UserError("there is no such folder", path=folder, remedy="Check the name.")
    waiting = [folder.absolute()]
    while waiting and not stopped():
        for entry in _entries(waiting.pop()):
            if is_folder(entry):
                if not (entry.is_symlink() or _own(entry)):
                    waiting.append(entry)
            elif _may_be(entry, names):
                yield entry


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:  # it is gone, or not to be read: there is nothing to be found
        return []


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in _entries(folder) if is_folder(entry) and not _own(entry)]


def _kind(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):  # gone, out of reach, or no name that a file could have
        return 0


def _own(folder: Path) -> bool:
    """What a project keeps beside its database is no image of anyone's."""
    return folder.name in ("masks", "models") and is_file(folder.parent / FILE_NAME)


def _may_be(path: Path, names: Set[str]) -> bool:
    looks = folded(path.name) in names or path.suffix.lower() in IMAGE_SUFFIXES
    return looks and is_file(path)
