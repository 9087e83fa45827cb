"""The project: a folder whose `project.sqlite` is the truth about images, classes and masks.

Every gesture is one transaction that stores the mask tiles after it, the pixel counts, and the
patch in the journal. The journal is the undo history, so undo goes on where it was after a
restart or a crash.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from cnnseg_gui.core import database
from cnnseg_gui.core.accepted_borders import without_accepted_borders
from cnnseg_gui.core.atomic import sweep
from cnnseg_gui.core.checkpoint import LONG_LOG, LONGEST_LOG
from cnnseg_gui.core.class_list import ClassList, pack_edit, unpack_edit
from cnnseg_gui.core.class_table import read_classes, write_classes
from cnnseg_gui.core.classes import PixelClass, make_classes
from cnnseg_gui.core.effort import EffortTable
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_doubts import DoubtTable
from cnnseg_gui.core.image_files import ImageFiles
from cnnseg_gui.core.image_listing import ImageListing
from cnnseg_gui.core.image_table import ImageFacts, ImageRecord, ImageTable
from cnnseg_gui.core.journal import HistoryEntry, Journal, Step
from cnnseg_gui.core.mask import Mask, pack_tile, unpack_tile
from cnnseg_gui.core.mirror_round import Mirrored
from cnnseg_gui.core.patch import Patch
from cnnseg_gui.core.revisions import Revisions, TaughtClassifiers
from cnnseg_gui.core.tags import Tags

_Answer = TypeVar("_Answer")


class Project:
    """An open project. Used from one thread."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self.path = folder / database.FILE_NAME
        self._db = connection
        self.revisions = Revisions(folder, connection)
        self.classifiers = TaughtClassifiers(folder, connection)
        self.tags = Tags(connection, self.path)
        self.files = ImageFiles(connection, self.path)
        self.listing = ImageListing(connection, self.path)
        self._images = ImageTable(
            connection, folder, meaning=lambda: self.class_list.meaning, tags=self.tags
        )
        self.effort = EffortTable(connection, self.path)
        self.doubts = DoubtTable(connection, self.path)
        self._journal = Journal(connection)
        self.packer = ThreadPoolExecutor(1, "packer")
        """Packs the tiles of a stroke while it is painted; see `PatchBuilder`."""
        self._class_list: ClassList | None = None

    @classmethod
    def create(cls, folder: Path, classes: Sequence[str] = ("background", "object")) -> Self:
        """Makes the folder and an empty project in it.

        Raises:
            UserError: there is a project already, or the folder cannot be written.
        """
        made = make_classes(classes)
        folder = folder.absolute()
        if (folder / database.FILE_NAME).exists():
            raise UserError(
                "there is a project already", path=folder, remedy="Open it, or choose another name."
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, doing="making the project folder", path=folder) from error
        sweep(folder)  # of a try that was cut short
        with database.made_beside(folder / database.FILE_NAME) as connection:
            project = cls(folder, connection)
            project.set_classes(made)
            project.close()
        try:
            return cls.open(folder)
        except UserError:
            database.discard(folder / database.FILE_NAME)  # or the next try finds a project there
            raise

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Opens a project by its folder, or by its `project.sqlite`.

        Raises:
            UserError: there is none, or it cannot be used.
        """
        folder = folder.absolute()
        if folder.name == database.FILE_NAME:
            folder = folder.parent
        return cls(folder, database.connect(folder / database.FILE_NAME, create=False))

    def check_writable(self) -> None:
        """Asks before anything is painted what the first stroke would be told.

        Raises:
            UserError: it is read-only, or another program is writing it.
        """
        with self._transaction():
            pass

    @contextmanager
    def together(self, *, patience: float = 0.0) -> Iterator[None]:
        """What is stored inside about images, models and settings is stored whole or not at all.

        Errors must leave the block. Not for edits of the classes, which are remembered here too.

        Args:
            patience: as for `database.transaction`.

        Raises:
            UserError: it could not be stored; the project is as it was before.
        """
        with self._transaction(patience):
            yield

    def close(self) -> None:
        self.packer.shutdown()
        self._db.close()

    # ------------------------------------------------------------------ classes and settings

    @property
    def class_list(self) -> ClassList:
        """The classes, those that are no more among them, and what stored values mean."""
        if self._class_list is None:
            try:
                self._class_list = read_classes(self._db)
            except sqlite3.Error as error:
                raise database.database_error(error, self.path) from error
        return self._class_list

    @property
    def classes(self) -> tuple[PixelClass, ...]:
        """In the order of the list."""
        return self.class_list.live

    def set_classes(self, classes: Iterable[PixelClass]) -> None:
        """The list of a project that has no history yet."""
        made = ClassList(tuple(classes)).with_accepted_values()
        with self._transaction():
            write_classes(self._db, made)
        self._class_list = made

    def edit_classes(self, after: ClassList, *, name: str) -> None:
        """Changes the list of classes as one step of every image's history.

        Raises:
            UserError: it could not be stored; the list is as it was before.
        """
        before, after = self.class_list, after.with_accepted_values()
        with self._transaction():
            self._journal.forget_undone(None)
            self._journal.add(None, name, pack_edit(before, after))
            self._journal.prune()
            write_classes(self._db, after)
            self._images.all_read_anew()
        self._class_list = after

    def class_cost(self, index: int) -> tuple[int, int]:
        """How many pixels in how many images read as a class."""
        meaning = self.class_list.meaning
        found = [
            (image_id, pixels)
            for image_id, value, pixels in self._rows(
                "SELECT image_id, class_id, pixels FROM pixel_count WHERE pixels > 0"
            )
            if meaning[value] == index
        ]
        return sum(pixels for _, pixels in found), len({image_id for image_id, _ in found})

    def setting(self, key: str, default: str = "") -> str:
        rows = self._rows("SELECT value FROM setting WHERE key = ?", key)
        return str(rows[0][0]) if rows else default

    def set_setting(self, key: str, value: str) -> None:
        with self._transaction():
            self._db.execute("REPLACE INTO setting VALUES (?, ?)", (key, value))

    # ------------------------------------------------------------------ images

    def add_images(self, facts: Iterable[ImageFacts]) -> list[int]:
        """Adds images by what `probe` found; see `ImageTable.add`."""
        with self._transaction():
            return self._images.add(facts)

    def images(self) -> list[ImageRecord]:
        """All images, in the order they were added."""
        return self._asked(self._images.all)

    def image(self, image_id: int) -> ImageRecord:
        return self._asked(lambda: self._images.get(image_id))

    def neighbours(self, image_id: int) -> list[ImageRecord]:
        """The next image of the list and the one before, where there are."""
        ids = self._asked(lambda: self._images.beside(image_id))
        return [self.image(number) for number in ids]

    def find_image(self, sha256: str) -> ImageRecord:
        """The image with this content.

        Raises:
            UserError: the project has none.
        """
        found = self._asked(lambda: self._images.with_content(sha256))
        if found is None:
            raise UserError("an image is not in this project any more", remedy="Add it again.")
        return self.image(found)

    def note_looks(self, looks: Mapping[int, int]) -> None:
        """Keeps how images look, by `image_hash.difference_hash`: near-duplicates share a role.

        It counts for images whose first pixel is decided afterwards.
        """
        with self._transaction():
            self._images.note_looks(looks)

    def wants_look(self, image_id: int) -> bool:
        """Whether it is not known how an image looks, and its role is still to be given."""
        rows = self._rows(
            "SELECT 1 FROM image WHERE id = ? AND look IS NULL AND held_out IS NULL", image_id
        )
        return bool(rows)

    def set_status(self, image_id: int, status: str) -> None:
        with self._transaction():
            self._images.set_status(image_id, status)

    def disapprove(self, image_id: int) -> None:
        """An image is no longer approved: in work, or new where nothing is decided on it."""
        with self._transaction():
            self._images.disapprove(image_id)

    def set_split(self, image_id: int, split: str) -> None:
        """Fixes which of `image_table.SPLITS` an image belongs to; empty: none is fixed."""
        with self._transaction():
            self._images.set_split(image_id, split)

    def looks(self) -> dict[int, int]:
        """How images look, by `image_hash.difference_hash`, as far as it is known."""
        return self._asked(self._images.looks)

    # ------------------------------------------------------------------ masks and the journal

    def packed_tiles(self, image_id: int) -> list[tuple[int, int, bytes]]:
        """(row, column, packed tile) of an image's mask, as stored: what the engine is sent."""
        return self._rows(
            "SELECT tile_row, tile_column, data FROM tile WHERE image_id = ?"
            " ORDER BY tile_row, tile_column",
            image_id,
        )

    def load_mask(self, image_id: int, *, dense: bool = False) -> Mask:
        """The image's mask; it remembers whose it is.

        Args:
            dense: its values mean those of `ClassList.dense_classes`, and what is not to be learnt
                from is undecided (`accepted_borders`): for a network, not to be painted on.

        Raises:
            UserError: a stored tile is damaged.
        """
        record, classes = self.image(image_id), self.class_list
        mask = Mask(record.height, record.width)
        if not dense:
            mask.image_id = image_id
        mask.meaning = classes.dense if dense else classes.meaning
        for row, column, data in self.packed_tiles(image_id):
            try:
                mask.put_tile(row, column, unpack_tile(data))
            except (TypeError, ValueError) as error:
                raise UserError(
                    f"the mask of {record.name} is damaged ({error})",
                    path=self.path,
                    remedy="Keep the project as it is and restore a copy of it.",
                ) from error
        return without_accepted_borders(mask, classes.accepted_values) if dense else mask

    def commit(self, patch: Patch, mask: Mask, *, name: str) -> None:
        """Stores one gesture: as `commit_all`."""
        self.commit_all([(patch, name)], mask)

    def commit_all(self, gestures: Sequence[tuple[Patch, str]], mask: Mask) -> None:
        """Stores gestures with their names, and the mask's tiles as they are after the last one.

        All or none: tiles and journal never disagree. What had been undone on this image can no
        longer be redone.

        Raises:
            UserError: they could not be stored; the project is as it was before.
        """
        image_id = _owner(mask)
        gestures = [(patch.with_forms(), name) for patch, name in gestures]
        with self._transaction():
            self._journal.forget_undone(image_id)
            for patch, name in gestures:
                self._journal.add(image_id, name, patch.to_bytes())
                self._store_tiles(image_id, patch, mask, alone=len(gestures) == 1)
                self._images.count(image_id, patch.count_change())
            self._journal.prune()
            self._images.mark_worked_on(image_id)
            self.effort.note(image_id, gestures, time.time(), self.class_list.accepted)

    def undo(self, mask: Mask) -> Step | None:
        """Takes the last step back, in the mask and in the store: a gesture or the classes'."""
        return self._travel(mask, back=True)

    def redo(self, mask: Mask) -> Step | None:
        """Does the last undone step again."""
        return self._travel(mask, back=False)

    def undo_name(self, image_id: int) -> str | None:
        """The name of the step that `undo` would take back."""
        return self._asked(lambda: self._name_of_next(image_id, back=True))

    def redo_name(self, image_id: int) -> str | None:
        return self._asked(lambda: self._name_of_next(image_id, back=False))

    def last_step(self, image_id: int) -> int | None:
        """The number of the step that `undo` would take back."""
        found = self._asked(lambda: self._next(image_id, back=True))
        return None if found is None else found[0]

    def history(self, image_id: int) -> list[HistoryEntry]:
        """The steps that `undo` and `redo` go through, oldest first."""
        return self._asked(lambda: self._journal.history(image_id))

    def note_mirrored(self, done: Iterable[Mirrored]) -> None:
        """Masks are in the mirror; what has changed since they were read is still to come."""
        with self._transaction():
            for mirrored in done:
                self._images.note_mirrored(mirrored.image_id, mirrored.stale, mirrored.name)

    def recount(self, image_id: int) -> None:
        """Counts an image's decided pixels anew.

        Raises:
            UserError: a stored tile is damaged, or it could not be stored.
        """
        mask = self.load_mask(image_id)
        mask.meaning = np.arange(256, dtype=np.uint8)  # as they are stored
        with self._transaction():
            self._images.recount(image_id, mask.counts())

    def mirror_again(self, image_id: int) -> None:
        """The next round of the mirror writes this image's mask."""
        with self._transaction():
            self._images.set_stale(image_id)

    def limit_history(self, max_bytes: int) -> None:
        """From the next gesture on the history takes at most so much; the oldest steps go."""
        self._journal.max_bytes = max_bytes

    def leave_log(self) -> None:
        """From now on somebody else empties the write-ahead log: see `checkpoint.sync_log`."""
        self._asked(lambda: self._db.execute(f"PRAGMA wal_autocheckpoint = {LONGEST_LOG}"))
        self._asked(lambda: self._db.execute(f"PRAGMA journal_size_limit = {LONG_LOG}"))

    # ------------------------------------------------------------------ inside

    def _travel(self, mask: Mask, *, back: bool) -> Step | None:
        image_id = _owner(mask)
        found = self._asked(lambda: self._next(image_id, back=back))
        if found is None:
            return None
        number, name, of_image, data = found
        try:
            if of_image is None:
                self._travel_classes(number, data, back=back)
                mask.meaning = self.class_list.meaning
                return Step(number, name, None)
            patch = Patch.from_bytes(data, mask.shape)
        except (TypeError, ValueError) as error:
            raise UserError(
                f"this step of the history is damaged ({error})",
                path=self.path,
                remedy="The mask is as you see it; go on painting.",
            ) from error
        step, unstep = (patch.revert, patch.apply) if back else (patch.apply, patch.revert)
        step(mask)
        try:
            with self._transaction():
                self._journal.mark(number, undone=back)
                self._store_tiles(image_id, patch, mask)
                self._images.count(image_id, patch.count_change() * (-1 if back else 1))
                self._images.mark_worked_on(image_id)
        except UserError:
            unstep(mask)
            raise
        return Step(number, name, patch)

    def _travel_classes(self, number: int, data: bytes, *, back: bool) -> None:
        before, after = unpack_edit(data)
        wanted = (
            (before if back else after).retiring_unknown(self.class_list).with_accepted_values()
        )
        with self._transaction():
            self._journal.mark(number, undone=back)
            write_classes(self._db, wanted)
            self._images.all_read_anew()
        self._class_list = wanted

    def _next(self, image_id: int, *, back: bool) -> tuple[int, str, int | None, bytes] | None:
        """(number, name, image, data) of the step that undo (back) or redo would do.

        "Add a class" stays where other images are painted with it: the image's own steps are
        taken back without.
        """
        found = self._journal.next(image_id, back=back)
        if back and found is not None and found[2] is None and self._would_lose(found[3]):
            return self._journal.last_own(image_id)
        return found

    def _name_of_next(self, image_id: int, *, back: bool) -> str | None:
        """Without reading what a gesture painted."""
        found = self._journal.next_name(image_id, back=back)
        if found is None or not found[1]:
            return None if found is None else found[0]
        step = self._next(image_id, back=back)
        return None if step is None else step[1]

    def _would_lose(self, data: bytes) -> bool:
        """Whether a class that something is painted with would go with this edit."""
        try:
            before, _ = unpack_edit(data)
        except (TypeError, ValueError):
            return False  # said where it is taken back
        left = {cls.index for cls in before.live}
        gone = [cls.index for cls in self.class_list.live if cls.index not in left]
        return any(self.class_cost(index)[0] for index in gone)

    def _asked(self, question: Callable[[], _Answer]) -> _Answer:
        try:
            return question()
        except sqlite3.Error as error:
            raise database.database_error(error, self.path) from error

    def _store_tiles(self, image_id: int, patch: Patch, mask: Mask, *, alone: bool = False) -> None:
        """Stores the tiles that a patch touches, as they are now.

        Args:
            alone: nothing was painted after the patch, so what it knows of its tiles holds.
        """
        self._db.executemany(
            "REPLACE INTO tile VALUES (?, ?, ?, ?)",
            (
                (image_id, *cell, (patch.packed_tile(cell) if alone else None) or pack_tile(tile))
                for cell in patch.tiles
                if (tile := mask.tile(*cell)) is not None
            ),
        )

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise database.database_error(error, self.path) from error

    @contextmanager
    def _transaction(self, patience: float = 0.0) -> Iterator[None]:
        try:
            with database.transaction(self._db, self.path, patience=patience):
                yield
        except BaseException:
            self._journal.recount()
            raise


def _owner(mask: Mask) -> int:
    if mask.image_id is None:
        raise ValueError("this mask belongs to no image of a project")
    return mask.image_id
