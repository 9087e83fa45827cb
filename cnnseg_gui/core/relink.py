"""Finding image files again that moved or were renamed: whatever they are called, by content.

Cheap tests come first: a file of the former name, then one whose header says the former height and
width; the sha256 of all bytes decides. Files below a folder that moved are tried at the same place
below its new name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_files import StoredFile
from cnnseg_gui.core.image_io import content_hash, read_header
from cnnseg_gui.core.image_table import refuse_odd_name
from cnnseg_gui.core.likely_places import below, folded, guesses, is_file, listed, near
from cnnseg_gui.core.project import Project

NEARBY_SECONDS = 20.0
"""As long as images are looked for without having been asked to."""

Progress = Callable[[int, int, int], None]
"""(files looked at, files in all, images found)."""


@dataclass(frozen=True)
class Relinked:
    """What was found again: where, by the images' numbers; and what was not."""

    moved: dict[int, Path]
    missing: tuple[StoredFile, ...]


def relink(
    project: Project,
    folders: Sequence[Path],
    *,
    on_progress: Progress = lambda looked, files, found: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Relinked:
    """Looks for all missing images of a project in folders and below, and attaches them again.

    Args:
        should_stop: ends the search; what was found until then is attached.

    Raises:
        UserError: a folder cannot be read, or what was found could not be stored.
    """
    files = project.files.all()
    found = look(files, folders, on_progress=on_progress, should_stop=should_stop)
    project.files.move(found.moved)
    return found


def look(
    files: Sequence[StoredFile],
    folders: Sequence[Path],
    *,
    on_progress: Progress = lambda looked, files, found: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Relinked:
    """Looks for all missing ones among a project's files, in folders and below; moves nothing.

    Raises:
        UserError: a folder cannot be read.
    """
    wanted = missing(files, should_stop=should_stop)
    search = Search(
        wanted, _in_use(files, wanted), should_stop=should_stop, on_progress=on_progress
    )
    search.through(
        [path for folder in folders for path in below(folder, search.names, search.stopped)]
    )
    still = tuple(f for f in wanted if f.id not in search.found and not f.former)
    return Relinked(search.found, still)


def look_nearby(
    files: Sequence[StoredFile],
    lost: StoredFile,
    project: Path,
    *,
    seconds: float = NEARBY_SECONDS,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[int, Path]:
    """Looks for one file where it may well be, and for those that went the same way.

    That is at its place below a folder that was renamed or moved one level, in the folders of the
    project and of its other images, and in those beside its own.

    Args:
        files: all of the project; their files are looked at where `lost` is found only.
        project: the project's folder.
        seconds: after which it gives up.

    Returns:
        New paths by the images' numbers; empty where it was not found.
    """
    give_up = time.monotonic() + seconds

    def over() -> bool:
        return should_stop() or time.monotonic() > give_up

    pages = [f for f in files if (f.path, f.sha256) == (lost.path, lost.sha256)]
    search = Search(pages, _in_use(files, pages), should_stop=over)
    search.through(guesses(lost.path))
    if lost.id not in search.found:
        search.through(listed(near(lost.path, project, files), search.names, search.stopped))
    there = search.found.get(lost.id)
    if there is None:
        return _exchanged(files, pages, over)
    before, after = moved_part(lost.path, there)
    others = [f for f in files if f.id not in search.found and f.path.is_relative_to(before)]
    gone = missing(others, should_stop=over)
    along = Search(gone, {*_in_use(files, gone), *search.found.values()}, should_stop=over)
    along.through([after / f.path.relative_to(before) for f in gone])
    return {**along.found, **search.found}


def missing(
    files: Iterable[StoredFile], *, should_stop: Callable[[], bool] = lambda: False
) -> list[StoredFile]:
    """Those whose file is gone; images that were set aside are among them."""
    gone: dict[Path, bool] = {}
    out = []
    for file in files:
        if should_stop():
            break
        if file.path not in gone:
            gone[file.path] = not is_file(file.path)
        if gone[file.path]:
            out.append(file)
    return out


def moved_part(before: Path, after: Path) -> tuple[Path, Path]:
    """What of a path is another one: `/a/old/x/1.png` and `/b/new/x/1.png` give `/a/old` and
    `/b/new`; where the file's own name changed, its folders."""
    first, second = before.parent, after.parent
    if before.name == after.name:
        while first.name and first.name == second.name:
            first, second = first.parent, second.parent
    return first, second


class Search:
    """Compares files with the contents that are wanted; each file goes to one image only.

    Args:
        wanted: what is to be found.
        in_use: files that are not looked at.
    """

    def __init__(
        self,
        wanted: Sequence[StoredFile],
        in_use: Set[Path],
        *,
        should_stop: Callable[[], bool],
        on_progress: Progress = lambda looked, files, found: None,
    ) -> None:
        self.found: dict[int, Path] = {}
        self.names = {folded(file.path.name) for file in wanted}
        self.stopped = should_stop
        self._in_use, self._on_progress = in_use, on_progress
        self._open: dict[str, list[StoredFile]] = {}
        for file in wanted:
            self._open.setdefault(file.sha256, []).append(file)

    def through(self, paths: Iterable[Path]) -> None:
        """Looks at files, those of a wanted name first."""
        waiting = [path for path in dict.fromkeys(paths) if path not in self._in_use]
        waiting.sort(key=lambda path: folded(path.name) not in self.names)
        for looked, path in enumerate(waiting):
            self._on_progress(looked, len(waiting), len(self.found))
            if not self._open or self.stopped():
                return
            if folded(path.name) in self.names or self._has_size(path):
                self._compare(path)
        self._on_progress(len(waiting), len(waiting), len(self.found))

    def _has_size(self, path: Path) -> bool:
        """Whether a file of another name is worth hashing."""
        try:
            shape = read_header(path)
        except UserError:
            return False
        return any(
            file.page > 0 or (file.height, file.width) == shape
            for files in self._open.values()
            for file in files
        )

    def _compare(self, path: Path) -> None:
        try:
            refuse_odd_name(path)
            files = self._open.get(content_hash(path), [])
        except UserError:  # it vanished, or cannot be read: then it is not this one
            return
        if not files:
            return
        best = min(files, key=lambda file: folded(file.path.name) != folded(path.name))
        for file in [file for file in files if file.path == best.path]:  # all its pages
            self.found[file.id] = path
            files.remove(file)
        if not files:
            del self._open[best.sha256]


def _in_use(files: Iterable[StoredFile], wanted: Iterable[StoredFile]) -> set[Path]:
    """The files of images that were worked on, but for those wanted."""
    lost = {file.id for file in wanted}
    return {f.path for f in files if f.worked_on and not f.former and f.id not in lost}


def _exchanged(
    files: Sequence[StoredFile], pages: Sequence[StoredFile], over: Callable[[], bool]
) -> dict[int, Path]:
    """Looks among the other images' files in one file's folder: names may have been exchanged.

    Then all whose files these are have to be found too.
    """
    wanted, folder = list(pages), pages[0].path.parent
    while not over():
        contents = {file.sha256 for file in wanted}
        ids = {file.id for file in wanted}
        rightful = {f.path for f in files if f.sha256 in contents and f.id not in ids}
        search = Search(wanted, rightful, should_stop=over)
        search.through(listed([folder], search.names, search.stopped))
        if search.found.keys() != ids:
            return {}
        places = set(search.found.values())
        pushed = [f for f in files if f.path in places and f.id not in ids and f.worked_on]
        if not pushed:
            return search.found
        wanted += pushed
    return {}
