"""What the engine does for images that nobody looks at: proposals, embeddings, slips."""

from __future__ import annotations

from itertools import count

import numpy as np
from pipe_window import PipeWindow, picture, png

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.engine import answers
from cnnseg_gui.engine.messages import (
    Cancel,
    Cancelled,
    Embedded,
    Failed,
    LookForSlips,
    Propose,
    ProposeBeside,
    Proposed,
    ProposedTile,
    Slips,
    SlipsEnded,
    TrainProgress,
)
from cnnseg_gui.engine.packing import PackedImage, pack

CLASSES = ("background", "object")
MODEL = "new:unet?width=8"
requests = count(1000)


def offer(window: PipeWindow, height: int, width: int, seed: int = 0) -> str:
    key, data = png(picture(height, width, seed))
    window.files[key] = [data]
    return key


def beside(window: PipeWindow, image: str, *, embed: bool = False) -> int:
    request = next(requests)
    window.send(
        ProposeBeside(request=request, image=image, model=MODEL, classes=CLASSES, embed=embed)
    )
    return request


def test_several_asked_beside_are_all_answered_and_what_is_shown_overtakes(
    window: PipeWindow,
) -> None:
    large, small = offer(window, 1800, 1800), offer(window, 90, 70)
    first, second = beside(window, large), beside(window, small)
    window.until(ProposedTile, first)
    shown = next(requests)
    window.send(
        Propose(request=shown, image=small, model=MODEL, classes=CLASSES, visible=(0, 0, 9, 9))
    )
    ended = [window.until(Proposed)[0].request for _ in range(3)]
    assert ended == [shown, first, second]


def test_an_embedding_is_the_same_for_the_same_picture_and_another_for_others(
    window: PipeWindow,
) -> None:
    found = []
    for seed in (3, 4, 3):
        request = beside(window, offer(window, 80, 120, seed), embed=True)
        message, blocks = window.until(Embedded, request)
        assert message.request == request
        found.append(answers.embedding(blocks))
        window.until(Proposed, request)
    assert found[0].shape == (320,)
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])


def look(window: PipeWindow, *keys: str, seconds: float) -> int:
    request = next(requests)
    truth = np.zeros((64, 64), np.uint8)
    truth[20:44, 20:44] = 1
    parts, blocks = pack([PackedImage.from_mask(key, Mask.from_array(truth)) for key in keys])
    window.send(
        LookForSlips(request=request, model=MODEL, classes=CLASSES, images=parts, seconds=seconds),
        blocks,
    )
    return request


def test_slips_are_told_image_by_image_with_progress_and_an_end(window: PipeWindow) -> None:
    keys = [offer(window, 64, 64, seed) for seed in (10, 11, 12)]
    request = look(window, *keys, seconds=2.0)
    seen, progress = set(), []
    while not isinstance((answer := window.next())[0], SlipsEnded):
        message, blocks = answer
        assert not isinstance(message, Failed), message
        if isinstance(message, Slips):
            seen.add(message.image)
            for region in answers.slips(message, blocks):
                assert region.covered.sum() == region.pixels
        elif isinstance(message, TrainProgress):
            progress.append(message.seconds_left)
    assert answer[0].request == request  # type: ignore[union-attr]
    assert seen == set(keys)
    assert progress[0] > 2.0 > progress[-1], "both halves count"


def test_looking_for_slips_stops_when_asked_to(window: PipeWindow) -> None:
    keys = [offer(window, 64, 64, seed) for seed in (10, 11)]
    request = look(window, *keys, seconds=300)
    window.until(TrainProgress, request)
    window.send(Cancel(request=request))
    assert window.until(Cancelled, request)[0].request == request
