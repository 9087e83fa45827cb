"""An engine that is hung, killed, short of memory, or cancelled at any moment."""

from __future__ import annotations

import hashlib
import random
import signal
import sys
import time
from itertools import count

import numpy as np
import pytest
from pipe_window import PipeWindow, Start, picture, png

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.engine.messages import (
    Cancel,
    Cancelled,
    Failed,
    Lightened,
    Ping,
    Pong,
    Propose,
    Proposed,
    ProposedTile,
    Train,
    Trained,
    TrainMaterial,
    TrainProgress,
    Unfinished,
    Unusable,
)
from cnnseg_gui.engine.packing import PackedImage, pack
from cnnseg_gui.learning.card import Card

CLASSES = ("background", "object")
MODEL = "new:unet?width=4"
FOR_EVER = 1_000_000
SIZE = (96, 96)
requests = count(1)


def train(window: PipeWindow, *, steps: int = FOR_EVER, **more: object) -> int:
    """A fine-tune of a tiny network, on one image, checked on another."""
    request = next(requests)
    mask = Mask(*SIZE)
    mask.write(0, 0, np.zeros((20, SIZE[1]), np.uint8))
    mask.write(40, 0, np.ones((20, SIZE[1]), np.uint8))
    packed = []
    for seed in (0, 1):
        key, data = png(picture(*SIZE, seed=seed))
        window.files[key] = [data]
        packed.append(PackedImage.from_mask(key, mask, held_out=seed == 1))
    parts, blocks = pack(packed)
    options = {"model": MODEL, "classes": CLASSES, "steps": steps, **more}
    message = Train(request=request, images=parts, **options)  # type: ignore[arg-type]
    window.send(message, blocks)
    return request


def propose(window: PipeWindow, height: int, width: int) -> int:
    request = next(requests)
    key, data = png(picture(height, width))
    window.files[key] = [data]
    window.send(
        Propose(request=request, image=key, model=MODEL, classes=CLASSES, visible=(0, 0, 9, 9))
    )
    return request


def interrupted(window: PipeWindow) -> tuple[Unfinished, str]:
    """A fine-tune that has sent its state; the state is there for the asking, by its hash."""
    request = train(window, keep_every=0.001)
    window.until(Unfinished, request)
    window.until(Unfinished, request)
    message, (state,) = window.until(Unfinished, request)
    window.send(Cancel(request=request))
    assert isinstance(window.end_of(request), Cancelled)
    key = hashlib.sha256(state).hexdigest()
    window.files[f"unfinished:{key}"] = [state]
    return message, key


def test_the_engine_answers_while_it_loads_torch_and_while_it_learns(start: Start) -> None:
    window = start()
    window.send(Ping())
    assert isinstance(window.next()[0], Pong), "before it is ready"
    request = train(window)
    window.until(TrainProgress, request)
    window.send(Ping())
    window.until(Pong)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
def test_an_engine_that_is_stopped_does_not_answer(start: Start) -> None:
    window = start()
    window.send(Ping())
    window.until(Pong)
    window.process.send_signal(signal.SIGSTOP)
    window.send(Ping())
    time.sleep(0.5)
    assert window.silent
    window.process.send_signal(signal.SIGCONT)
    window.until(Pong)


def test_a_fine_tune_goes_on_in_another_engine(window: PipeWindow, start: Start) -> None:
    message, key = interrupted(window)
    assert message.step > 0
    assert message.seconds > 0
    other = start()
    other.files = window.files
    steps = message.step + 5
    request = train(other, steps=steps, unfinished=key)
    progress, _ = other.until(TrainProgress, request)
    assert progress.step == message.step
    _, (card, _) = other.until(Trained, request)
    facts = Card.from_json(card)
    assert (facts.steps, facts.resumed) == (steps, 1)
    assert set(facts.metrics) == {"iou", "iou_before", "kept_step"}


