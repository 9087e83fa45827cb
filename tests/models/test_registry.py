"""Networks by name, and what they all have in common."""

from __future__ import annotations

import pytest
import torch

from cnnseg_models.registry import NETWORKS, build, build_empty, describe, names
from cnnseg_models.segmentation import SegmentationNetwork

SMALL: dict[str, dict[str, int | bool | str]] = {"unet": {"width": 4}}
LIGHT = tuple(name for name in names() if not name.endswith(("s-vgg16", "s-alexnet")))
"""Without the dense layers of 100 million weights, whose one step each is taken below."""


def made(name: str, *, classes: int = 5, in_channels: int = 3) -> SegmentationNetwork:
    torch.manual_seed(0)
    options = dict(SMALL.get(name, {}))
    if NETWORKS[name].weights:
        options["pretrained"] = False  # norms that learn, since the weights are random
    return build(name, classes=classes, in_channels=in_channels, **options)


@pytest.fixture(params=LIGHT)
def network(request: pytest.FixtureRequest) -> SegmentationNetwork:
    return made(request.param)


@pytest.mark.parametrize("name", names())
def test_every_network_scores_every_pixel_and_learns(name: str) -> None:
    """From one pixel up; then one step, after which every weight that may learn has moved."""
    network = made(name).eval()
    with torch.no_grad():
        for size in ((1, 1), (2, 90), (37, 65)):
            assert network(torch.rand(1, 3, *size)).shape == (1, 5, *size)
    network.train()
    target = torch.randint(0, 5, (2, 33, 40))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(2):  # scores that begin at 0 pass no gradient on before they have moved
        loss = torch.nn.functional.cross_entropy(network(torch.rand(2, 3, 33, 40)), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.isfinite()
    silent = [n for n, p in network.named_parameters() if p.requires_grad and p.grad is None]
    assert not silent


@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("name", LIGHT)
def test_every_network_takes_one_to_four_channels(name: str, channels: int) -> None:
    network = made(name, classes=2, in_channels=channels).eval()
    with torch.no_grad():
        assert network(torch.rand(1, channels, 19, 40)).shape == (1, 2, 19, 40)


def test_a_grey_image_is_seen_as_a_colour_image_of_its_greys() -> None:
    grey, colour = made("unet-resnet18", in_channels=1), made("unet-resnet18")
    x = torch.rand(1, 1, 64, 64)
    for one, other in zip(
        grey.encoder.taps(grey.rgb(x)), colour.encoder.taps(x.expand(1, 3, 64, 64)), strict=True
    ):
        assert one.shape == other.shape
    assert torch.equal(grey.rgb(x), x.expand(1, 3, 64, 64))


def test_five_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 4 channels"):
        build("unet-resnet18", classes=2, in_channels=5)


def test_the_class_layers_are_all_that_differs_between_sets_of_classes() -> None:
    for name in names():
        few, many = (build_empty(name, classes=n, **SMALL.get(name, {})) for n in (2, 7))
        before, after = few.state_dict(), many.state_dict()
        differ = {key.rpartition(".")[0] for key in before if before[key].shape != after[key].shape}
        assert differ == set(few.class_layers()), name
        assert few.class_layers()[0] in dict(few.named_modules())
        assert few.get_submodule(few.class_layers()[0]) is few.head
        assert (few.classes, many.classes) == (2, 7)


def test_channels_last_gives_the_same_logits(network: SegmentationNetwork) -> None:
    network.double().eval()
    x = torch.rand(1, 3, 50, 70, dtype=torch.float64)
    with torch.no_grad():
        plain = network(x)
        network.to(memory_format=torch.channels_last)
        other = network(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(plain, other, rtol=1e-7, atol=1e-9)


def test_only_a_pretrained_encoder_learns_slowly() -> None:
    lite = build("unet-lite0", classes=2)
    slow = {id(p) for p in lite.encoder_parameters()}
    fast = [name for name, p in lite.named_parameters() if id(p) not in slow]
    assert fast
    assert all(name.startswith(("decoder.", "head.")) for name in fast)
    assert build("unet-lite0", classes=2, pretrained=False).encoder_parameters() == []
    assert build("unet", classes=2, width=2).encoder_parameters() == []


WITH_NORMS = ("unet-lite0", "unet-resnet18", "unet-googlenet", "fcn32s-googlenet", "fcn-resnet50")


@pytest.mark.parametrize("name", WITH_NORMS)
def test_a_pretrained_encoder_keeps_its_statistics_while_learning(name: str) -> None:
    def moved(network: SegmentationNetwork) -> set[str]:
        parts = [part for part in ("encoder", "features", "backbone") if hasattr(network, part)]
        encoder = network.get_submodule(parts[0])
        before = {k: v.clone() for k, v in encoder.state_dict().items() if "running" in k}
        network.train()
        network(torch.rand(2, 3, 64, 64))
        after = encoder.state_dict()
        return {k for k in before if (after[k] != before[k]).any()}

    assert not moved(build(name, classes=2))
    assert moved(build(name, classes=2, pretrained=False))


def test_an_empty_network_has_shapes_and_no_memory() -> None:
    for name in names():
        empty = build_empty(name, classes=2, **SMALL.get(name, {}))
        assert all(value.is_meta for value in empty.state_dict().values()), name
        if name in LIGHT:
            full = build(name, classes=2, **SMALL.get(name, {}))
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
    with pytest.raises(ValueError, match="stride 16"):
        build("fcn32s-alexnet", classes=2, stride=16)
