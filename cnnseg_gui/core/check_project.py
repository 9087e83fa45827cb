"""Looks at every image, mask, count, step, model and mirrored file of a project."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from cnnseg_gui.core import database
from cnnseg_gui.core.attached import check_attached
from cnnseg_gui.core.class_list import unpack_edit
from cnnseg_gui.core.class_table import read_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import FORMER, absolute_path
from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels, TileGrid, unpack_tile
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.mirror import FOLDER
from cnnseg_gui.core.model_folders import WEIGHTS, leftovers
from cnnseg_gui.core.patch import Patch
from cnnseg_gui.core.rect import cell_rect


class Repair(StrEnum):
    """What mends a finding without losing anything that is not lost already."""

    REBUILD = "rebuild"
    """Make the project again from its mirror."""
    RECOUNT = "recount"
    """Count the decided pixels anew."""
    MIRROR = "mirror"
    """Write the mask into the mirror again."""
    SWEEP = "sweep"
    """Remove what a crash left half-written."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    what: str
    path: str
    repair: Repair | None = None
    """None: a person has to do something, see `remedy`."""
    remedy: str = ""
    image_id: int | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.what}. {self.remedy}".rstrip()


@dataclass(frozen=True)
class Checked:
    """How much was looked at, and what was found."""

    images: int
    masks: int
    steps: int
    models: int
    findings: tuple[Finding, ...]


Progress = Callable[[str], None]
"""A line for a person."""


def check_project(folder: Path, *, on_progress: Progress = lambda line: None) -> Checked:
    """Reads all of a project and changes nothing; an older one is brought up to date, as always.

    Raises:
        UserError: there is none, or it was made by a newer version.
    """
    path = folder.absolute() / database.FILE_NAME
    try:
        connection = database.connect(path, create=False)
    except database.DamagedProject as error:
        found = Finding(error.what, str(path), Repair.REBUILD)
        return Checked(0, 0, 0, 0, (found,))
    try:
        check = _Check(connection, path, on_progress)
        return check.run()
    except (sqlite3.Error, UnicodeError) as error:
        what = database.database_error(error, path).what
        return Checked(0, 0, 0, 0, (Finding(what, str(path), Repair.REBUILD),))
    finally:
        connection.close()


