"""The engine as a process: what it answers, in which order, and when it ends."""

from __future__ import annotations

import hashlib
import signal
import sys
import time
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from pipe_window import PATIENCE, PipeWindow, Start, picture, png

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.engine.messages import (
    EXIT_CANNOT_START,
    Cancel,
    Cancelled,
    Failed,
    Propose,
    Proposed,
    ProposedTile,
    Ready,
    Supply,
    Train,
    Trained,
    TrainProgress,
    encode,
)
from cnnseg_gui.engine.packing import PackedImage, pack

CLASSES = ("background", "object")
MODEL = "new:unet?width=8"
FOR_EVER = 1_000_000
ALONE_S = 2.5  # seconds; the engine lets the fine-tune wait for three
requests = count(1)


def offer(window: PipeWindow, height: int, width: int, seed: int = 0) -> str:
    """Has an image ready for when the engine asks; returns its key."""
    key, data = png(picture(height, width, seed))
    window.files[key] = [data]
    return key


def propose(window: PipeWindow, image: str, *, model: str = MODEL) -> int:
    request = next(requests)
    message = Propose(
        request=request, image=image, model=model, classes=CLASSES, visible=(0, 0, 100, 100)
    )
    window.send(message)
    return request


def train(window: PipeWindow, *keys: str, size: tuple[int, int], steps: int = FOR_EVER) -> int:
    request = next(requests)
    mask = Mask(*size)
    mask.write(0, 0, np.zeros((20, size[1]), np.uint8))
    mask.write(size[0] // 2 - 10, 0, np.ones((20, size[1]), np.uint8))
    parts, blocks = pack([PackedImage.from_mask(key, mask) for key in keys])
    message = Train(request=request, model=MODEL, classes=CLASSES, images=parts, steps=steps)
    window.send(message, blocks)
    return request


def test_the_first_word_is_ready_with_the_device_and_its_threads(start: Start) -> None:
    message, _ = start().next()
    assert isinstance(message, Ready)
    assert (message.device, message.threads) == ("cpu", 1)
    assert message.torch


def test_a_proposal_covers_every_pixel_exactly_once(window: PipeWindow) -> None:
    image = offer(window, 300, 700)
    request = propose(window, image)
    covered = np.zeros((300, 700), int)
    while not isinstance((answer := window.next())[0], Proposed):
        tile, (classes, confidence) = answer
        assert isinstance(tile, ProposedTile), tile
        assert (tile.request, tile.image) == (request, image)
        assert len(classes) == len(confidence) == tile.height * tile.width
        assert set(classes) <= {0, 1}, "only the project's classes"
        covered[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] += 1
    np.testing.assert_array_equal(covered, 1)


def test_the_newest_proposal_replaces_the_running_and_the_waiting_ones(window: PipeWindow) -> None:
    large = offer(window, 2000, 2000)
    running = propose(window, large)
    window.until(ProposedTile, running)
    waiting, newest = propose(window, large), propose(window, large)
    ends = [window.until(Cancelled)[0].request, window.until(Cancelled)[0].request]
    assert sorted(ends) == [running, waiting]
    window.until(ProposedTile, newest)
    window.send(Cancel(request=newest))
    assert isinstance(window.end_of(newest), Cancelled)


def test_borders_are_stressed_where_that_is_asked_for(window: PipeWindow) -> None:
    image = offer(window, 64, 64)
    mask = Mask.from_array(np.zeros((64, 64), np.uint8))
    for left in (10, 30):
        mask.write(10, left, np.ones((40, 16), np.uint8))
    parts, blocks = pack([PackedImage.from_mask(image, mask)])
    learnt = []
    for borders in (False, False, True):
        message = Train(
            request=next(requests),
            model=MODEL,
            classes=CLASSES,
            images=parts,
            steps=2,
            borders=borders,
        )
        window.send(message, blocks)
        _, (_, weights) = window.until(Trained, message.request)
        learnt.append(weights)
    assert learnt[0] == learnt[1] != learnt[2]


def test_a_proposal_overtakes_a_fine_tune_for_three_seconds_and_then_takes_turns_with_it(
    window: PipeWindow,
) -> None:
    image, large = offer(window, 300, 300), offer(window, 2500, 2500)
    training = train(window, image, size=(300, 300))
    before, _ = window.until(TrainProgress, training)
    asked = time.monotonic()
    proposing = propose(window, large)
    window.until(ProposedTile, proposing)
    meanwhile = []
    while not isinstance((message := window.next()[0]), Proposed):
        meanwhile.append((time.monotonic() - asked, type(message)))
    early = [kind for at, kind in meanwhile if at < ALONE_S and kind is TrainProgress]
    assert len(early) <= 1, "only the step that was running when the proposal came"
    steps = [kind for _, kind in meanwhile if kind is TrainProgress]
    assert len(steps) <= 7 * 7 + 1, "then they take turns: a step after each tile"
    assert len(meanwhile) > 20, "the proposal took its time"
    after, _ = window.until(TrainProgress, training)
    assert after.step > before.step
    window.send(Cancel(request=training))
    assert isinstance(window.end_of(training), Cancelled)


def test_a_fine_tune_that_waits_for_another_is_cancelled_at_once(window: PipeWindow) -> None:
    image = offer(window, 300, 300)
    running, waiting = (train(window, image, size=(300, 300)) for _ in range(2))
    window.until(TrainProgress, running)
    window.send(Cancel(request=waiting))
    assert isinstance(window.end_of(waiting), Cancelled)
    window.until(TrainProgress, running)
    window.send(Cancel(request=running))
    assert isinstance(window.end_of(running), Cancelled)


@pytest.mark.parametrize("kind", ["propose", "train"])
def test_a_job_that_waits_for_bytes_that_never_come_is_cancelled(
    window: PipeWindow, kind: str
) -> None:
    lost, _ = png(picture(64, 64, seed=7 if kind == "train" else 8))
    job = propose(window, lost) if kind == "propose" else train(window, lost, size=(64, 64))
    window.wait_for_want(lost)
    window.send(Cancel(request=job))
    assert isinstance(window.end_of(job), Cancelled)


def test_a_fine_tune_returns_a_model_that_proposes_when_supplied_again(
    window: PipeWindow, start: Start
) -> None:
    image = offer(window, 200, 200)
    request = train(window, image, size=(200, 200), steps=3)
    _, (card, weights) = window.until(Trained, request)
    other = start()
    model = f"weights:{hashlib.sha256(weights).hexdigest()}"
    other.files = {**window.files, model: [card, weights]}
    assert isinstance(other.end_of(propose(other, image, model=model)), Proposed)
    assert model in other.wanted
    window.wanted.clear()
    assert isinstance(window.end_of(propose(window, image, model=model)), Proposed)
    assert model not in window.wanted, "the engine that made it still has it"


def test_bytes_with_another_hash_are_refused_and_the_file_is_named(window: PipeWindow) -> None:
    key, _ = png(picture(64, 64, seed=1))
    _, other = png(picture(64, 64, seed=2))
    window.files[key] = [other]
    error = window.end_of(propose(window, key))
    assert isinstance(error, Failed)
    assert "hash" in error.what
    assert error.path == f"/images/{key[:8]}.png"


def test_weights_with_another_hash_are_refused(window: PipeWindow) -> None:
    model = f"weights:{'0' * 64}"
    window.files[model] = [b"{}", b"other weights"]
    error = window.end_of(propose(window, offer(window, 64, 64), model=model))
    assert isinstance(error, Failed)
    assert "hash" in error.what


def test_an_image_that_cannot_be_decoded_fails_by_name(window: PipeWindow) -> None:
    data = png(picture(64, 64))[1][:500]
    key = hashlib.sha256(data).hexdigest()
    window.files[key] = [data]
    error = window.end_of(propose(window, key))
    assert isinstance(error, Failed)
    assert error.path == f"/images/{key[:8]}.png"


def test_what_the_window_could_not_read_comes_back_field_by_field(window: PipeWindow) -> None:
    key, _ = png(picture(64, 64, seed=3))
    request = propose(window, key)
    window.wait_for_want(key)
    refusal = Supply(key=key, path="/images/gone.png", what="it is gone", remedy="Find it.")
    window.send(refusal)
    assert window.end_of(request) == Failed(
        request=request, what="it is gone", path="/images/gone.png", remedy="Find it."
    )


@pytest.mark.parametrize("model", ["new:nonsense", "starter:nonsense", "nonsense"])
def test_a_model_that_does_not_exist_fails_and_the_engine_goes_on(
    window: PipeWindow, model: str
) -> None:
    image = offer(window, 64, 64)
    error = window.end_of(propose(window, image, model=model))
    assert isinstance(error, Failed)
    assert "nonsense" in error.what
    assert isinstance(window.end_of(propose(window, image)), Proposed)


def test_a_mask_of_another_size_than_its_image_is_never_trained_on(window: PipeWindow) -> None:
    image = offer(window, 64, 64)
    error = window.end_of(train(window, image, size=(80, 64), steps=1))
    assert isinstance(error, Failed)
    assert "size" in error.what


def test_damaged_mask_tiles_fail_the_fine_tune(window: PipeWindow) -> None:
    mask = Mask.from_array(np.zeros((64, 64), np.uint8))
    packed = PackedImage.from_mask(offer(window, 64, 64), mask)
    parts, _ = pack([replace(packed, tiles=((0, 0, b"no tile"),))])
    request = next(requests)
    window.send(
        Train(request=request, model=MODEL, classes=CLASSES, images=parts, steps=1), [b"no tile"]
    )
    error = window.end_of(request)
    assert isinstance(error, Failed)
    assert "mask" in error.what


def test_a_mask_with_nothing_decided_fails_with_a_clear_line(window: PipeWindow) -> None:
    image = offer(window, 64, 64)
    parts, blocks = pack([PackedImage.from_mask(image, Mask(64, 64))])
    request = next(requests)
    message = Train(request=request, model=MODEL, classes=CLASSES, images=parts, steps=1)
    window.send(message, blocks)
    error = window.end_of(request)
    assert isinstance(error, Failed)
    assert "defect" not in error.what


def test_cancelling_what_has_ended_or_never_was_does_nothing(window: PipeWindow) -> None:
    image = offer(window, 64, 64)
    ended = propose(window, image)
    assert isinstance(window.end_of(ended), Proposed)
    window.send(Cancel(request=ended))
    window.send(Cancel(request=999_999))
    assert isinstance(window.end_of(propose(window, image)), Proposed)


def test_an_interrupt_in_the_windows_terminal_is_not_the_engines_to_answer(
    window: PipeWindow,
) -> None:
    window.process.send_signal(signal.SIGINT)
    assert isinstance(window.end_of(propose(window, offer(window, 64, 64))), Proposed)


def test_the_engine_ends_with_its_window_in_the_middle_of_a_fine_tune(start: Start) -> None:
    window = start()
    training = train(window, offer(window, 300, 300), size=(300, 300))
    window.until(TrainProgress, training)
    closed = time.monotonic()
    assert window.hang_up() == 0
    assert time.monotonic() - closed < 5


def test_the_engine_ends_with_its_window_while_it_loads_torch(start: Start) -> None:
    assert start().hang_up() == 0


def test_garbage_on_the_pipe_is_said_and_ends_the_engine(start: Start) -> None:
    window = start()
    window.send_raw(b"what is this?")
    error, _ = window.until(Failed)
    assert (error.request, "pipe" in error.what) == (0, True)
    assert window.process.wait(PATIENCE) == 1


def test_a_message_cut_short_by_a_dying_window_ends_the_engine(start: Start) -> None:
    window = start()
    window.send_raw(encode(Cancel(request=1))[:-1])
    assert window.hang_up() == 0


@pytest.mark.skipif(sys.platform == "darwin", reason="may have the device")
def test_a_device_that_is_not_there_is_said_and_ends_the_engine(start: Start) -> None:
    window = start("--device", "mps")
    error, _ = window.until(Failed)
    assert (error.request, "mps" in str(error).lower()) == (0, True)
    assert window.process.wait(PATIENCE) == EXIT_CANNOT_START
