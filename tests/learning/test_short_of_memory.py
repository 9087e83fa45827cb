"""Memory that runs out: the work goes on with less of it, and says so.

The errors are torch's own, raised inside the forward pass of a real network.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from blobs import COMPUTE, example, start, watched
from torch import Tensor, nn

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.fit import Fitted, Progress, Settings, fit
from cnnseg_gui.learning.memory import Effort, is_out_of_memory, lighter
from cnnseg_gui.learning.model import Model, dump
from cnnseg_gui.learning.propose import propose

WANTED = Settings(patch=128, batch=4, rate=1e-2)
STEPS = 8


def exhausted() -> torch.OutOfMemoryError:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


def holds(pixels: int, *, from_pass: int = 1) -> Callable[[nn.Module, Tensor], None]:
    """From a pass of the training on there is only room for so many pixels at once."""
    passes = 0

    def look(network: nn.Module, images: Tensor) -> None:
        nonlocal passes
        if network.training:
            passes += 1
            if passes >= from_pass and images.numel() // 3 > pixels:
                raise exhausted()

    return look


def learn(model: Model, said: list[str], told: list[Progress] | None = None) -> Fitted:
    return fit(
        model,
        [example(1), example(2, held_out=True)],
        compute=COMPUTE,
        steps=STEPS,
        settings=WANTED,
        on_lightened=said.append,
        on_progress=(told if told is not None else []).append,
    )


@pytest.mark.parametrize("step", [1, 2, 5, STEPS])
@pytest.mark.parametrize(
    ("room", "changes"),
    [
        (2 * 128**2, ["batches of 2 instead of 4"]),
        (128**2, ["batches of 2 instead of 4", "batches of 1 instead of 2"]),
        (
            64**2,
            [
                "batches of 2 instead of 4",
                "batches of 1 instead of 2",
                "patches of 64 pixels instead of 128",
            ],
        ),
    ],
)
def test_learning_goes_on_with_less_and_takes_all_its_steps(
    step: int, room: int, changes: list[str]
) -> None:
    said: list[str] = []
    told: list[Progress] = []
    fitted = learn(watched(start(), holds(room, from_pass=step)), said, told)
    assert fitted.steps == STEPS
    assert [progress.step for progress in told] == list(range(STEPS + 1))
    assert len(said) == len(changes)
    for line, change in zip(said, changes, strict=True):
        assert change in line
        assert line.startswith("Memory ran out on test: ")
    assert fitted.model.card.metrics["iou"] > 0


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_the_weights_and_moments_of_the_last_good_step_are_gone_on_from(where: str) -> None:
    """A failed step leaves no trace: the next one gets what the last good one left."""
    seen: list[list[Tensor]] = []
    fails = True

    def look(network: nn.Module, images: Tensor) -> None:
        nonlocal fails
        if not network.training:
            return
        seen.append([p.detach().clone() for p in network.parameters()])
        if len(seen) == 4 and fails:
            fails = False
            if where == "forward":
                raise exhausted()
            images.requires_grad_()
            images.register_hook(_raise)

    said: list[str] = []
    learn(watched(start(), look), said)
    failed, again, before = seen[3], seen[4], seen[2]
    assert len(said) == 1
    assert all(torch.equal(a, b) for a, b in zip(failed, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(before, failed, strict=True))


def _raise(gradient: Tensor) -> None:
    raise exhausted()


def test_the_optimiser_never_needs_more_memory_than_at_the_beginning() -> None:
    """Else a step could run out of memory after half of its parameters had changed."""
    from cnnseg_gui.learning.learner import _optimiser

    network = start().network
    optimiser = _optimiser(network, WANTED)
    held = {id(v) for state in optimiser.state.values() for v in state.values()}
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    assert {id(v) for state in optimiser.state.values() for v in state.values()} == held


def test_no_room_for_the_smallest_batch_either_is_an_error() -> None:
    said: list[str] = []
    with pytest.raises(torch.OutOfMemoryError):
        learn(watched(start(), holds(10)), said)
    assert len(said) == 3


def test_another_error_is_not_taken_for_a_lack_of_memory() -> None:
    def look(network: nn.Module, images: Tensor) -> None:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        learn(watched(start(), look), [])


def test_a_run_that_never_lacks_memory_learns_what_it_did_before() -> None:
    said: list[str] = []
    calm, watchedly = learn(start(), said), learn(watched(start(), holds(10**9)), said)
    assert dump(calm.model) == dump(watchedly.model)
    assert said == []


def test_after_all_rungs_on_a_gpu_the_processor_gets_the_whole_batch_again() -> None:
    gpu = Compute(torch.device("cuda"), "GPU", torch.bfloat16, torch.bfloat16, 1)
    wanted = Effort(batch=4, patch=256, compute=gpu)
    now, tried = wanted, []
    while now.compute is gpu:
        found = lighter(now, wanted)
        assert found is not None
        now, line = found
        tried.append((now.batch, now.patch))
    assert tried == [(2, 256), (1, 256), (1, 128), (1, 64), (4, 256)]
    assert now.compute.device.type == "cpu"
    assert "processor" in line
    assert lighter(Effort(1, 64, now.compute), wanted) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_full_gpu_learning_goes_on_on_the_processor() -> None:
    from cnnseg_gui.learning.device import choose

    def look(network: nn.Module, images: Tensor) -> None:
        if network.training and images.is_cuda:
            raise exhausted()

    said: list[str] = []
    fitted = fit(
        watched(start(), look),
        [example(1), example(2, held_out=True)],
        compute=choose("cuda"),
        steps=STEPS,
        settings=WANTED,
        on_lightened=said.append,
    )
    assert fitted.steps == STEPS
    assert "processor" in said[-1]
    assert all(math.isfinite(validation.iou) for validation in fitted.history)


# ---------------------------------------------------------------- proposing


def covered(
    model: Model, size: tuple[int, int], *, compute: Compute = COMPUTE
) -> tuple[Pixels, list[str]]:
    """The proposed classes, 255 where nothing was, and what was said."""
    pixels = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    classes, said = np.full(size, 255, np.uint8), []

    def take(rect: Rect, found: Pixels, confidence: Pixels) -> None:
        classes[rect.slices] = found

    propose(model, pixels, compute, on_region=take, on_lightened=said.append)
    return classes, said


@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_proposal_goes_on_with_smaller_tiles_and_covers_the_image(at: int) -> None:
    passes = 0

    def look(network: nn.Module, images: Tensor) -> None:
        nonlocal passes
        passes += 1
        if passes >= at and images.shape[-1] > 256:
            raise exhausted()

    classes, said = covered(watched(start(), look), (700, 900))
    whole, calm = covered(start(), (700, 900))
    assert said == [
        "Memory ran out on test: proposing goes on with tiles of 256 pixels instead of 512."
    ]
    assert calm == []
    assert np.mean(classes == whole) > 0.99


def test_a_proposal_without_any_room_is_an_error() -> None:
    def look(network: nn.Module, images: Tensor) -> None:
        raise exhausted()

    with pytest.raises(torch.OutOfMemoryError) as error:
        covered(watched(start(), look), (700, 900))
    assert is_out_of_memory(error.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_full_gpu_a_proposal_goes_on_on_the_processor() -> None:
    from cnnseg_gui.learning.device import choose

    def look(network: nn.Module, images: Tensor) -> None:
        if images.is_cuda:
            raise exhausted()

    classes, said = covered(watched(start(), look), (300, 300), compute=choose("cuda"))
    assert (classes != 255).all()
    assert len(said) == 2
    assert "processor" in said[-1]
