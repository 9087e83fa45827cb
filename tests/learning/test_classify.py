"""Labels for images: what the installed network sees, and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from weight_files import publish

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.classify import (
    LabelModel,
    classify,
    dump_labels,
    load_labels,
    published,
    resize,
    square_round,
    view,
)
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.grad_cam import explain
from cnnseg_gui.learning.label_card import LabelCard
from cnnseg_models.classifiers import CLASSIFIERS, build_classifier

COMPUTE = Compute(torch.device("cpu"), "test", torch.float32, torch.float32, 1)


@pytest.fixture(scope="module")
def lite0() -> LabelModel:
    return published("efficientnet-lite0")


def stripes(height: int = 300, width: int = 300) -> Pixels:
    """What ImageNet's networks call a zebra crossing's cousin: black and white bars."""
    bars = (np.arange(width) // 18 % 2 * 255).astype(np.uint8)
    return np.broadcast_to(bars[None, :, None], (height, width, 3)).copy()


def test_labels_come_best_first_with_their_probabilities(lite0: LabelModel) -> None:
    labels = classify(lite0, stripes(), COMPUTE, top=1000)
    probabilities = [label.probability for label in labels]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-4)
    assert probabilities[0] > 0.1, "an untrained network would say a thousandth of each"
    assert len({label.name for label in labels}) == 1000


@given(height=st.integers(1, 90), width=st.integers(1, 90))
@settings(max_examples=15, deadline=None)
def test_any_size_is_seen_as_a_square(lite0: LabelModel, height: int, width: int) -> None:
    seen = view(np.full((height, width, 3), 128, np.uint8), lite0)
    assert seen.shape == (3, 224, 224)
    assert seen.min() == pytest.approx((128 / 255 - 0.498) / 0.502, abs=1e-5)


@pytest.mark.parametrize("name", ["resnet50", "resnet50-v2", "inception_v3", "googlenet"])
def test_every_network_is_shown_what_its_weights_have_seen(name: str) -> None:
    """The whole of torchvision's own preset, from the picture to the numbers."""
    import torchvision.models as tv
    from PIL import Image

    presets = {
        "resnet50": tv.ResNet50_Weights.IMAGENET1K_V1,
        "resnet50-v2": tv.ResNet50_Weights.IMAGENET1K_V2,
        "inception_v3": tv.Inception_V3_Weights.IMAGENET1K_V1,
        "googlenet": tv.GoogLeNet_Weights.IMAGENET1K_V1,
    }
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (9, 12, 3), np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize((480, 400), Image.Resampling.BICUBIC))
    with torch.device("meta"):
        network = CLASSIFIERS[name].make(5)
    own = view(pixels, LabelModel(network, LabelCard(network=name, labels=tuple("abcde"))))
    theirs = presets[name].transforms()(Image.fromarray(pixels))
    if name in ("inception_v3", "googlenet"):  # whose wrapper goes on from ImageNet's mean
        mean, std = (
            torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        )
        theirs = (theirs * std + mean - 0.5) / 0.5
    assert own.shape == theirs.shape
    assert (own - theirs).abs().max() < 0.06  # a byte's step is 0.008 to 0.017
    assert (own - theirs).abs().mean() < 0.01


def test_a_region_is_seen_with_its_surroundings(lite0: LabelModel) -> None:
    region = Rect(40, 50, 60, 90)
    around = square_round(region)
    assert around.height == around.width == 52
    assert (around.top + around.bottom) // 2 == 50
    pixels = np.full((100, 100, 3), 255, np.uint8)
    pixels[around.clipped((100, 100)).slices] = 0
    seen = view(pixels, lite0, region)
    assert seen.max() == seen.min()


def test_a_classifier_without_published_weights_says_so() -> None:
    with pytest.raises(UserError, match="no weights are published for alexnet-2012"):
        published("alexnet-2012")
    with pytest.raises(UserError, match="no classifier"):
        published("lenet")


def test_published_weights_are_found_in_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    network = build_classifier("googlenet").eval()
    publish(monkeypatch, tmp_path / "weights", "googlenet", network.state_dict())
    model = published("googlenet")
    pixels = stripes(224, 224)
    x = (resize(pixels, (256, 256))[None, :, 16:240, 16:240] - 0.5) / 0.5
    with torch.no_grad():
        wanted = network(x).softmax(1)[0]
    best = classify(model, pixels, COMPUTE, top=1)[0]
    assert best.probability == pytest.approx(wanted.max().item(), rel=1e-3)


def test_a_stored_classifier_says_what_it_said(lite0: LabelModel) -> None:
    card, weights = dump_labels(lite0)
    again = load_labels(weights, LabelCard.from_json(card.to_json()))
    for own, theirs in zip(
        classify(again, stripes(), COMPUTE), classify(lite0, stripes(), COMPUTE), strict=True
    ):
        assert own.name == theirs.name
        assert own.probability == pytest.approx(theirs.probability, rel=1e-4)
    with pytest.raises(UserError, match="not those of the card"):
        load_labels(weights[:-1] + b"x", card, "t001")
    with pytest.raises(UserError, match="do not fit"):
        load_labels(weights, LabelCard(network="resnet18", labels=card.labels), "t001")


def test_what_speaks_for_a_label_lies_where_it_is(lite0: LabelModel) -> None:
    """A bar pattern in one corner of a grey picture: the heat is in that corner."""
    pixels = np.full((400, 400, 3), 128, np.uint8)
    pixels[:160, 240:] = stripes(160, 160)
    label = classify(lite0, pixels, COMPUTE, top=1)[0].name
    where, heat = explain(lite0, pixels, label, COMPUTE)
    assert where == Rect(0, 0, 400, 400)
    assert heat.dtype == np.float32
    assert 0 <= heat.min() < heat.max() == 1
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    assert row < heat.shape[0] / 2 <= column
    corner = heat[: heat.shape[0] // 2, heat.shape[1] // 2 :].mean()
    assert corner > 1.5 * heat.mean()


def test_the_whole_of_a_long_picture_is_explained_not_its_middle(lite0: LabelModel) -> None:
    pixels = np.full((100, 900, 3), 128, np.uint8)
    where, heat = explain(lite0, pixels, "zebra", COMPUTE)
    assert where == Rect(0, 0, 100, 900)
    assert heat.shape[1] > 3 * heat.shape[0]


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "vgg16_bn", "alexnet", "alexnet-2012"])
def test_every_kind_of_classifier_can_be_explained(name: str) -> None:
    torch.manual_seed(0)
    card = LabelCard(network=name, labels=("a", "b"), side=96)
    model = LabelModel(build_classifier(name, 2).eval(), card)
    _, heat = explain(model, stripes(96, 96), "b", COMPUTE)
    assert heat.ndim == 2
    assert np.isfinite(heat).all()
    assert 0 <= heat.min() <= heat.max() <= 1
    with pytest.raises(UserError, match="does not know"):
        explain(model, stripes(96, 96), "c", COMPUTE)


def test_explaining_leaves_the_network_as_it_was(lite0: LabelModel) -> None:
    before = {k: v.clone() for k, v in lite0.network.state_dict().items()}
    explain(lite0, stripes(), "zebra", COMPUTE, region=Rect(10, 10, 60, 60))
    assert all(torch.equal(before[k], v) for k, v in lite0.network.state_dict().items())
    assert all(p.grad is None for p in lite0.network.parameters())