class _Check:
    def __init__(self, connection: sqlite3.Connection, path: Path, on_progress: Progress) -> None:
        self._db, self._path, self._say = connection, path, on_progress
        self._folder = path.parent
        self._findings: list[Finding] = []

    def run(self) -> Checked:
        lines = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(20)")]
        if lines != ["ok"]:
            what = f"the project's file is damaged ({lines[0][:200]})"
            self._findings.append(Finding(what, str(self._path), Repair.REBUILD))
        images = self._images()
        masks = sum(self._mask(number) for number in images)
        steps = self._journal()
        models = self._models()
        self._leftovers()
        return Checked(len(images), masks, steps, models, tuple(self._findings))

    # ------------------------------------------------------------------ the parts

    def _images(self) -> list[int]:
        rows = self._db.execute("SELECT id, path, sha256, status FROM image ORDER BY id").fetchall()
        for place, (_, stored, sha256, status) in enumerate(rows):
            self._say(f"image {place + 1} of {len(rows)}")
            if status == FORMER:
                continue
            try:
                check_attached(absolute_path(stored, self._folder), sha256)
            except UserError as error:
                self._findings.append(Finding(error.what, str(error.path), None, error.remedy))
        return [int(row[0]) for row in rows]

    def _mask(self, number: int) -> bool:
        """Whether the image has one."""
        height, width, stored, mirror, stale = self._db.execute(
            "SELECT height, width, path, mirror, stale FROM image WHERE id = ?", (number,)
        ).fetchone()
        tiles = self._db.execute(
            "SELECT tile_row, tile_column, data FROM tile WHERE image_id = ?", (number,)
        ).fetchall()
        self._say(f"mask of {stored}")
        mask = TileGrid(height, width)
        for row, column, data in tiles:
            try:
                mask.put_tile(row, column, unpack_tile(data if isinstance(data, bytes) else b""))
            except ValueError as error:
                what = f"the mask of {stored} is damaged ({error})"
                self._findings.append(Finding(what, str(self._path), Repair.REBUILD))
                return True
        self._counts(number, stored, mask)
        self._mirrored(number, mask, mirror, stale)
        return bool(tiles)

    def _counts(self, number: int, stored: str, mask: TileGrid) -> None:
        counts = np.zeros(256, np.int64)
        for (row, column), tile in mask.tiles():
            inside = tile[: mask.shape[0] - row * TILE, : mask.shape[1] - column * TILE]
            counts += np.bincount(inside.ravel(), minlength=256)
        counts[UNLABELLED] = 0
        known = dict(
            self._db.execute(
                "SELECT class_id, pixels FROM pixel_count WHERE image_id = ? AND pixels <> 0",
                (number,),
            )
        )
        if known != {int(value): int(counts[value]) for value in np.flatnonzero(counts)}:
            what = f"the decided pixels of {stored} are not as many as were counted"
            self._findings.append(Finding(what, str(self._path), Repair.RECOUNT, image_id=number))

    def _mirrored(self, number: int, mask: TileGrid, name: str, stale: int) -> None:
        if stale or not name:
            if any(True for _ in mask.tiles()):
                self._findings.append(
                    Finding(
                        "its mask is newer than the mirror's",
                        str(self._folder / FOLDER / name),
                        Repair.MIRROR,
                        image_id=number,
                    )
                )
            return
        file = self._folder / FOLDER / name
        try:
            same = self._shows(read_mask(file), mask)
            what = "this file is not the mask that was painted"
        except UserError as error:
            same, what = False, error.what
        if not same:
            self._findings.append(Finding(what, str(file), Repair.MIRROR, image_id=number))

    def _shows(self, pixels: Pixels, mask: TileGrid) -> bool:
        """Whether uint8[H, W] is what the mask means, tile by tile: it may be a gigabyte."""
        if pixels.shape != mask.shape:
            return False
        meaning, decided = read_classes(self._db).meaning, 0
        for (row, column), tile in mask.tiles():
            shown = pixels[cell_rect(row, column, TILE).clipped(mask.shape).slices]
            meant = meaning[tile[: shown.shape[0], : shown.shape[1]]]
            if not np.array_equal(shown, meant):
                return False
            decided += int(np.count_nonzero(meant != UNLABELLED))
        return int(np.count_nonzero(pixels != UNLABELLED)) == decided

    def _journal(self) -> int:
        count = 0
        for number, image_id, name, data, height, width in self._steps():
            count += 1
            if count % 500 == 0:
                self._say(f"step {count} of the history")
            try:
                if image_id is None:
                    unpack_edit(data)
                else:
                    Patch.from_bytes(data, (height, width))
            except (TypeError, ValueError) as error:
                what = f"step {number} of the history, “{name}”, is damaged ({error})"
                remedy = "Undo goes as far back as to this step; the mask itself is whole."
                self._findings.append(Finding(what, str(self._path), None, remedy))
        return count

    def _steps(self) -> Iterator[tuple[int, int | None, str, bytes, int, int]]:
        yield from self._db.execute(
            "SELECT journal.id, image_id, name, patch, height, width FROM journal"
            " LEFT JOIN image ON image.id = image_id ORDER BY journal.id"
        )

    def _models(self) -> int:
        rows = self._db.execute(
            "SELECT name, sha256 FROM revision UNION ALL SELECT name, sha256 FROM classifier"
        ).fetchall()
        for name, sha256 in rows:
            self._say(f"model {name}")
            file = self._folder / "models" / name / WEIGHTS
            try:
                with file.open("rb") as weights:
                    same = hashlib.file_digest(weights, "sha256").hexdigest() == sha256
                what = "these weights are not those that were stored"
            except OSError as error:
                same, what = False, f"these weights cannot be read ({error.strerror})"
            if not same:
                remedy = "Copy this folder from a backup, or go back to another revision."
                self._findings.append(Finding(what, str(file), None, remedy))
        return len(rows)

    def _leftovers(self) -> None:
        files = [
            path
            for pattern in (".cnnseg-*", f"{FOLDER}/.cnnseg-*")
            for path in self._folder.glob(pattern)
        ]
        for stale in (*files, *leftovers(self._folder)):
            what = "this was left half-written by a crash"
            self._findings.append(Finding(what, str(stale), Repair.SWEEP))
