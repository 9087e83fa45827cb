"""What the teaching panel shows of a fine-tune: curves by class, material, and its story."""

from __future__ import annotations

import math

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.engine.messages import TrainMaterial, TrainProgress
from cnnseg_gui.ui.panels.training_run import TrainingRun, material_in_words


@pytest.fixture
def run(qtbot: QtBot) -> TrainingRun:
    run = TrainingRun()
    qtbot.addWidget(run)
    run.resize(320, 640)
    run.show()
    return run


def material(**changed: object) -> TrainMaterial:
    facts = {
        "request": 1,
        "images": 7,
        "held_out": 2,
        "tiled": 0,
        "decided": (3_000_000, 100_000),
        "device": "CPU",
        "precision": "bfloat16",
    }
    return TrainMaterial(**{**facts, **changed})


def progress(step: int, iou: float | None, by_class: tuple[float, ...] = ()) -> TrainProgress:
    loss = math.nan if step == 0 else 0.5
    return TrainProgress(
        request=1,
        step=step,
        seconds=step,
        seconds_left=60 - step,
        loss=loss,
        iou=iou,
        by_class=by_class,
    )


def test_each_class_has_its_own_curve_and_the_last_value_in_the_legend(run: TrainingRun) -> None:
    classes = make_classes(["background", "nucleus & co", "debris"])
    run.begin(classes)
    run.show_progress(progress(0, 0.2, (0.5, 0.1, math.nan)))
    run.show_progress(progress(10, None))
    run.show_progress(progress(20, 0.8, (0.9, 0.7, math.nan)))
    legend = run._curves_widget().legend
    for entry in ("mean&nbsp;0.80", "background&nbsp;0.90", "nucleus&nbsp;&amp;&nbsp;co&nbsp;0.70"):
        assert entry in legend
    assert "debris" not in legend  # nothing of it is held out
    run.begin(classes[:2])
    assert run._curves_widget().legend == ""


def test_the_material_is_said_in_words() -> None:
    assert material_in_words(material()) == "7 images, 3.1\u202fMpx; 2 images held out"
    assert material_in_words(material(held_out=0, tiled=1)).endswith("; tiles of 1 image held out")
    few = material(images=1, held_out=0, decided=(12_000, 345))
    assert material_in_words(few) == "1 image, 12\u202f345\u202fpx; nothing held out yet"


def test_the_story_is_bounded_can_be_copied_and_is_forgotten(run: TrainingRun) -> None:
    for number in range(300):
        run.say(f"line {number}")
    assert len(run.story) == 200
    assert run.story[-1].endswith("line 299")
    text = run._story
    assert text.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse
    run.forget()
    assert run.story == []
    assert text.isHidden()
