"""Keeping the state of a fine-tune never ends it."""

from __future__ import annotations

import os

import pytest
import torch

from cnnseg_gui.engine.messages import Decoder, Unfinished
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.reporter import Recorder
from cnnseg_gui.learning import unfinished
from cnnseg_gui.learning.unfinished import Facts


def state() -> unfinished.Unfinished:
    facts = Facts(network="unet", classes=("a",), step=3, seconds=1.5)
    return unfinished.Unfinished(facts, {"w": torch.ones(4)}, {}, {}, {})


def no_room() -> unfinished.Unfinished:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


def defect() -> unfinished.Unfinished:
    raise RuntimeError("a defect")


def test_without_room_for_a_copy_it_is_tried_again_later() -> None:
    reading, writing = os.pipe()
    outbox = Outbox(writing, on_broken=lambda: None)
    recorder = Recorder(outbox, 7, 1e-9)
    recorder(no_room)
    recorder(state)
    again = Recorder(outbox, 7, 0.0)
    with pytest.raises(RuntimeError, match="a defect"):
        again(defect)
    outbox.close(5.0)
    os.close(writing)
    ((message, blocks),) = Decoder().feed(os.read(reading, 2**16))
    os.close(reading)
    assert message == Unfinished(request=7, step=3, seconds=1.5)
    assert unfinished.load_unfinished(blocks[0]).weights["w"].sum() == 4
