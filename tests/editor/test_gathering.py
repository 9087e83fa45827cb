"""What is learnt from is read in a worker, and is in the end what the project holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject, QThreadPool
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.editor.gathering import Gathered, Gathering
from cnnseg_gui.editor.inbox import Inbox
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.training_set import packed_image, to_learn_from
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.packing import PackedImage


class Listening(EngineClient):
    """The real client, of an engine that was never started, and the masks it was asked with."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)  # type: ignore[arg-type, return-value]
        self.asked: list[list[PackedImage]] = []

    def train(self, *, images: list[PackedImage], **_: object) -> int:  # type: ignore[override]
        self.asked.append(images)
        return 1

    def look_for_slips(self, *, images: list[PackedImage], **_: object) -> int:  # type: ignore[override]
        self.asked.append(images)
        return 1


@dataclass
class Room:
    """A project of five images, of which the first three are painted on."""

    workspace: Workspace
    qtbot: QtBot

    @property
    def project(self) -> Project:
        assert self.workspace.project is not None
        return self.workspace.project

    def stroke(self, number: int, cls: int, side: int = 9) -> None:
        self.show(number)
        assert self.workspace.document is not None
        whole = Coverage(0, 0, np.ones((side, side), np.bool_))
        self.workspace.document.fill("stroke", [(whole, cls)])

    def show(self, number: int) -> None:
        self.workspace.open_image(number)
        self.qtbot.waitUntil(
            lambda: (
                self.workspace.document is not None and self.workspace.document.record.id == number
            )
        )

    def gather(self, meanwhile: Callable[[], None] = lambda: None) -> Gathered:
        """What is found where something happens once the worker has read everything."""
        gathering, found = Gathering(self.workspace, self.workspace), list[Gathered]()
        gathering.begin(self.project, done=found.append, failed=pytest.fail)
        assert QThreadPool.globalInstance().waitForDone(5000)
        meanwhile()
        self.qtbot.waitUntil(lambda: bool(found))
        return found[0]

    def expected(self) -> list[PackedImage]:
        project = self.project
        return [packed_image(project, record) for record in to_learn_from(project)]


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path) -> Iterator[Room]:
    random, owner = np.random.default_rng(0), QObject()
    for number in range(5):
        pixels = random.integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    workspace = Workspace(owner)
    workspace.create_project(tmp_path / "project", ["background", "cell", "debris"])
    made = Room(workspace, qtbot)
    made.project.add_images([probe(tmp_path / f"{n}.png") for n in range(5)])
    for number in (1, 2, 3):
        made.stroke(number, 1)
    yield made
    workspace.close_project()


def test_all_masks_are_read_as_they_are_stored(room: Room) -> None:
    (room.project.image(2)).path.unlink()
    found = room.gather()
    assert list(found.refused) == [2]
    assert list(found.masks.values()) == [room.expected()[n] for n in (0, 2)]
    assert list(found.records.values()) == [room.project.image(n) for n in (1, 3)]


def test_strokes_and_undos_made_meanwhile_are_in_it(room: Room) -> None:
    document, before = room.workspace.document, room.expected()
    assert document is not None

    def stroke() -> None:
        document.redo()
        document.fill("stroke", [(Coverage(0, 0, np.ones((3, 3), np.bool_)), 0)])

    found = room.gather(document.undo)
    assert list(found.masks.values()) == room.expected() == before[:2]
    found = room.gather(stroke)
    assert list(found.masks.values()) == room.expected()
    assert list(found.masks) == [1, 2, 3]
    assert found.masks[3].tiles != before[2].tiles


def test_what_a_batch_stores_meanwhile_is_in_it(room: Room) -> None:
    def store() -> None:
        mask = room.project.load_mask(4)
        builder = PatchBuilder(mask)
        builder.paint(0, 0, np.ones((4, 4), np.bool_), 1)
        patch = builder.finish()
        assert patch is not None
        room.project.commit(patch, mask, name="Accept above 90%")

    assert list(room.gather(store).masks.values()) == room.expected()
    assert len(room.expected()) == 4


def test_a_class_or_a_file_that_goes_meanwhile_is_not_learnt_from(
    room: Room, tmp_path: Path
) -> None:
    def delete() -> None:
        room.workspace.edit_classes(room.project.class_list.without(1), name="Delete")

    assert room.gather(delete).masks == {}
    room.workspace.undo()
    assert len(room.expected()) == 3
    path = tmp_path / "1.png"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(path)

    def adopt() -> None:
        room.workspace.change_files(lambda project: project.files.adopt(2, probe(path)))

    found = room.gather(adopt)
    assert found.refused == {}
    assert found.masks[2].image == room.project.image(2).content == probe(path).sha256


def test_nothing_comes_of_a_project_that_was_closed(room: Room, qtbot: QtBot) -> None:
    gathering, called = Gathering(room.workspace, room.workspace), list[object]()
    gathering.begin(room.project, done=called.append, failed=called.append)
    assert QThreadPool.globalInstance().waitForDone(5000)
    room.workspace.close_project()
    qtbot.wait(50)
    assert called == []


@pytest.mark.parametrize("who", ["a fine-tune", "the inbox"])
def test_the_windows_thread_reads_no_masks_but_those_that_have_changed(
    room: Room, qtbot: QtBot, who: str
) -> None:
    workspace, engine = room.workspace, Listening()
    choice = ModelChoice(workspace, workspace)
    asked: list[str] = []
    room.project._db.set_trace_callback(asked.append)
    if who == "a fine-tune":
        fine_tuning = FineTuning(workspace, choice, engine, workspace)
        fine_tuning.start(seconds=1)
    else:
        inbox = Inbox(workspace, choice, engine, workspace, locked=frozenset)
        inbox.look(seconds=1)
    assert QThreadPool.globalInstance().waitForDone(5000)
    assert workspace.document is not None
    workspace.document.fill("stroke", [(Coverage(0, 0, np.ones((3, 3), np.bool_)), 2)])
    qtbot.waitUntil(lambda: bool(engine.asked))
    room.project._db.set_trace_callback(None)
    assert engine.asked == [room.expected()], "the stroke, too"
    read = [statement for statement in asked if "FROM tile" in statement]
    assert len(read) == 1
    assert "image_id = 3" in read[0]
