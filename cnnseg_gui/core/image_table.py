"""The images of a project: which there are, and how far the work on each is."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core import database
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_hash import BITS, MAX_DISTANCE, distance
from cnnseg_gui.core.image_io import content_hash, read_header, stack
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.tags import Tags

NEW, IN_WORK, APPROVED = "new", "in work", "approved"

FORMER = "former"
"""Set aside, since another picture has taken its file's place: no longer listed, see
`image_files`."""

# Of the images that get decided pixels every fifth group of near-duplicates is only ever validated
# on, the third one first: its role is fixed then, so no revision has ever been trained on it.
_HELD_OUT_EVERY, _HELD_OUT_FIRST = 5, 2

_COLUMNS = "id, path, page, sha256, height, width, status, held_out, split"

SPLITS = ("train", "val", "test")
_LISTED = f"WHERE status <> '{FORMER}'"


@dataclass(frozen=True)
class ImageFacts:
    """What the project keeps of an image file: hash, height and width as shown (after EXIF)."""

    path: Path
    sha256: str
    height: int
    width: int
    page: int = 0
    """Of a file that holds several, from 0."""
    look: int | None = None
    """Its `image_hash.difference_hash`, where its pixels were looked at."""


@dataclass(frozen=True)
class ImageRecord:
    """An image of the project; `decided` counts its decided pixels by class index."""

    id: int
    path: Path
    sha256: str
    height: int
    width: int
    status: str
    held_out: bool
    decided: dict[int, int]
    tags: tuple[str, ...] = ()
    page: int = 0
    split: str = ""
    """One of `SPLITS` where it is fixed, as by the data set that it came from."""

    @property
    def name(self) -> str:
        """For people: the file's, with the page's number behind the first one's."""
        return shown_name(self.path.name, self.page)

    @property
    def content(self) -> str:
        """What the engine knows its pixels by: the file's hash, with the page behind the first."""
        return self.sha256 if self.page == 0 else f"{self.sha256}#{self.page}"


def shown_name(file_name: str, page: int) -> str:
    """What an image is called for people: pages are counted from 1, the first has the file's."""
    return file_name if page == 0 else f"{file_name} · {page + 1}"


def probe_pages(path: Path) -> list[ImageFacts]:
    """As `probe`, for every image of a file that holds a stack.

    Raises:
        UserError: as there.
    """
    refuse_odd_name(path)
    pages, sha256 = stack(path), content_hash(path)
    return [ImageFacts(path, sha256, height, width, page) for page, height, width in pages]


def probe(path: Path) -> ImageFacts:
    """Reads an image file's header and hashes its bytes: a worker's job on large folders.

    Raises:
        UserError: it cannot be read, is no image, or its name cannot be stored.
    """
    refuse_odd_name(path)
    height, width = read_header(path)
    return ImageFacts(path, content_hash(path), height, width)


def refuse_odd_name(path: Path) -> None:
    """A path is stored as text; names from other systems may be no text at all.

    Raises:
        UserError: as this one is.
    """
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise UserError(
            "the name of this file is not valid text",
            path=os.fsencode(path).decode(errors="replace"),
            remedy="Rename it, then add it again.",
        ) from error


def stored_path(path: Path, folder: Path) -> str:
    """A path as it is stored: relative to the project's folder where it can be."""
    absolute = path.absolute()
    try:
        if absolute.name in ("", ".."):
            return _relative(absolute, folder)
        parent = _relative(absolute.parent, folder)
    except ValueError:  # another drive on Windows
        return absolute.as_posix()
    return absolute.name if parent == "." else f"{parent}/{absolute.name}"


@lru_cache(maxsize=16)
def _relative(path: Path, folder: Path) -> str:
    """Remembered, since 100,000 images share a few folders."""
    return Path(os.path.relpath(path, folder)).as_posix()


def absolute_path(stored: str, folder: Path) -> Path:
    """What `stored_path` stored."""
    return Path(os.path.normpath(folder / stored))


