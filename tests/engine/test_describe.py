"""What the engine says about its networks, and shows of their inside."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from pipe_window import PipeWindow, picture, png

from cnnseg_gui.engine.messages import (
    Cancel,
    Cancelled,
    Describe,
    Described,
    Failed,
    Inside,
    LookInside,
    Overview,
)

CLASSES = ("background", "cell")
requests = count(1)


def overview(window: PipeWindow) -> Overview:
    request = next(requests)
    window.send(Describe(request=request))
    return window.until(Overview, request)[0]


def described(window: PipeWindow, name: str, *, classifier: bool = False) -> Described:
    request = next(requests)
    window.send(Describe(request=request, network=name, classifier=classifier))
    return window.until(Described, request)[0]


def ask_inside(window: PipeWindow, layer: str, model: str = "starter:unet-lite0") -> int:
    key, data = png(picture(90, 160))
    window.files[key] = [data]
    request = next(requests)
    window.send(LookInside(request=request, image=key, model=model, classes=CLASSES, layer=layer))
    return request


def test_every_network_that_is_named_can_be_described(window: PipeWindow) -> None:
    names = overview(window).networks
    assert {name.classifier for name in names} == {False, True}
    for name in names:
        found = described(window, name.name, classifier=name.classifier).description
        assert (found.name, found.classifier) == (name.name, name.classifier)
        assert sum(row.parameters for row in found.layers) == found.parameters > 0
        assert found.input_shape[0] == 3


def test_the_lectures_numbers_come_with_the_names(window: PipeWindow) -> None:
    found = overview(window)
    pairs = [(pair.one.weights, pair.stack.weights) for pair in found.kernels]
    assert pairs == [(121, 45), (25, 18), (49, 14)]
    assert [overlap.even for overlap in found.overlaps] == [False, False, True, True, True, True]


def test_the_first_kernels_and_a_layers_maps_arrive(window: PipeWindow) -> None:
    request = ask_inside(window, "encoder._blocks.1._depthwise_conv")
    message, (kernels, maps) = window.until(Inside, request)
    assert message.filters == (32, 3, 3)
    assert len(kernels) == 32 * 3 * 3 * 3
    number, height, width = message.maps
    assert (number, message.of, len(message.channels)) == (32, 96, 32)
    assert (height, width) == (23, 40)
    values = np.frombuffer(maps, np.uint8).reshape(message.maps)
    assert (values.max((1, 2)) == 255).all()
    assert (values.min((1, 2)) == 0).all()


def test_a_norms_maps_are_not_its_convolutions(window: PipeWindow) -> None:
    shown = []
    for layer in ("encoder._conv_stem", "encoder._bn0", "relu6"):
        _, (_, maps) = window.until(Inside, ask_inside(window, layer))
        shown.append(maps)
    assert shown[1] != shown[2]


def test_a_classifier_is_looked_into_as_well(window: PipeWindow) -> None:
    request = ask_inside(window, "_blocks.15._project_conv", "imagenet:efficientnet-lite0")
    message, _ = window.until(Inside, request)
    assert (message.of, message.maps) == (320, (32, 7, 7))


@pytest.mark.parametrize(
    ("layer", "said"), [("encoder.nowhere", "no layer"), ("_fc", "makes numbers")]
)
def test_a_layer_without_maps_is_said_to_have_none(
    window: PipeWindow, layer: str, said: str
) -> None:
    request = ask_inside(window, layer, "imagenet:efficientnet-lite0")
    failure, _ = window.until(Failed, request)
    assert said in failure.what
    assert failure.remedy


def test_an_unknown_network_is_refused_and_the_engine_goes_on(window: PipeWindow) -> None:
    request = next(requests)
    window.send(Describe(request=request, network="nonsense"))
    failure, _ = window.until(Failed, request)
    assert "nonsense" in failure.what
    assert described(window, "vgg16", classifier=True).description.weighty == 16


def test_a_look_that_waits_for_its_image_is_cancelled(window: PipeWindow) -> None:
    key, _ = png(picture(64, 64, seed=9))
    request = next(requests)
    window.send(
        LookInside(request=request, image=key, model="starter:unet", classes=CLASSES, layer="head")
    )
    window.wait_for_want(key)
    window.send(Cancel(request=request))
    window.until(Cancelled, request)
