"""The lecture's classifiers: their published sizes, their heads, their weights' places."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnseg_models.alexnet2012 import AlexNet2012
from cnnseg_models.classifiers import (
    CLASSIFIERS,
    IMAGENET_LABELS,
    build_classifier,
    build_empty_classifier,
)
from cnnseg_models.published import load_published

PUBLISHED = {
    "efficientnet-lite0": 4_652_008,
    "alexnet-2012": 60_965_224,
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "vgg16_bn": 138_365_992,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet50-v2": 25_557_032,
    "resnet101": 44_549_160,
    "resnet101-v2": 44_549_160,
    "resnet152": 60_192_808,
    "resnet152-v2": 60_192_808,
    "googlenet": 13_004_888,
    "inception_v3": 27_161_264,
}
"""Parameters, those of auxiliary heads included."""
WITHOUT_HEADS = {"googlenet": 6_624_904, "inception_v3": 23_834_568}


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_every_classifier_has_its_published_size_to_the_unit() -> None:
    assert {name: count(build_empty_classifier(name)) for name in CLASSIFIERS} == PUBLISHED


def test_auxiliary_heads_are_only_for_learning() -> None:
    for name, published in WITHOUT_HEADS.items():
        network = build_empty_classifier(name)
        heads = [p for key, p in network.named_parameters() if key.lower().startswith("aux")]
        assert count(network) - sum(p.numel() for p in heads) == published


def test_vgg16s_convolutions_have_14714688_weights() -> None:
    convolutions = build_empty_classifier("vgg16").features
    assert isinstance(convolutions, nn.Module)
    assert count(convolutions) == 14_714_688


def test_alexnet_of_2012_layer_by_layer() -> None:
    with torch.device("meta"):
        grouped, ungrouped = AlexNet2012(), AlexNet2012(grouped=False)
    layers = [m for m in grouped.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert [count(layer) for layer in layers] == [
        *(34_944, 307_456, 885_120, 663_936, 442_624),
        *(37_752_832, 16_781_312, 4_097_000),
    ]
    assert count(ungrouped) == 62_378_344


def test_the_second_half_of_alexnets_kernels_does_not_see_the_first_half_of_the_image() -> None:
    """Two graphics cards: what changes on one does not reach the other's second layer."""
    torch.manual_seed(0)
    second = AlexNet2012(labels=2).features[4]
    x = torch.rand(1, 96, 13, 13)
    changed = x.clone()
    changed[:, :48] += 1
    with torch.no_grad():
        apart = (second(changed) - second(x)).abs().amax((0, 2, 3))
    assert (apart[:128] > 0).all()
    assert (apart[128:] == 0).all()


def test_alexnets_response_norm_is_the_papers() -> None:
    """b = a / (2 + 1e-4 · Σ a² over 5 neighbours)^0.75, α not divided by 5."""
    norm = AlexNet2012(labels=2).features[2]
    a = torch.rand(1, 7, 2, 2, dtype=torch.float64) * 100
    wanted = torch.stack(
        [
            a[:, i] / (2 + 1e-4 * a[:, max(0, i - 2) : i + 3].square().sum(1)) ** 0.75
            for i in range(7)
        ],
        1,
    )
    torch.testing.assert_close(norm(a), wanted)


def test_alexnets_first_map_is_55_cells_wide_and_its_last_6() -> None:
    features = AlexNet2012(labels=2).features.eval()
    x = torch.rand(1, 3, 224, 224)
    sides = []
    with torch.no_grad():
        for layer in features:
            x = layer(x)
            sides.append(x.shape[-1])
    assert sides[0] == 55
    assert sides[-1] == 6


def test_there_is_a_label_for_every_logit() -> None:
    assert len(IMAGENET_LABELS) == len(set(IMAGENET_LABELS)) == 1000
    assert IMAGENET_LABELS[0] == "tench"
    for name in CLASSIFIERS:
        last = [
            v
            for k, v in build_empty_classifier(name).state_dict().items()
            if k.startswith(CLASSIFIERS[name].last)
        ]
        assert last
        assert all(value.shape[0] == 1000 for value in last), name


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "inception_v3", "efficientnet-lite0"])
def test_a_classifier_scores_its_own_labels(name: str) -> None:
    network = build_classifier(name, 4).eval()
    side = CLASSIFIERS[name].preprocessing.crop
    with torch.no_grad():
        assert network(torch.rand(1, 3, side, side)).shape == (1, 4)


@pytest.mark.parametrize(("name", "heads"), [("googlenet", 2), ("inception_v3", 1)])
def test_auxiliary_heads_speak_while_learning(name: str, heads: int) -> None:
    network = build_classifier(name, 4).train()
    side = CLASSIFIERS[name].preprocessing.crop
    out = network(torch.rand(2, 3, side, side))
    assert [tuple(each.shape) for each in out] == [(2, 4)] * (1 + heads)
    assert CLASSIFIERS[name].auxiliary == {"googlenet": 0.3, "inception_v3": 0.4}[name]


def test_published_weights_go_where_their_names_say() -> None:
    torch.manual_seed(1)
    state = build_classifier("resnet18").state_dict()
    for key in [key for key in state if key.endswith("num_batches_tracked")]:
        del state[key]  # as in older files
    network = build_empty_classifier("resnet18")
    load_published(network, state)
    assert all(torch.equal(network.state_dict()[key], state[key]) for key in state)
    fewer = build_classifier("resnet18", 3)
    load_published(fewer, state, without=CLASSIFIERS["resnet18"].last)
    assert torch.equal(fewer.state_dict()["layer4.1.conv2.weight"], state["layer4.1.conv2.weight"])
    assert fewer.state_dict()["fc.weight"].shape[0] == 3


def test_another_networks_weights_are_refused_by_name_and_shape() -> None:
    state = build_classifier("resnet18").state_dict()
    with pytest.raises(ValueError, match="is missing"):
        load_published(build_empty_classifier("resnet34"), state)
    with pytest.raises(ValueError, match=r"fc\.weight is \[1000, 512\]"):
        load_published(build_empty_classifier("resnet18", 3), state)
