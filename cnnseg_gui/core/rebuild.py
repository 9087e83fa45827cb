"""A project made again from its mirror, where its database is damaged or gone.

What comes back: images with their roles, status and tags, classes with all that they were, masks to
the pixel as they were last mirrored, revisions. What does not: the steps of the undo history.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from cnnseg_gui.core import database
from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.class_table import write_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord, absolute_path
from cnnseg_gui.core.mask import UNLABELLED, Pixels, TileGrid, pack_tile
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.mirror import (
    FOLDER,
    MaskNote,
    MirroredImage,
    MirroredProject,
    folded,
    mirror_name,
    read_images,
    read_note,
    read_project,
)
from cnnseg_gui.core.ordinary_file import read_ordinary
from cnnseg_gui.core.revisions import CARD, WEIGHTS

_Key = tuple[str, int]
Progress = Callable[[int, int], None]
"""Masks restored so far, and of how many."""


@dataclass(frozen=True)
class Survey:
    """What the mirror of a project holds."""

    folder: Path
    classes: ClassList
    settings: Mapping[str, str]
    images: tuple[MirroredImage, ...]
    masks: Mapping[_Key, Path]
    """The masks' files by their images' (path, page)."""
    revisions: tuple[str, ...]
    """The names of the models' folders."""
    project: MirroredProject | None
    unclear: tuple[Path, ...]
    """Masks' files that say not whose they are, and whose name does not either."""


@dataclass(frozen=True)
class Rebuilt:
    """What was made again, and what was not."""

    images: int
    masks: int
    tags: int
    revisions: int
    aside: Path | None
    """What the damaged file is called now."""
    problems: tuple[UserError, ...]


def survey(folder: Path) -> Survey:
    """Looks at a project's mirror: which images and masks it knows of.

    Raises:
        UserError: it holds nothing that a project could be made of.
    """
    folder = folder.absolute()
    project, images = read_project(folder), {}
    for image in read_images(folder):
        images[image.path, image.page] = image
    noted = list(_noted(folder))
    for _, note in noted:  # of one that changed later than the list was written
        if note is not None:
            images[note.image.path, note.image.page] = note.image
    masks, unclear = _masks_of(folder, images, noted)
    newest = next((note for _, note in reversed(noted) if note is not None), None)
    classes = project.classes if project is not None else newest.classes if newest else None
    if classes is None:
        raise UserError(
            "the folder masks/ does not say what project it belongs to",
            path=folder / FOLDER,
            remedy="Its masks can be imported into a new project: cnnseg new --masks.",
        )
    return Survey(
        folder=folder,
        classes=classes,
        settings=project.settings if project is not None else {},
        images=tuple(images.values()),
        masks=masks,
        revisions=tuple(sorted(_models(folder))),
        project=project,
        unclear=tuple(unclear),
    )


def rebuild(
    found: Survey, *, when: datetime, on_progress: Progress = lambda done, of: None
) -> Rebuilt:
    """Makes the project's database again; the damaged one is set aside once the new one is whole.

    Raises:
        UserError: it could not be written; all is as it was.
    """
    path = found.folder / database.FILE_NAME
    problems: list[UserError] = []
    with database.made_beside(path) as connection:
        with database.transaction(connection, path):
            write_classes(connection, found.classes.with_accepted_values())
            connection.executemany(
                "INSERT OR IGNORE INTO setting VALUES (?, ?)", list(found.settings.items())
            )
            tags = _insert_images(connection, found, when)
            models = _insert_models(connection, found, problems)
        restored = 0
        for done, (key, file) in enumerate(found.masks.items()):
            on_progress(done, len(found.masks))
            try:
                pixels = read_mask(file)
                with database.transaction(connection, path):
                    _insert_mask(connection, key, pixels, file)
                restored += 1
            except UserError as error:
                problems.append(error)
        on_progress(len(found.masks), len(found.masks))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        aside = database.set_aside(path, when)
    problems += [
        UserError("this mask does not say whose it is", path=file, remedy="It stays where it is.")
        for file in found.unclear
    ]
    return Rebuilt(len(found.images), restored, tags, models, aside, tuple(problems))


# ---------------------------------------------------------------------- what is there


def _noted(folder: Path) -> Iterator[tuple[Path, MaskNote | None]]:
    """The masks' files with their notes, the one written last last."""
    try:
        files = [path for path in (folder / FOLDER).glob("[!.]*.png") if path.is_file()]
        files.sort(key=lambda path: path.stat().st_mtime_ns)
    except OSError:
        return
    for path in files:
        try:
            yield path, read_note(path)
        except UserError:
            yield path, None


