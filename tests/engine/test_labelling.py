"""Labels from the engine: classifying, explaining, learning tags, checking weights, no memory."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
from pipe_window import PipeWindow, Start, picture, png

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.engine.messages import (
    Cancel,
    Cancelled,
    CheckWeights,
    Classified,
    Classify,
    Explain,
    Explained,
    Failed,
    Networks,
    Propose,
    Proposed,
    TagImage,
    Train,
    Trained,
    TrainProgress,
    TrainTags,
)
from cnnseg_gui.engine.packing import PackedImage, pack

LITE0 = "imagenet:efficientnet-lite0"
requests = count(1)


def offer(window: PipeWindow, seed: int = 0, *, dark: bool = False) -> str:
    pixels = picture(80, 100, seed)
    key, data = png(pixels // 4 if dark else pixels)
    window.files[key] = [data]
    return key


def classify(window: PipeWindow, image: str, model: str = LITE0) -> int:
    request = next(requests)
    window.send(Classify(request=request, image=image, model=model, top=3))
    return request


def test_all_networks_are_listed_once_with_their_choices(window: PipeWindow) -> None:
    listed = window.until(Networks)[0].networks
    by_name = {facts.name: facts for facts in listed}
    assert len(by_name) == len(listed) == 31
    assert by_name["unet"].choices["width"][0] == 64
    assert by_name["fcn8s-vgg16"].coarser == "fcn16s-vgg16"
    assert by_name["fcn-resnet50"].known[15] == "person"
    assert by_name["alexnet-2012"].parameters == 60_965_224
    assert {f.classifier for f in listed} == {True, False}


def test_an_image_gets_labels_and_the_reason_for_one(window: PipeWindow) -> None:
    image = offer(window)
    answer, _ = window.until(Classified, classify(window, image))
    assert (answer.image, answer.model, len(answer.labels)) == (image, LITE0, 3)
    assert answer.probabilities[0] >= answer.probabilities[1] > 0
    request = next(requests)
    window.send(
        Explain(
            request=request,
            image=image,
            model=LITE0,
            label=answer.labels[0],
            region=(10, 20, 40, 60),
        )
    )
    why, blocks = window.until(Explained, request)
    heat = np.frombuffer(blocks[0], np.uint8).reshape(why.rows, why.columns)
    assert heat.max() == 255
    assert (why.region[2] - why.region[0]) == (why.region[3] - why.region[1]) == 52


def test_weights_that_are_not_here_are_asked_for_and_the_answer_is_passed_on(
    window: PipeWindow,
) -> None:
    image = offer(window)
    request = classify(window, image, "imagenet:resnet18")
    window.wait_for_want("pretrained:resnet18")
    window.send(Cancel(request=request))
    window.until(Cancelled, request)
    window.files["pretrained:resnet18"] = [b"not what is published"]
    error, _ = window.until(Failed, classify(window, image, "imagenet:resnet18"))
    assert "damaged or others" in error.what
    window.files["candidate:resnet18"] = [b"not what is published"]
    check = next(requests)
    window.send(CheckWeights(request=check, name="resnet18"))
    refused, _ = window.until(Failed, check)
    assert refused.path is not None
    assert isinstance(window.until(Classified, classify(window, image))[0], Classified)


def test_tags_are_learnt_and_said_again_by_another_engine(window: PipeWindow, start: Start) -> None:
    images = [
        TagImage(image=offer(window, seed, dark=dark), label=int(dark), held_out=seed == 3)
        for dark in (False, True)
        for seed in range(4)
    ]
    request = next(requests)
    window.send(
        TrainTags(
            request=request,
            network="efficientnet-lite0",
            pretrained=True,
            labels=("light", "dark"),
            images=tuple(images),
            steps=3,
        )
    )
    progress, _ = window.until(TrainProgress, request)
    assert progress.step == 0
    _, (card, weights) = window.until(Trained, request)
    model = f"tags:{hashlib.sha256(weights).hexdigest()}"
    answer, _ = window.until(Classified, classify(window, images[-1].image, model))
    assert set(answer.labels) == {"light", "dark"}
    assert model not in window.wanted, "the engine that made it still has it"
    other = start()
    other.files = {**window.files, model: [card, weights]}
    again, _ = other.until(Classified, classify(other, images[-1].image, model))
    assert again.labels == answer.labels


def test_teaching_tags_is_cancelled_between_two_steps(window: PipeWindow) -> None:
    images = tuple(
        TagImage(image=offer(window, seed), label=seed % 2, held_out=False) for seed in range(4)
    )
    request = next(requests)
    window.send(
        TrainTags(
            request=request,
            network="resnet18",
            pretrained=False,
            labels=("odd", "even"),
            images=images,
            steps=10**6,
        )
    )
    window.until(TrainProgress, request)
    window.send(Cancel(request=request))
    window.until(Cancelled, request)


FORGETFUL = """
import cnnseg_gui.learning
import torch
from cnnseg_gui.learning import classify, learner, propose
from cnnseg_gui.engine import server

def forget(module, name, times=1):
    real, calls = getattr(module, name), []
    def first_fails(*args, **kwargs):
        calls.append(1)
        if len(calls) <= times:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return real(*args, **kwargs)
    setattr(module, name, first_fails)

forget(propose, "infer")
forget(classify, "said")
forget(learner, "segmentation_loss", times=5)  # with all of the batch and the patch, and with less
server.main(["--device", "cpu", "--threads", "1"])
"""


@pytest.fixture
def forgetful() -> Iterator[PipeWindow]:
    """An engine whose device has no memory the first time it is needed, as a full GPU has not."""
    window = PipeWindow([sys.executable, "-c", FORGETFUL])
    yield window
    window.close()


def test_a_device_without_memory_is_said_and_the_engine_goes_on(forgetful: PipeWindow) -> None:
    image = offer(forgetful)
    mask = Mask(80, 100)
    mask.write(0, 0, np.zeros((20, 100), np.uint8))
    mask.write(40, 0, np.ones((20, 100), np.uint8))
    parts, blocks = pack([PackedImage.from_mask(image, mask)])
    classes, model = ("background", "cell"), "new:unet?width=4"

    def ask(kind: str) -> int:
        request = next(requests)
        if kind == "classify":
            forgetful.send(Classify(request=request, image=image, model=LITE0))
        elif kind == "propose":
            forgetful.send(
                Propose(
                    request=request,
                    image=image,
                    model=model,
                    classes=classes,
                    visible=(0, 0, 80, 100),
                )
            )
        else:
            forgetful.send(
                Train(request=request, model=model, classes=classes, images=parts, steps=1), blocks
            )
        return request

    for kind, success in (("propose", Proposed), ("classify", Classified), ("train", Trained)):
        error, _ = forgetful.until(Failed, ask(kind))
        assert "not enough memory" in error.what, kind
        assert error.remedy
        assert isinstance(forgetful.until(success, ask(kind))[0], success)
