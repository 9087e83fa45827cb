"""What the engine is told while somebody paints: the stored masks, their roles, their meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord, probe
from cnnseg_gui.core.raster import Coverage
from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.editor.live_sending import LiveSending
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, State
from cnnseg_gui.engine.packing import PackedImage


@dataclass(frozen=True)
class Told:
    """What an engine was told at once."""

    images: tuple[PackedImage, ...]
    values: bytes
    anew: bool


class Listening(EngineClient):
    """The real client, of an engine that was never started, and what it would have sent."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)  # type: ignore[arg-type, return-value]
        self.told: list[Told] = []

    @property
    def state(self) -> State:
        return State.READY

    def painted(
        self,
        images: Sequence[PackedImage],
        *,
        values: bytes,
        accepted: bytes = b"",
        anew: bool = False,
    ) -> None:
        self.told.append(Told(tuple(images), values, anew))


@dataclass
class Room:
    """A project of six images, and somebody who wants answers."""

    workspace: Workspace
    engine: Listening
    sending: LiveSending
    qtbot: QtBot

    def show(self, number: int) -> None:
        self.workspace.open_image(number)
        self.qtbot.waitUntil(
            lambda: (
                self.workspace.document is not None and self.workspace.document.record.id == number
            )
        )

    def stroke(self, cls: int) -> None:
        assert self.workspace.document is not None
        self.workspace.document.fill("stroke", [(Coverage(0, 0, np.ones((9, 9), np.bool_)), cls)])
        self.sending.send_now()


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path) -> Iterator[Room]:
    random, owner = np.random.default_rng(0), QObject()
    for number in range(6):
        pixels = random.integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    workspace = Workspace(owner)
    workspace.create_project(tmp_path / "project", ["background", "cell", "debris"])
    assert workspace.project is not None
    workspace.project.add_images([probe(tmp_path / f"{n}.png") for n in range(6)])
    engine = Listening()
    fine_tuning = FineTuning(workspace, ModelChoice(workspace, owner), engine, owner)
    sending = LiveSending(workspace, fine_tuning, engine, owner)
    sending.answers = True
    yield Room(workspace, engine, sending, qtbot)
    workspace.close_project()


def test_the_first_stroke_on_an_image_tells_the_role_that_it_gives(room: Room) -> None:
    told: dict[str, bool] = {}
    project = room.workspace.project
    assert project is not None
    for number in range(1, 7):
        room.show(number)
        room.stroke(1)
        told.update((image.image, image.held_out) for t in room.engine.told for image in t.images)
    assert told == {record.content: record.held_out for record in project.images()}
    assert any(told.values())


def test_other_classes_are_told_though_no_pixel_changed(room: Room) -> None:
    room.show(1)
    room.stroke(2)
    project = room.workspace.project
    assert project is not None
    room.engine.told.clear()
    room.workspace.edit_classes(project.class_list.without(2), name="Delete")
    room.sending.send_now()
    (told,) = room.engine.told
    assert told.images == ()
    assert told.values == project.class_list.dense.tobytes()
    room.sending.send_now()
    assert len(room.engine.told) == 1


def test_a_project_without_strokes_ends_the_one_before(room: Room, tmp_path: Path) -> None:
    room.show(1)
    room.stroke(1)
    room.engine.told.clear()
    room.workspace.create_project(tmp_path / "other", ["background", "cell", "debris"])
    assert room.workspace.project is not None
    room.workspace.project.add_images([probe(tmp_path / "5.png")])
    room.show(1)
    room.sending.send_now()
    assert [told.anew for told in room.engine.told] == [True]


def test_what_a_batch_changed_is_told_anew(room: Room, qtbot: QtBot) -> None:
    for number in (1, 2):
        room.show(number)
        room.stroke(1)
    project = room.workspace.project
    assert project is not None
    content = project.image(1).content
    room.engine.told.clear()
    room.workspace.image_changed.emit(1)
    qtbot.waitUntil(lambda: [i.image for t in room.engine.told for i in t.images] == [content])


def test_where_the_project_cannot_be_read_it_is_told_of_later(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.show(1)
    room.stroke(1)
    project = room.workspace.project
    assert project is not None
    room.engine.told.clear()

    def refuses(_: int) -> ImageRecord:
        raise UserError("the project file could not be used", path=project.path)

    with monkeypatch.context() as unreadable:
        unreadable.setattr(project, "image", refuses)
        room.sending._changed = {(0, 0)}
        room.sending.send_now()
    assert room.engine.told == []
    room.sending.send_now()
    assert [len(image.tiles) for told in room.engine.told for image in told.images] == [1]