def _masks_of(
    folder: Path, images: dict[_Key, MirroredImage], noted: list[tuple[Path, MaskNote | None]]
) -> tuple[dict[_Key, Path], list[Path]]:
    """Whose each mask is: by its note, else by its name where that fits one image alone."""
    masks: dict[_Key, Path] = {}
    unclear = []
    records = {
        key: ImageRecord(n, absolute_path(key[0], folder), "", 1, 1, "", False, {})
        for n, key in enumerate(images, start=1)
    }
    for path, note in noted:
        if note is not None:
            masks[note.image.path, note.image.page] = path
    for path, note in noted:
        if note is not None:
            continue
        fits = [
            key
            for key, record in records.items()
            if folded(record.path.stem) == folded(path.stem) and key not in masks
        ]
        if len(fits) == 1 and mirror_name(records[fits[0]], [records[fits[0]]]) == path.name:
            masks[fits[0]] = path
        else:
            unclear.append(path)
    return masks, unclear


def _models(folder: Path) -> Iterator[str]:
    for path in (folder / "models").glob("[rt][0-9][0-9][0-9]*"):
        if path.name[1:].isdecimal() and (path / WEIGHTS).is_file() and (path / CARD).is_file():
            yield path.name


# ---------------------------------------------------------------------- what is made


def _insert_images(connection: sqlite3.Connection, found: Survey, when: datetime) -> int:
    tags = 0
    for image in found.images:
        connection.execute(
            "INSERT INTO image (path, page, sha256, height, width, status, held_out)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                image.path,
                image.page,
                image.sha256,
                image.height,
                image.width,
                image.status,
                None if image.held_out is None else int(image.held_out),
            ),
        )
        for tag in image.tags:
            connection.execute(
                "INSERT OR IGNORE INTO tag"
                " VALUES ((SELECT id FROM image WHERE path = ? AND page = ?), ?, '', ?)",
                (image.path, image.page, tag, when.timestamp()),
            )
            tags += 1
    return tags


def _insert_mask(connection: sqlite3.Connection, key: _Key, pixels: Pixels, file: Path) -> None:
    number, height, width = connection.execute(
        "SELECT id, height, width FROM image WHERE path = ? AND page = ?", key
    ).fetchone()
    if pixels.shape != (height, width):
        raise UserError(
            f"this mask measures {pixels.shape[1]} × {pixels.shape[0]} pixels and its image "
            f"{width} × {height}",
            path=file,
            remedy="It is left out, and stays where it is.",
        )
    for (row, column), tile in TileGrid.from_array(pixels).tiles():
        connection.execute(
            "INSERT INTO tile VALUES (?, ?, ?, ?)", (number, row, column, pack_tile(tile))
        )
    counts = np.bincount(pixels.ravel(), minlength=256)
    counts[UNLABELLED] = 0
    connection.executemany(
        "INSERT INTO pixel_count VALUES (?, ?, ?)",
        [(number, int(value), int(counts[value])) for value in np.flatnonzero(counts)],
    )
    connection.execute("UPDATE image SET mirror = ? WHERE id = ?", (file.name, number))


def _insert_models(connection: sqlite3.Connection, found: Survey, problems: list[UserError]) -> int:
    said = (
        {revision.name: revision for revision in found.project.revisions} if found.project else {}
    )
    count = 0
    for turn, name in enumerate(found.revisions, start=1):
        folder = found.folder / "models" / name
        try:
            card = read_ordinary(folder / CARD).decode()
            sha256 = hashlib.sha256(read_ordinary(folder / WEIGHTS)).hexdigest()
            created = (folder / CARD).stat().st_mtime
        except (OSError, UnicodeError, UserError) as error:
            problems.append(
                UserError(f"this model cannot be read ({error})", path=folder, remedy="Leave it.")
            )
            continue
        if name[0] == "r":
            known = said.get(name)
            connection.execute(
                "INSERT INTO revision (name, sha256, created, card, promoted, title)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    name,
                    sha256,
                    created,
                    card,
                    known.promoted if known is not None else turn,
                    known.title if known is not None else "",
                ),
            )
        else:
            connection.execute(
                "INSERT INTO classifier (name, sha256, created, card) VALUES (?, ?, ?, ?)",
                (name, sha256, created, card),
            )
        count += 1
    return count
