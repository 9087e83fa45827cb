"""What a power cut may leave of a project's database, at every change that SQLite makes.

    python -m tests.core.crash_images SCRATCH [--every N] [--seed N]

A session of strokes, with a checkpoint every few of them, is recorded as SQLite's writes,
truncations, removals and syncs. For each moment of it the files are made as a killed program
leaves them (every change before that moment), and as a power cut may leave them: of what was not
synced, any 512-byte sector may be there or not. Each must open as one of the states that were
committed: after a kill the last one, after a power cut none older than the last sync of the log.
Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.project import Project
from tests.core.fault_operations import OPERATIONS, contents, make_base, painted
from tests.core.sqlite_shim import SqliteShim

_STROKES = 12
_CHECKPOINT_PAGES = 40  # SQLite's own is 1000: a session of a minute
_SECTOR = 512
Files = dict[str, bytes]


@dataclass(frozen=True)
class Change:
    """One change of a file by its name; `commits` were finished when it was made."""

    kind: str
    file: str
    commits: int
    offset: int = 0
    data: bytes = b""

    def apply(self, files: Files, keep: Callable[[int], bool] = lambda _: True) -> None:
        """Args:
        keep: whether the sector at this offset reaches the disk.
        """
        if self.kind == "remove":
            files.pop(self.file, None)
        elif self.kind == "truncate" and keep(self.offset):
            files[self.file] = files.get(self.file, b"")[: self.offset].ljust(self.offset, b"\0")
        elif self.kind == "write":
            content = bytearray(files.get(self.file, b""))
            for start in range(0, len(self.data), _SECTOR):
                part, at = self.data[start : start + _SECTOR], self.offset + start
                if keep(at):
                    content.extend(bytes(max(0, at + len(part) - len(content))))
                    content[at : at + len(part)] = part
            files[self.file] = bytes(content)


class Recorder:
    """A watcher that refuses nothing and keeps everything."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.commits = 0
        self.over = False

    def opening(self, path: Path) -> None:
        pass

    def writing(self, handle: int, offset: int, data: bytes) -> None:
        self._add("write", _name_of(handle), offset, data)

    def truncating(self, handle: int, size: int) -> None:
        self._add("truncate", _name_of(handle), size)

    def removing(self, path: Path) -> None:
        self._add("remove", path.name)

    def syncing(self, path: Path) -> None:
        self._add("sync", path.name)

    def _add(self, kind: str, name: str, offset: int = 0, data: bytes = b"") -> None:
        if not self.over and not name.endswith(
            "-shm"
        ):  # that is in memory only; made anew after a crash
            self.changes.append(Change(kind, name, self.commits, offset, data))


class Images:
    """Makes the files of a moment and looks at them."""

    def __init__(self, scratch: Path, seed: int) -> None:
        self._scratch, self._rng = scratch, np.random.default_rng(seed)
        self._base = make_base(scratch / "base", OPERATIONS["stroke"])
        self._before = {p.name: p.read_bytes() for p in self._base.iterdir() if p.is_file()}
        self.states, self.changes = self._session()
        self.problems: list[str] = []
        self.looked_at = 0
        self.lost = 0
        """Commits that a power cut took, at most."""

    def look(self, *, every: int) -> None:
        """At all changes, or at each n-th one."""
        for moment in range(0, len(self.changes) + 1, every):
            commits = self.changes[min(moment, len(self.changes) - 1)].commits
            self._compare(self._after_kill(moment), moment, commits, "killed")
            for _ in range(2):
                files, at_least = self._after_power_cut(moment)
                self._compare(files, moment, at_least, "power cut")

    def _session(self) -> tuple[list[str], list[Change]]:
        """The states after 0, 1, … commits, and all changes; in a copy of the base."""
        folder, recorder = self._scratch / "session", Recorder()
        shutil.copytree(self._base, folder)
        self._shim = SqliteShim(recorder)  # kept: C code calls into it from now on
        project = Project.open(folder)
        project._db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        states, mask = [repr(contents(project))], project.load_mask(1)
        for stroke in range(_STROKES):
            patch = painted(mask, 15 * stroke, stroke % 3)
            project.commit(patch, mask, name="Brush stroke")
            recorder.commits += 1
            states.append(repr(contents(project)))
        project.close()
        recorder.over = True
        return states, recorder.changes

    def _after_kill(self, moment: int) -> Files:
        files = dict(self._before)
        for change in self.changes[:moment]:
            change.apply(files)
        return files

    def _after_power_cut(self, moment: int) -> tuple[Files, int]:
        """The files, and how many commits must be in them."""
        files, at_least = dict(self._before), 0
        synced = {
            change.file: place
            for place, change in enumerate(self.changes[:moment])
            if change.kind == "sync"
        }
        for place, change in enumerate(self.changes[:moment]):
            safe = place < synced.get(change.file, -1)
            share = 1.0 if safe else float(self._rng.choice([0.0, 0.5, 0.95]))
            change.apply(files, self._by_chance(share))
            if change.kind == "sync" and change.file.endswith("-wal"):
                at_least = change.commits
        return files, at_least

    def _by_chance(self, share: float) -> Callable[[int], bool]:
        return lambda _: bool(self._rng.random() < share)

    def _compare(self, files: Files, moment: int, at_least: int, what: str) -> None:
        folder = self._scratch / "image"
        shutil.copytree(self._base, folder)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        self.looked_at += 1
        finished = self.changes[min(moment, len(self.changes) - 1)].commits
        try:
            project = Project.open(folder)
            try:
                found = repr(contents(project))
            finally:
                project.close()
            held = self.states.index(found) if found in self.states else -1
            if not at_least <= held <= finished + 1:
                self.problems.append(
                    f"{what} at change {moment}: the state after {held} of {finished} strokes,"
                    f" {at_least} of them synced"
                )
            self.lost = max(self.lost, finished - held)
        except UserError as error:
            self.problems.append(f"{what} at change {moment}: {error}")
        shutil.rmtree(folder)


def _name_of(handle: int) -> str:
    return Path(f"/proc/self/fd/{handle}").readlink().name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    images = Images(options.scratch, options.seed)
    images.look(every=options.every)
    kinds = [change.kind for change in images.changes]
    print(
        json.dumps(
            {
                "changes": len(images.changes),
                "syncs": kinds.count("sync"),
                "looked_at": images.looked_at,
                "most_lost": images.lost,
                "problems": images.problems,
            }
        ),
        flush=True,
    )
    os._exit(0)  # SQLite still points to the shim


if __name__ == "__main__":
    main()