class ImageTable:
    """The rows of the images, used inside the project's transactions.

    Args:
        folder: what the stored paths are relative to.
        meaning: what stored mask values stand for now, uint8[256].

    Raises:
        sqlite3.Error: all methods, where the database cannot be used.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        folder: Path,
        *,
        meaning: Callable[[], Pixels],
        tags: Tags,
    ) -> None:
        self._db = connection
        self._folder = folder
        self._meaning = meaning
        self._tags = tags

    # ------------------------------------------------------------------ reading

    def all(self) -> list[ImageRecord]:
        """In the order they were added."""
        counts: dict[int, list[tuple[int, int]]] = {}
        for image_id, value, pixels in self._db.execute(
            "SELECT image_id, class_id, pixels FROM pixel_count WHERE pixels > 0"
        ):
            counts.setdefault(image_id, []).append((value, pixels))
        meaning, tags = self._meaning(), self._tags.by_image()
        return [
            self._record(row, _by_meaning(counts.get(row[0], ()), meaning), tags.get(row[0], ()))
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM image {_LISTED} ORDER BY id")
        ]

    def get(self, image_id: int) -> ImageRecord:
        """One image.

        Raises:
            KeyError: there is none of this number.
        """
        row = self._db.execute(f"SELECT {_COLUMNS} FROM image WHERE id = ?", (image_id,)).fetchone()
        if row is None:
            raise KeyError(image_id)
        decided = self._db.execute(
            "SELECT class_id, pixels FROM pixel_count WHERE image_id = ? AND pixels > 0",
            (image_id,),
        )
        return self._record(row, _by_meaning(decided, self._meaning()), self._tags.of(image_id))

    def beside(self, image_id: int) -> list[int]:
        """The numbers of the next image of the list and of the one before, where there are."""
        found = []
        for compared, order in ((">", "ASC"), ("<", "DESC")):
            found += self._db.execute(
                f"SELECT id FROM image {_LISTED} AND id {compared} ? ORDER BY id {order} LIMIT 1",
                (image_id,),
            ).fetchall()
        return [int(number) for (number,) in found]

    def with_content(self, sha256: str) -> int | None:
        """The number of an image of this content, one that is listed where there is one."""
        row = self._db.execute(
            "SELECT id FROM image WHERE sha256 = ? ORDER BY status = ?, id LIMIT 1",
            (sha256, FORMER),
        ).fetchone()
        return None if row is None else int(row[0])

    # ------------------------------------------------------------------ writing

    def add(self, facts: Iterable[ImageFacts]) -> list[int]:
        """Adds images by what `probe` found; those already there keep their numbers.

        Returns:
            The images' numbers, in the order given.
        """
        numbers = []
        for fact in facts:
            key = stored_path(fact.path, self._folder), fact.page
            inserted = self._db.execute(
                "INSERT OR IGNORE INTO image (path, page, sha256, height, width, look)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (*key, fact.sha256, fact.height, fact.width, _packed_look(fact.look)),
            )
            number = inserted.lastrowid
            if not inserted.rowcount or number is None:
                (number,) = self._db.execute(
                    "SELECT id FROM image WHERE path = ? AND page = ?", key
                ).fetchone()
            numbers.append(int(number))
        return numbers

    def set_status(self, image_id: int, status: str) -> None:
        """How far the work on it is: NEW, IN_WORK or APPROVED."""
        self._db.execute(
            "UPDATE image SET status = ?, stale = stale + 1 WHERE id = ?", (status, image_id)
        )

    def set_split(self, image_id: int, split: str) -> None:
        """Fixes which part of the data set it belongs to; empty: it is not fixed."""
        if split not in ("", *SPLITS):
            raise ValueError(f"a split “{split}”")
        self._db.execute("UPDATE image SET split = ? WHERE id = ?", (split, image_id))

    def looks(self) -> dict[int, int]:
        """The `image_hash.difference_hash` of the images that were looked at, by their numbers."""
        return {
            int(number): int.from_bytes(look)
            for number, look in self._db.execute(
                f"SELECT id, look FROM image {_LISTED} AND look IS NOT NULL"
            )
            if isinstance(look, bytes) and len(look) == BITS // 8
        }

    def mark_worked_on(self, image_id: int) -> None:
        """Its mask has changed; where nothing is decided any more, it is new, with its role."""
        (held_out,) = self._db.execute(
            "SELECT held_out FROM image WHERE id = ?", (image_id,)
        ).fetchone()
        if held_out is None:
            role, kin = self._role(image_id)
            self._db.execute(
                "UPDATE image SET held_out = ?, kin = ? WHERE id = ?", (role, kin, image_id)
            )
        self.disapprove(image_id)

    def disapprove(self, image_id: int) -> None:
        """It is in work, or new where nothing is decided on it; a former image stays one."""
        counts = self._db.execute(
            "SELECT class_id, pixels FROM pixel_count WHERE image_id = ? AND pixels > 0",
            (image_id,),
        )
        status = IN_WORK if _by_meaning(counts, self._meaning()) else NEW
        self._db.execute(
            "UPDATE image SET status = CASE status WHEN ? THEN status ELSE ? END,"
            " stale = stale + 1 WHERE id = ?",
            (FORMER, status, image_id),
        )

    def note_looks(self, looks: Mapping[int, int]) -> None:
        """Keeps the `image_hash.difference_hash` of images, by their numbers."""
        self._db.executemany(
            "UPDATE image SET look = ? WHERE id = ?",
            [(_packed_look(look), number) for number, look in looks.items()],
        )

    def all_read_anew(self) -> None:
        """The classes have changed, and with them what every mask says."""
        self._db.execute(
            "UPDATE image SET stale = stale + 1"
            " WHERE id IN (SELECT image_id FROM pixel_count WHERE pixels > 0)"
        )

    def recount(self, image_id: int, counts: npt.NDArray[np.int64]) -> None:
        """Replaces the decided pixels by stored value, int64[256]."""
        self._db.execute("DELETE FROM pixel_count WHERE image_id = ?", (image_id,))
        self.count(image_id, counts)

    def set_stale(self, image_id: int) -> None:
        """The mirror does not show what it should."""
        self._db.execute("UPDATE image SET stale = stale + 1 WHERE id = ?", (image_id,))

    def note_mirrored(self, image_id: int, stale: int, name: str) -> None:
        """The mirror shows an image as it was after so many changes, in a file of this name."""
        self._db.execute(
            "UPDATE image SET stale = CASE WHEN stale = ? THEN 0 ELSE stale END, mirror = ?"
            " WHERE id = ?",
            (stale, name, image_id),
        )

    def count(self, image_id: int, change: npt.NDArray[np.int64]) -> None:
        """Adds to the decided pixels by stored value, int64[256]."""
        self._db.executemany(
            "INSERT INTO pixel_count VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET pixels = pixels + excluded.pixels",
            [(image_id, int(index), int(change[index])) for index in np.flatnonzero(change)],
        )

    # ------------------------------------------------------------------ inside

    def _role(self, image_id: int) -> tuple[int, int]:
        """1 for an image to be held out, and the number that its near-duplicates share.

        Files of equal content, pages of one file and images that look the same have the same role:
        none is learnt from while another one is validated on. Roles stay as they are, so an image
        that is near to two others of different roles takes the nearer one's.
        """
        sha256, path, look = self._db.execute(
            "SELECT sha256, path, look FROM image WHERE id = ?", (image_id,)
        ).fetchone()
        twin = self._db.execute(
            "SELECT held_out, COALESCE(kin, id) FROM image WHERE held_out IS NOT NULL"
            " AND (sha256 = ? OR path = ?) LIMIT 1",
            (sha256, path),
        ).fetchone()
        if twin is None and isinstance(look, bytes) and any(look):  # a blank one looks like none
            twin = self._nearest(int.from_bytes(look))
        if twin is not None:
            return int(twin[0]), int(twin[1])
        (earlier,) = self._db.execute(
            "SELECT COUNT(DISTINCT COALESCE(kin, id)) FROM image WHERE held_out IS NOT NULL"
        ).fetchone()
        return int(earlier % _HELD_OUT_EVERY == _HELD_OUT_FIRST), image_id

    def _nearest(self, look: int) -> tuple[int, int] | None:
        """Role and group of the image that looks most like it; None where none does.

        5 ms for 10,000 images with a role.
        """
        found: tuple[int, int] | None = None
        least = MAX_DISTANCE + 1
        for data, held_out, kin in self._db.execute(
            "SELECT look, held_out, COALESCE(kin, id) FROM image"
            " WHERE held_out IS NOT NULL AND look IS NOT NULL ORDER BY id"
        ):
            if not isinstance(data, bytes) or len(data) != BITS // 8:
                continue
            apart = distance(look, int.from_bytes(data))
            if apart < least:
                least, found = apart, (int(held_out), int(kin))
        return found

    def _record(
        self, row: Sequence[object], decided: dict[int, int], tags: tuple[str, ...]
    ) -> ImageRecord:
        image_id, path, page, sha256, height, width, status, held_out, split = row
        return ImageRecord(
            id=database.whole(image_id),
            path=absolute_path(str(path), self._folder),
            page=database.whole(page),
            sha256=str(sha256),
            height=database.whole(height),
            width=database.whole(width),
            status=str(status),
            held_out=bool(held_out),
            decided=decided,
            tags=tags,
            split=str(split) if split in SPLITS else "",
        )


def _packed_look(look: int | None) -> bytes | None:
    return None if look is None else look.to_bytes(BITS // 8)


def _by_meaning(counts: Iterable[tuple[int, int]], meaning: Pixels) -> dict[int, int]:
    """Pixels by class from (stored value, pixels)."""
    total: dict[int, int] = {}
    for value, pixels in counts:
        index = int(meaning[value])
        if index != UNLABELLED:
            total[index] = total.get(index, 0) + pixels
    return total
