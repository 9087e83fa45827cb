"""Reads what there is to learn from in a worker, as it is once it has been read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject

from cnnseg_gui.core import database
from cnnseg_gui.core.attached import Checks
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.training_set import is_learnt_from, packed_image, to_learn_from
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.packing import PackedImage


@dataclass(frozen=True)
class Gathered:
    """The images to learn from, and to check on, by their numbers."""

    records: dict[int, ImageRecord]
    masks: dict[int, PackedImage]
    refused: dict[int, UserError]
    """Why others cannot be used: their files are not what was painted on."""


class Gathering(QObject):
    """One reading at a time.

    A worker reads image by image, over a connection of its own, while the hand goes on. In the end
    the few images that have changed meanwhile are read again, so that all are of one moment: what
    is asked of the engine then is newer than every gesture that it was told of.
    """

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._checks = Checks()
        self._asked = 0
        self._changed: set[int] = set()
        self._all_changed = False
        workspace.image_changed.connect(self._note)
        workspace.classes_changed.connect(self._note_all)
        workspace.images_changed.connect(self._note_all)

    def begin(
        self,
        project: Project,
        *,
        done: Callable[[Gathered], None],
        failed: Callable[[UserError], None],
    ) -> None:
        """Reads the open project; then `done` or `failed`.

        Neither is called once it is closed, or something else is begun.
        """
        self._asked += 1
        asked, path, checks = self._asked, project.path, self._checks
        self._changed, self._all_changed = set(), False

        def is_asked() -> bool:
            return asked == self._asked and project is self._workspace.project

        def renew(read: tuple[Gathered, int]) -> None:
            if not is_asked():
                return
            try:
                current = self._renewed(project, *read)
            except UserError as error:
                failed(error)
                return
            if current is None:
                self.begin(project, done=done, failed=failed)
            else:
                done(current)

        in_background(
            lambda: _read(path, checks),
            parent=self,
            done=renew,
            failed=lambda error: failed(error) if is_asked() else None,
        )

    # ------------------------------------------------------------------ inside

    def _note(self, image_id: int) -> None:
        self._changed.add(image_id)

    def _note_all(self) -> None:
        self._all_changed = True

    def _renewed(self, project: Project, found: Gathered, last_step: int) -> Gathered | None:
        """With the images as they are now; None where so much has changed that all are read anew.

        What was undone is known by the workspace's signals, new steps by the history.
        """
        steps = _changed_since(project.path, last_step)
        if self._all_changed or None in steps:
            return None
        records, masks = dict(found.records), dict(found.masks)
        for number in sorted({*self._changed, *(step for step in steps if step is not None)}):
            records.pop(number, None)
            masks.pop(number, None)
            try:
                record = project.image(number)
            except KeyError:
                continue
            if is_learnt_from(record) and number not in found.refused:
                records[number], masks[number] = record, packed_image(project, record)
        return Gathered(dict(sorted(records.items())), dict(sorted(masks.items())), found.refused)


def _read(path: Path, checks: Checks) -> tuple[Gathered, int]:
    """A worker's job; with the last step of the history when the masks were begun to be read."""
    with database.reading(path) as connection:
        project = Project(path.parent, connection)
        refused = checks.refused(
            (record.id, record.path, record.sha256) for record in to_learn_from(project)
        )
        last_step = _last_step(connection, path)  # before the masks: what follows is read again
        records = {
            record.id: record for record in to_learn_from(project) if record.id not in refused
        }
        masks = {number: packed_image(project, record) for number, record in records.items()}
    return Gathered(records, masks, refused), last_step


def _last_step(connection: sqlite3.Connection, path: Path) -> int:
    try:
        (last,) = connection.execute("SELECT IFNULL(MAX(id), 0) FROM journal").fetchone()
    except sqlite3.Error as error:
        raise database.database_error(error, path) from error
    return int(last)


def _changed_since(path: Path, step: int) -> set[int | None]:
    """The images with later steps in the history; None: the classes."""
    with database.reading(path) as connection:
        try:
            rows = connection.execute("SELECT image_id FROM journal WHERE id > ?", (step,))
            return {image_id for (image_id,) in rows}
        except sqlite3.Error as error:
            raise database.database_error(error, path) from error
