"""However fast one goes from image to image, and whatever arrives late: every stroke is stored at
the image that it was painted on, and no proposal is accepted on another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtCore import QCoreApplication

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import Proposing
from cnnseg_gui.editor.supplies import Supplies
from cnnseg_gui.editor.tools.base import ImagePoint, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import ProposedTile
from tests.core.replay import Gesture, Replay, coverage, differences

_SHAPE = (60, 80)
_IMAGES = 4
_DIAMETER = 9.3

images = st.integers(1, _IMAGES)
places = st.builds(ImagePoint, st.floats(0, 60).map(round), st.floats(0, 80).map(round))
moves = st.one_of(
    st.tuples(st.just("step"), st.sampled_from([-1, 1])),
    st.tuples(st.just("open"), images),
)
steps = st.one_of(
    moves,
    moves,
    st.tuples(st.just("stroke"), st.lists(places, min_size=2, max_size=3)),
    st.tuples(st.just("stroke while leaving"), st.lists(places, min_size=2, max_size=3), moves),
    st.tuples(st.just("tile"), images, st.integers(0, 12)),
    st.tuples(st.just("tile"), images, st.just(0)),
    st.tuples(st.just("accept")),
    st.tuples(st.just("undo")),
    st.tuples(st.just("wait"), st.integers(0, 12)),
)


class Person:
    """At a workspace with the window's own `Proposing`; the engine's answers are played in."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace()
        self.errors: list[object] = []
        self.workspace.failed.connect(self.errors.append)
        self.engine = EngineClient(Supplies(self.workspace).find, parent=self.workspace)
        choice = ModelChoice(self.workspace, self.workspace)
        everything = Rect(0, 0, *_SHAPE)
        self.proposing = Proposing(
            self.workspace, choice, self.engine, lambda: everything, self.workspace
        )
        self.workspace.open_project(folder)
        assert self.workspace.project is not None
        self.records = {record.id: record for record in self.workspace.images()}
        shapes = dict.fromkeys(self.records, _SHAPE)
        self.replay = Replay(shapes, {}, self.workspace.project.class_list)
        self.wait(lambda: self.workspace.document is not None)

    @property
    def document(self) -> Document:
        assert self.workspace.document is not None
        return self.workspace.document

    def do(self, step: tuple[object, ...]) -> None:
        match step:
            case "step", int(by):
                self.workspace.step(by)
            case "open", int(image):
                self.workspace.open_image(image)
            case "stroke", list(points):
                self.stroke(points, None)
            case "stroke while leaving", list(points), tuple(move):
                self.stroke(points, move)
            case "tile", int(image), int(age):
                self.tile(image, age)
            case ("accept",):
                self.accept()
            case ("undo",):
                self.workspace.undo()
                self.replay.travel(self.document.record.id, back=True)
            case "wait", int(milliseconds):
                time.sleep(milliseconds / 1000)
                QCoreApplication.processEvents()

    def stroke(self, points: list[ImagePoint], leaving: tuple[object, ...] | None) -> None:
        """Pressed on the image that is shown, released on whatever is shown then."""
        image = self.document.record.id
        self.document.press(Brush(), points[0], ToolSettings(class_index=image, diameter=_DIAMETER))
        done = points[:1]
        for point in points[1:]:
            if leaving is not None:
                self.do(leaving)
                QCoreApplication.processEvents()
            if self.workspace.document is None or self.document.record.id != image:
                break
            self.document.move(point)
            done.append(point)
        if self.workspace.document is not None:
            self.document.release()
        gesture = Gesture(0, "brush", image, tuple(done), _DIAMETER, 0)
        self.replay.paint(image, coverage(gesture, _SHAPE), image)

    def tile(self, image: int, age: int) -> None:
        """As the engine answers: for any image, to a request of now or of long ago."""
        self.proposing.refresh()
        proposed = np.full(_SHAPE, image, np.uint8)
        request = max(self.engine._requests - age, 1)
        message = ProposedTile(
            request=request,
            image=self.records[image].sha256,
            top=0,
            left=0,
            height=_SHAPE[0],
            width=_SHAPE[1],
        )
        self.engine.tile_proposed.emit(message, proposed, np.full_like(proposed, 200))

    def accept(self) -> None:
        image = self.document.record.id
        proposed = self.document.proposal.classes.to_array()
        assert set(np.unique(proposed)) <= {image, UNLABELLED}
        self.workspace.accept()
        self.replay.accept(image, proposed)

    def wait(self, condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 10
        while not condition():
            QCoreApplication.processEvents()
            assert time.monotonic() < give_up, "waited in vain"

    def leave(self) -> None:
        self.workspace.close_project()
        self.engine.stop()
        self.workspace.deleteLater()
        QCoreApplication.processEvents()


@contextmanager
def person(folder: Path) -> Iterator[Person]:
    project = Project.create(folder / "project", [str(k) for k in range(_IMAGES + 1)])
    for number in range(_IMAGES):
        path = folder / f"{number}.png"
        Image.fromarray(np.full((*_SHAPE, 3), 50 * number, np.uint8)).save(path)
        project.add_images([probe(path)])
    project.close()
    someone = Person(folder / "project")
    yield someone
    someone.leave()


@given(st.lists(steps, min_size=3, max_size=20))
@settings(max_examples=40)
def test_every_stroke_is_stored_at_the_image_it_was_painted_on(
    qapp: object, tmp_path_factory: pytest.TempPathFactory, sequence: list[tuple[object, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("images")
    with person(folder) as someone:
        for step in sequence:
            someone.do(step)
        assert not someone.errors
        replay = someone.replay
    project = Project.open(folder / "project")
    assert not differences(project, replay)
    project.close()


def test_a_tile_for_the_image_before_is_not_shown_on_this_one(qapp: object, tmp_path: Path) -> None:
    with person(tmp_path) as someone:
        someone.tile(1, 0)
        assert (someone.document.proposal.classes.to_array() == 1).all()
        someone.workspace.open_image(2)
        someone.wait(lambda: someone.document.record.id == 2)
        for age in range(3):
            someone.tile(1, age)
        assert (someone.document.proposal.classes.to_array() == UNLABELLED).all()
        someone.tile(2, 0)
        someone.accept()
        assert (someone.document.mask.to_array() == 2).all()
