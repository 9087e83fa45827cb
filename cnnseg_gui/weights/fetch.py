"""Fetching published weights: resumed after a cut, checked by their hash, complete or not there."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from cnnseg_gui.core.atomic import sync_folder
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.weights.catalogue import WeightFile
from cnnseg_gui.weights.store import WeightStore, digest_of, disk_refused, part_of
from cnnseg_gui.weights.web import CutError, ask, begins_at, blocks_of, length_of

OnProgress = Callable[[int, int], None]
"""Takes the bytes that are here and the bytes in all."""

_BLOCK = 2**18
_TRIES = 4  # connections that bring nothing new, before it gives up
_SLACK = 1.1  # of the published size: what brings more is something else
_LATER = "Try again later: it goes on where it was. Or choose a file, or set a mirror."


class FetchStopped(Exception):
    """Leaves a download that was cancelled; it can be resumed."""


class _OtherFileError(Exception):
    """What comes is not what was published; says why."""


def fetch(
    store: WeightStore,
    name: str,
    *,
    on_progress: OnProgress = lambda done, total: None,
    stopped: Callable[[], bool] = lambda: False,
    patience: float = 20.0,
) -> Path:
    """Brings published weights into the store, and returns their file.

    They grow in a `.part` beside it, which stays for the next try when the connection is cut, the
    disk is full, or it is cancelled. A lock keeps two processes from one file.

    Args:
        name: in the store's catalogue.
        on_progress: called as bytes arrive.
        stopped: asked as bytes arrive; a silent server is noticed after `patience`.
        patience: seconds to wait for a connection, and for each block.

    Raises:
        FetchStopped: `stopped` said so.
        UserError: no connection, no such file, another file, no room.
    """
    published, target = store.published(name), store.path(name)
    source = store.source(published)
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock", timeout=0):
            if not _is_whole(published, target):
                _check_room(published, target)
                _Fetching(published, source, part_of(target), on_progress, stopped, patience).run()
                _settle(part_of(target), target)
    except Timeout as error:
        raise UserError(
            f"{name} is being downloaded already", path=target, remedy="Wait for it."
        ) from error
    except OSError as error:
        raise disk_refused(error, doing="storing the weights", path=target) from error
    return target


@dataclass(frozen=True)
class _Fetching:
    """One file on its way into its `.part`."""

    published: WeightFile
    source: str | Path
    part: Path
    on_progress: OnProgress
    stopped: Callable[[], bool]
    patience: float

    def run(self) -> None:
        """Ends with the whole file in `part`, its hash checked; or raises."""
        try:
            if isinstance(self.source, Path):
                self._copy(self.source)
            else:
                self._download(self.source)
            digest = digest_of(self.part)
            if not digest.startswith(self.published.sha8):
                raise _OtherFileError(f"its sha256 begins with {digest[:8]}")
        except _OtherFileError as other:
            self.part.unlink(missing_ok=True)
            raise UserError(
                f"what came is not {self.published.file}: {other}",
                path=str(self.source),
                remedy="Nothing of it is kept. Try again, or set another mirror.",
            ) from other

    def _copy(self, source: Path) -> None:
        if not source.is_file():
            raise UserError(
                "the mirror does not hold this file",
                path=source,
                remedy="Set another one, or none.",
            )
        self._check_stopped()
        self._store(_blocks_of_file(source), have=0, total=source.stat().st_size)

    def _download(self, url: str) -> None:
        tries = 0
        while True:
            before = _size(self.part)
            try:
                self._continue(url)
                return
            except CutError as cut:
                tries = 1 if _size(self.part) > before else tries + 1
                if tries >= _TRIES:
                    raise UserError(
                        f"{self.published.name} could not be downloaded ({cut})",
                        path=url,
                        remedy=_LATER,
                    ) from cut
            for _ in range(5 * tries):  # a moment longer each time, and Cancel is heard meanwhile
                self._check_stopped()
                time.sleep(0.02)

    def _continue(self, url: str) -> None:
        """One connection: asks for what is missing, and takes what comes."""
        self._check_stopped()
        have = _size(self.part)
        response = ask(self.published, url, have=have, patience=self.patience)
        if response is None:  # nothing is missing, or what is here is of no use
            if not _is_whole(self.published, self.part):
                self.part.unlink()
                raise CutError("the part that was here did not fit")
            return
        with response:
            start = begins_at(response)
            if start not in (0, have):
                self.part.unlink(missing_ok=True)
                raise CutError("the server went on at another place")
            length = length_of(response)
            total = self.published.bytes if length is None else start + length
            self._store(blocks_of(response), have=start, total=total)

    def _store(self, blocks: Iterable[bytes], *, have: int, total: int) -> None:
        self._check_size(total)
        with self.part.open("ab" if have else "wb") as writing:
            self.on_progress(have, total)
            for block in blocks:
                have += len(block)
                self._check_size(have)
                writing.write(block)
                self.on_progress(have, total)
                self._check_stopped()

    def _check_size(self, size: int) -> None:
        about = self.published.bytes
        if size > _SLACK * about + _BLOCK:
            raise _OtherFileError(f"it has {size:,} bytes or more, and should have about {about:,}")

    def _check_stopped(self) -> None:
        if self.stopped():
            raise FetchStopped


def _blocks_of_file(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb") as reading:
            while block := reading.read(_BLOCK):
                yield block
    except OSError as error:
        raise from_os_error(error, doing="reading the mirror", path=source) from error


def _settle(part: Path, target: Path) -> None:
    """Under its final name only once the disk has all of it: a power cut leaves no half file."""
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    part.replace(target)
    sync_folder(target.parent)


def _check_room(published: WeightFile, target: Path) -> None:
    missing = published.bytes - _size(part_of(target))
    free = shutil.disk_usage(target.parent).free
    if free < missing:
        raise UserError(
            f"there is no room for {published.file}: {published.size} are needed",
            path=target.parent,
            remedy="Free some space, or set the folder by the variable CNNSEG_WEIGHTS.",
        )


def _is_whole(published: WeightFile, path: Path) -> bool:
    return path.is_file() and digest_of(path).startswith(published.sha8)


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0
