"""FCN as published: sizes, crops, bilinear upsampling, staged training."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnseg_models.classifiers import build_classifier
from cnnseg_models.fcn import FCN, Geometry, bilinear_kernel, continue_from
from cnnseg_models.registry import build_empty


def count(network: nn.Module, *, without: str = "upscore") -> int:
    return sum(p.numel() for key, p in network.named_parameters() if without not in key)


@pytest.mark.parametrize(
    ("stride", "published"), [(32, 134_346_581), (16, 134_357_354), (8, 134_362_751)]
)
def test_fcn_on_vgg16_has_its_published_size(stride: int, published: int) -> None:
    network = build_empty(f"fcn{stride}s-vgg16", classes=21)
    assert isinstance(network, FCN)
    assert count(network) == published
    dense = [m for m in network.dense if isinstance(m, nn.Conv2d)]
    assert [count(layer) for layer in dense] == [102_764_544, 16_781_312]
    assert count(network.head) == 86_037
    assert [count(score) for score in network.score_pool] == [10_773, 5_397][: len(network.scales)]


def offsets(network: FCN) -> list[int]:
    """Where the maps are cropped, coarse to fine, the image last."""
    geometry, finer, found = Geometry(), [], []
    for index, part in enumerate(network.features):
        geometry = geometry.after(part)
        if index in network.fused:
            finer.append(geometry)
    for part in network.dense:
        geometry = geometry.after(part)
    for up in network.upscore[:-1]:
        geometry = geometry.after(up)
        found.append(finer.pop().offset_of(geometry))
    return [*found, geometry.after(network.upscore[-1]).offset_in_image()]


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("fcn32s-vgg16", [19]),
        ("fcn16s-vgg16", [5, 27]),
        ("fcn8s-vgg16", [5, 9, 31]),
        ("fcn32s-alexnet", [18]),
    ],
)
def test_the_maps_are_cropped_where_the_released_networks_are(
    name: str, published: list[int]
) -> None:
    network = build_empty(name, classes=2)
    assert isinstance(network, FCN)
    assert offsets(network) == published


@pytest.fixture(scope="module")
def shapes() -> FCN:
    network = build_empty("fcn8s-vgg16", classes=2)
    assert isinstance(network, FCN)
    return network.eval()


@given(height=st.integers(1, 1999), width=st.integers(1, 1999))
@settings(max_examples=60, deadline=None)
def test_every_size_can_be_cropped(shapes: FCN, height: int, width: int) -> None:
    logits = shapes(torch.empty(1, 3, height, width, device="meta"))
    assert logits.shape == (1, 2, height, width)


def test_the_bilinear_filter_is_the_papers() -> None:
    line = torch.tensor([0.0625, 0.1875, 0.1875, 0.0625])
    torch.testing.assert_close(bilinear_kernel(4)[0], line)
    torch.testing.assert_close(bilinear_kernel(3)[1], torch.tensor([0.5, 1.0, 0.5]))


@given(factor=st.sampled_from([2, 8, 16, 32]), value=st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_bilinear_upsampling_of_a_constant_is_constant_inside(factor: int, value: float) -> None:
    up = nn.ConvTranspose2d(1, 1, 2 * factor, stride=factor, bias=False)
    with torch.no_grad():
        up.weight.copy_(bilinear_kernel(2 * factor))
        out = up(torch.full((1, 1, 5, 5), value))[..., factor:-factor, factor:-factor]
    torch.testing.assert_close(out, torch.full_like(out, value), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "stride", "values"),
    [(3, 2, {1, 2, 4}), (5, 2, {4, 6, 9}), (4, 2, {4}), (2, 2, {1}), (64, 32, {4})],
)
def test_overlap_of_transposed_convolutions(kernel: int, stride: int, values: set[int]) -> None:
    """The artefact the lecture speaks of: uneven overlap where the stride does not divide."""
    up = nn.ConvTranspose2d(1, 1, kernel, stride=stride, bias=False)
    nn.init.ones_(up.weight)
    with torch.no_grad():
        out = up(torch.ones(1, 1, 8, 8))[0, 0, kernel:-kernel, kernel:-kernel]
    assert {int(value) for value in out.unique()} == values


def test_fixed_upsampling_does_not_learn() -> None:
    for kind, learns in (("learnt", True), ("fixed", False)):
        network = build_empty("fcn16s-vgg16", classes=2, upsampling=kind)
        assert isinstance(network, FCN)
        assert all(p.requires_grad == learns for p in network.upscore.parameters())
    with pytest.raises(ValueError, match="learnt or fixed"):
        build_empty("fcn16s-vgg16", classes=2, upsampling="guessed")


def taught(network: FCN) -> FCN:
    """Scores as if it had learnt something."""
    torch.manual_seed(3)
    for layer in (network.head, *network.score_pool):
        assert isinstance(layer, nn.Conv2d)
        nn.init.normal_(layer.weight, std=0.05)
    return network.eval()


def test_staged_training_begins_where_the_coarser_network_ended() -> None:
    """32s → 16s → 8s; only where a map is upsampled in two steps does it differ a little."""
    torch.manual_seed(0)
    x = torch.rand(1, 3, 70, 90)
    coarser = taught(FCN(3, 3, stride=32))
    for stride in (16, 8):
        finer = FCN(3, 3, stride=stride, at_once=False).eval()
        with torch.no_grad():
            assert finer(x).abs().max() == 0
            continue_from(finer, coarser)
            wanted, found = coarser(x), finer(x)
        assert found.std() > 0
        agreement = torch.corrcoef(torch.stack((wanted.flatten(), found.flatten())))[0, 1]
        assert agreement > 0.99
        coarser = finer


def test_at_once_training_scales_the_finer_maps_and_staging_undoes_it() -> None:
    with torch.device("meta"):
        at_once = FCN(3, 2, stride=8)
        staged = FCN(3, 2, stride=8, at_once=False)
    assert at_once.scales == [0.01, 0.0001]
    assert staged.scales == [1.0, 1.0]


def test_stages_that_do_not_follow_each_other_are_refused() -> None:
    with torch.device("meta"):
        networks = {stride: FCN(3, 2, stride=stride) for stride in (32, 16, 8)}
        other = FCN(3, 3, stride=32)
    with pytest.raises(ValueError, match="goes on from FCN-16s"):
        continue_from(networks[8], networks[32])
    with pytest.raises(ValueError, match="other classes"):
        continue_from(networks[16], other)


@pytest.mark.parametrize("backbone", ["alexnet", "googlenet"])
def test_it_takes_over_all_of_a_classifier_but_its_labels(backbone: str) -> None:
    torch.manual_seed(4)
    classifier = build_classifier(backbone)
    network = FCN(3, 2, backbone=backbone)
    network.load_pretrained(classifier.state_dict())
    theirs = sorted(float(p.detach().double().sum()) for p in classifier.parameters())
    for parameter in (*network.features.parameters(), *network.dense.parameters()):
        total = float(parameter.detach().double().sum())
        assert min(abs(total - each) for each in theirs) < 1e-6
    with pytest.raises(ValueError, match=r"is missing"):
        network.load_pretrained(build_classifier("resnet18").state_dict())
