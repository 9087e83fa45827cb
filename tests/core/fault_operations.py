"""What is tried with a fault at each of its changes, and the state of a project after it."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cnnseg_gui.core import database, mirror, model_folders
from cnnseg_gui.core.atomic import sweep, write_atomically
from cnnseg_gui.core.image_table import APPROVED, probe
from cnnseg_gui.core.mask import Mask, pack_tile
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.project import Project

_SHAPE = (280, 300)
_WEIGHTS, _CARD = bytes(range(256)) * 400, b'{"network": "unet"}'

Attempt = Callable[[Callable[[], object]], object]
"""Does what it is given, perhaps twice."""


@dataclass(frozen=True)
class Operation:
    """What is done with a project that is opened before and closed after.

    Args:
        act: gets the project and gives what is to be attempted.
        hot: the project was left by a killed program: its write-ahead log is to be recovered.
        version: the database is of this older version of the schema; 0: of the newest.
        makes: the project itself is made.
    """

    act: Callable[[Project], Callable[[], object]] = lambda project: lambda: None
    hot: bool = False
    version: int = 0
    makes: bool = False

    def perform(self, folder: Path, attempt: Attempt) -> None:
        def open_() -> Project:
            return Project.create(folder, ("a", "b")) if self.makes else Project.open(folder)

        project = attempt(open_)
        assert isinstance(project, Project)
        try:
            attempt(self.act(project))
        finally:
            project.close()

    def sweep(self, folder: Path) -> None:
        """What the window does when it opens a project."""
        if folder.exists():
            sweep(folder)
            mirror.sweep_leftovers(folder)
            model_folders.sweep_leftovers(folder)


def _stroke(project: Project) -> Callable[[], object]:
    mask = project.load_mask(1)
    patch = painted(mask, 200, 2)
    return lambda: project.commit(patch, mask, name="Brush stroke")


def _travel(*, back: bool) -> Callable[[Project], Callable[[], object]]:
    def act(project: Project) -> Callable[[], object]:
        mask = project.load_mask(1 if back else 2)
        return lambda: (project.undo if back else project.redo)(mask)

    return act


def _mirrored(project: Project) -> Callable[[], object]:
    mask = project.load_mask(1).to_array()
    mask[5:100, 5:100] = 2
    return lambda: mirror.write(project.folder, project.images(), 1, mask, project.classes)


def _images(project: Project) -> Callable[[], object]:
    facts = [probe(_image(project.folder, number)) for number in (2, 3)]
    return lambda: project.add_images(facts)


def _saved(project: Project) -> Callable[[], object]:
    return lambda: write_atomically(project.folder / "masks" / "table.json", b"new" * 50_000)


OPERATIONS = {
    "stroke": Operation(_stroke),
    "stroke after a kill": Operation(_stroke, hot=True),
    "undo": Operation(_travel(back=True)),
    "redo": Operation(_travel(back=False)),
    "class edit": Operation(
        lambda project: (
            lambda: project.edit_classes(project.class_list.with_added("new"), name="Add")
        )
    ),
    "undo of a class edit": Operation(_travel(back=True), hot=True),
    "images": Operation(_images),
    "setting": Operation(lambda project: lambda: project.set_setting("last_image", "2")),
    "approval": Operation(lambda project: lambda: project.set_status(1, APPROVED)),
    "tag": Operation(lambda project: lambda: project.tags.add(1, "good")),
    "revision": Operation(lambda project: lambda: project.revisions.add(_WEIGHTS, _CARD)),
    "classifier": Operation(lambda project: lambda: project.classifiers.add(_WEIGHTS, _CARD)),
    "mirror": Operation(_mirrored),
    "file": Operation(_saved),
    "migration": Operation(version=1),
    "creation": Operation(makes=True),
}


def make_base(folder: Path, operation: Operation) -> Path:
    """The project before the operation, with strokes, steps undone, a revision and a mirror."""
    project_folder = folder / "project"
    for number in range(4):
        path = _image(project_folder, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*_SHAPE, 3), 50 * number, np.uint8)).save(path)
    if operation.makes:
        return project_folder
    if operation.version:
        _make_old(project_folder, operation.version)
        return project_folder
    project = Project.create(project_folder, ("background", "cell", "debris"))
    project.add_images([probe(_image(project_folder, number)) for number in (0, 1)])
    for image in (1, 2):
        mask = project.load_mask(image)
        for turn in range(3):
            project.commit(painted(mask, 40 * turn, turn), mask, name="Brush stroke")
        mirror.write(project_folder, project.images(), image, mask.to_array(), project.classes)
    project.undo(project.load_mask(2))
    (project_folder / "masks" / "table.json").write_bytes(b"old")
    project.revisions.add(_WEIGHTS[::-1], _CARD)
    if operation.hot:
        project.edit_classes(project.class_list.without(2, reads_as=1), name="Merge")
        hot = folder / "hot"
        shutil.copytree(project_folder, hot)
        project.close()
        shutil.rmtree(project_folder)
        hot.rename(project_folder)
        assert (project_folder / f"{database.FILE_NAME}-wal").stat().st_size
    else:
        project.close()
    return project_folder


def _make_old(folder: Path, version: int) -> None:
    """A project as an older program has left it."""
    mask = Mask(*_SHAPE)
    patch = painted(mask, 50, 1)
    connection = sqlite3.connect(folder / database.FILE_NAME, isolation_level=None)
    for migration in database._MIGRATIONS[:version]:
        connection.executescript(migration)
    connection.execute(f"PRAGMA application_id = {database._APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute(
        "INSERT INTO image (path, sha256, height, width) VALUES ('images/0.png', 'ab', ?, ?)",
        _SHAPE,
    )
    connection.execute("INSERT INTO class VALUES (0, 'a', 1, 2, 3), (1, 'b', 4, 5, 6)")
    for row, column in patch.tiles:
        tile = mask.tile(row, column)
        assert tile is not None
        connection.execute("INSERT INTO tile VALUES (1, ?, ?, ?)", (row, column, pack_tile(tile)))
    pixels = int((mask.to_array() == 1).sum())
    connection.execute("INSERT INTO pixel_count VALUES (1, 1, ?)", (pixels,))
    connection.execute(
        "INSERT INTO journal (image_id, name, patch, created) VALUES (1, 'Brush stroke', ?, 1.0)",
        (patch.to_bytes(),),
    )
    connection.close()


def state(folder: Path) -> object:
    """All that a project holds, apart from times; None where there is no project yet.

    Looks at a copy: opening changes files.
    """
    if not (folder / database.FILE_NAME).exists():
        return None
    copy = folder.with_name(f"{folder.name} looked at")
    shutil.copytree(folder, copy)
    try:
        project = Project.open(copy)
        try:
            return contents(project)
        finally:
            project.close()
    finally:
        shutil.rmtree(copy)


def contents(project: Project) -> object:
    images: list[tuple[object, ...]] = []
    for record in project.images():
        mask = project.load_mask(record.id)
        stored = mask.read_stored(mask.bounds).tobytes()
        steps = [(e.id, e.name, e.undone, e.of_classes) for e in project.history(record.id)]
        images.append((record.id, record.name, record.status, record.decided, record.tags, steps))
        images.append((hashlib.sha256(stored).hexdigest(), mask.meaning.tolist()))
    models = []
    for stored_model in (*project.revisions.all(), *project.classifiers.all()):
        weights = (stored_model.folder / "model.safetensors").read_bytes()
        card = (stored_model.folder / "card.json").read_text()
        sound = hashlib.sha256(weights).hexdigest() == stored_model.sha256
        models.append((stored_model.name, sound, card == stored_model.card))
    mirrors = [
        (path.name, hashlib.sha256(read_mask(path).tobytes()).hexdigest())
        for path in sorted((project.folder / "masks").glob("[!.]*.png"))
    ]
    table = project.folder / "masks" / "table.json"
    return (
        images,
        (project.class_list.live, sorted(map(repr, project.class_list.retired))),
        models,
        mirrors,
        hashlib.sha256(table.read_bytes()).hexdigest() if table.exists() else "",
        project.setting("last_image"),
    )


def left_behind(folder: Path, base: Path) -> list[str]:
    """Files and folders that only a fault leaves, once the project is swept."""
    if not folder.exists():
        return []
    known = {path.relative_to(base) for path in base.rglob("*")} if base.exists() else set()
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name.startswith(".") and path.relative_to(folder) not in known
    ]


def painted(mask: Mask, top: int, value: int) -> Patch:
    builder = PatchBuilder(mask)
    builder.paint(top, 10, np.ones((70, 280), np.bool_), value)
    patch = builder.finish()
    assert patch is not None
    return patch


def _image(project_folder: Path, number: int) -> Path:
    return project_folder / "images" / f"{number}.png"