def test_nothing_is_kept_where_nobody_asked_for_it(window: PipeWindow) -> None:
    request = train(window, steps=5)
    seen = []
    while not isinstance((message := window.next()[0]), Trained):
        seen.append(message)
    assert message.request == request
    assert all(isinstance(other, TrainProgress | TrainMaterial) for other in seen)


def test_a_fine_tune_says_what_it_learns_from_and_scores_each_class(
    window: PipeWindow,
) -> None:
    request = train(window, steps=5)
    material, _ = window.until(TrainMaterial, request)
    assert material.images >= 1
    assert len(material.decided) == 2
    assert min(material.decided) > 0
    assert material.precision in ("float32", "bfloat16")
    scored = []
    while not isinstance((message := window.next()[0]), Trained):
        if isinstance(message, TrainProgress) and message.iou is not None:
            scored.append(message)
    assert scored
    for one in scored:
        assert len(one.by_class) == 2
        assert one.iou == pytest.approx(np.nanmean(one.by_class))


@pytest.mark.parametrize("how", ["another hash", "damaged", "other classes", "other network"])
def test_a_state_that_cannot_be_used_is_said_and_learning_begins_anew(
    window: PipeWindow, how: str
) -> None:
    _, key = interrupted(window)
    more: dict[str, object] = {}
    if how == "another hash":
        window.files[f"unfinished:{key}"] = [b"something else"]
    elif how == "damaged":
        data = window.files[f"unfinished:{key}"][0][:-10]
        key = hashlib.sha256(data).hexdigest()
        window.files[f"unfinished:{key}"] = [data]
    elif how == "other classes":
        more["classes"] = ("background", "another")
    else:
        more["model"] = "new:unet?width=6"
    request = train(window, steps=3, unfinished=key, **more)
    message, _ = window.until(Unusable, request)
    assert message.path == f"/images/{f'unfinished:{key}'[:8]}.png"
    assert message.what
    progress, _ = window.until(TrainProgress, request)
    assert progress.step == 0
    _, (card, _) = window.until(Trained, request)
    assert Card.from_json(card).resumed == 0


def test_cancelled_at_any_moment_it_ends_and_works_on(window: PipeWindow) -> None:
    """Before it is begun, while it waits for its images, in a check, in a step, at its end."""
    moments = random.Random(0)
    for _ in range(50):
        request = train(window, steps=moments.choice([1, 40, FOR_EVER]), keep_every=0.02)
        time.sleep(moments.choice([0, 0.3]) * moments.random() ** 2)
        window.send(Cancel(request=request))
        end = window.end_of(request)
        assert isinstance(end, Cancelled | Trained), end
    assert isinstance(window.end_of(train(window, steps=2)), Trained)


SHORT_OF_MEMORY = """
import cnnseg_gui.learning
import torch
from cnnseg_gui.engine import server
from cnnseg_models.segmentation import SegmentationNetwork

def hold(module, inputs):
    if isinstance(module, SegmentationNetwork):
        batch, _, height, width = inputs[0].shape
        if batch > 2 or width > 256:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

torch.nn.modules.module.register_module_forward_pre_hook(hold)
server.main(["--device", "cpu", "--threads", "1"])
"""


def test_with_little_memory_the_engine_does_both_with_less_and_says_so() -> None:
    window = PipeWindow([sys.executable, "-c", SHORT_OF_MEMORY])
    try:
        learning = train(window, steps=2)
        assert "batches of 2" in window.until(Lightened, learning)[0].what
        assert isinstance(window.end_of(learning), Trained)
        proposing = propose(window, 700, 800)
        assert "tiles of 256" in window.until(Lightened, proposing)[0].what
        covered = np.zeros((700, 800), bool)
        while not isinstance((message := window.next()[0]), Proposed | Failed):
            assert isinstance(message, ProposedTile)
            top, left = message.top, message.left
            covered[top : top + message.height, left : left + message.width] = True
        assert isinstance(message, Proposed)
        assert covered.all()
    finally:
        window.close()
