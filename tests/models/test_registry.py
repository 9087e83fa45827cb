"""Networks by name, and what they all have in common."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnseg_models.registry import build, build_empty, describe, names
from cnnseg_models.segmentation import SegmentationNetwork

SMALL: dict[str, dict[str, int | bool]] = {"unet": {"width": 4}, "unet-lite0": {}}


@pytest.fixture(params=names())
def network(request: pytest.FixtureRequest) -> SegmentationNetwork:
    torch.manual_seed(0)
    return build(request.param, classes=5, **SMALL[request.param])


def test_every_network_scores_every_pixel(network: SegmentationNetwork) -> None:
    network.eval()
    with torch.no_grad():
        for size in ((1, 1), (2, 300), (37, 65)):
            assert network(torch.rand(1, 3, *size)).shape == (1, 5, *size)


def test_the_head_is_the_last_word(network: SegmentationNetwork) -> None:
    network.eval()
    assert isinstance(network.head, nn.Conv2d)
    network.head = nn.Conv2d(network.head.in_channels, 7, 1)
    nn.init.zeros_(network.head.weight)
    nn.init.constant_(network.head.bias, 3.0)  # type: ignore[arg-type]
    with torch.no_grad():
        logits = network(torch.rand(1, 3, 20, 20))
    assert logits.shape == (1, 7, 20, 20)
    assert (logits == 3).all()


def test_every_parameter_gets_a_gradient(network: SegmentationNetwork) -> None:
    network.train()
    network(torch.rand(2, 3, 64, 64)).square().mean().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None]
    assert not silent


def test_channels_last_gives_the_same_logits(network: SegmentationNetwork) -> None:
    network.eval()
    x = torch.rand(1, 3, 50, 70)
    with torch.no_grad():
        plain = network(x)
        network.to(memory_format=torch.channels_last)
        other = network(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(plain, other, rtol=1e-3, atol=1e-3)


def test_only_a_pretrained_encoder_learns_slowly() -> None:
    lite = build("unet-lite0", classes=2)
    slow = {id(p) for p in lite.encoder_parameters()}
    fast = [name for name, p in lite.named_parameters() if id(p) not in slow]
    assert fast
    assert all(name.startswith(("decoder.", "head.")) for name in fast)
    assert build("unet", classes=2, width=2).encoder_parameters() == []


def test_the_pretrained_encoder_keeps_its_statistics_while_learning() -> None:
    lite = build("unet-lite0", classes=2).train()
    before = {k: v.clone() for k, v in lite.state_dict().items() if "running" in k}
    lite(torch.rand(2, 3, 64, 64))
    moved = {k for k, v in lite.state_dict().items() if "running" in k and (v != before[k]).any()}
    assert moved
    assert all(key.startswith("decoder.") for key in moved)


def test_an_empty_network_has_shapes_and_no_memory() -> None:
    for name in names():
        empty = build_empty(name, classes=2, **SMALL[name])
        full = build(name, classes=2, **SMALL[name])
        assert all(p.is_meta for p in empty.parameters())
        shapes = {k: v.shape for k, v in empty.state_dict().items()}
        assert shapes == {k: v.shape for k, v in full.state_dict().items()}


def test_a_description_says_how_large_a_network_is() -> None:
    assert describe("unet").parameters > 30_000_000
    assert 3_000_000 < describe("unet-lite0").parameters < 5_000_000
    assert all(describe(name).text for name in names())


def test_an_unknown_name_or_option_is_refused() -> None:
    with pytest.raises(KeyError):
        build("unet-9000", classes=2)
    with pytest.raises(TypeError):
        build("unet", classes=2, colour="blue")
    with pytest.raises(ValueError, match="3 channels"):
        build("unet-lite0", classes=2, in_channels=1)
