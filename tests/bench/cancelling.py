"""Cancels a real engine's fine-tunes at random moments: how soon each ends, and what is left."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

import numpy as np

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.engine.messages import Cancel, Cancelled, Train, Trained
from cnnseg_gui.engine.packing import PackedImage, pack
from tests.engine.pipe_window import PipeWindow, picture, png

_CLASSES = ("background", "object")
_SIZE = (96, 96)
_FOR_EVER = 1_000_000


@dataclass
class Cancels:
    """What was found; times in seconds."""

    cancelled: int = 0
    ended_before: int = 0
    others: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    works_on: bool = False


def cancel_repeatedly(*, count: int, seed: int) -> Cancels:
    """Before it is begun, while it waits for images, in a check, in a step, at its end."""
    moments, found, window = random.Random(seed), Cancels(), PipeWindow()
    try:
        for request in range(1, count + 1):
            _train(window, request, steps=moments.choice([1, 40, _FOR_EVER, _FOR_EVER]))
            time.sleep(moments.choice([0, 0.05, 0.5]) * moments.random())
            began = time.monotonic()
            window.send(Cancel(request=request))
            end = window.end_of(request)
            found.waited.append(time.monotonic() - began)
            if isinstance(end, Cancelled):
                found.cancelled += 1
            elif isinstance(end, Trained):
                found.ended_before += 1
            else:
                found.others.append(repr(end))
        _train(window, count + 1, steps=2)
        found.works_on = isinstance(window.end_of(count + 1), Trained)
    finally:
        window.close()
    return found


def _train(window: PipeWindow, request: int, *, steps: int) -> None:
    mask = Mask(*_SIZE)
    mask.write(0, 0, np.zeros((20, _SIZE[1]), np.uint8))
    mask.write(40, 0, np.ones((20, _SIZE[1]), np.uint8))
    packed = []
    for seed in (0, 1):
        key, data = png(picture(*_SIZE, seed=seed))
        window.files[key] = [data]
        packed.append(PackedImage.from_mask(key, mask, held_out=seed == 1))
    parts, blocks = pack(packed)
    message = Train(
        request=request,
        images=parts,
        model="new:unet?width=4",
        classes=_CLASSES,
        steps=steps,
        keep_every=0.02,
    )
    window.send(message, blocks)
