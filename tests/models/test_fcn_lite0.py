"""Hypercolumns on EfficientNet-Lite0."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from cnnseg_models.fcn_lite0 import FROZEN_BLOCKS, HIDDEN, FCNLite0, Projection
from cnnseg_models.lite0_weights import read_weights


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (64, 64), (97, 33)])
def test_every_pixel_gets_its_logits(size: tuple[int, int]) -> None:
    network = FCNLite0(3, 5).eval()
    with torch.inference_mode():
        assert network(torch.rand(2, 3, *size)).shape == (2, 5, *size)


def test_an_odd_side_shifts_nothing() -> None:
    """A piece with odd sides is scored as it is within a larger image."""
    torch.manual_seed(0)
    network = FCNLite0(3, 2)
    network.load_pretrained(read_weights())
    image = F.interpolate(torch.rand(1, 3, 24, 24), (384, 384), mode="bicubic").clamp(0, 1)
    with torch.inference_mode():
        whole = network.eval()(image)[..., :128, :128]
        part = network(image[..., :351, :349])[..., :128, :128]
    assert (part - whole).abs().mean() < 0.02 * whole.std()


def test_a_projection_of_standardised_features_is_one_of_plain_ones() -> None:
    torch.manual_seed(0)
    projection = Projection(6)
    projection.mean.copy_(torch.randn(6))
    projection.deviation.copy_(torch.rand(6) + 0.5)
    features = torch.randn(2, 6, 4, 5)
    standard = (features - projection.mean[:, None, None]) / projection.deviation[:, None, None]
    weight, bias = projection.plain()
    expected = torch.nn.functional.conv2d(features, weight[:, :, None, None], bias)
    assert torch.allclose(projection(features), expected, atol=1e-5)
    assert torch.allclose(projection.conv(standard), expected, atol=1e-5)


def test_the_first_blocks_learn_nothing_and_all_else_does() -> None:
    network = FCNLite0(3, 2).train()
    torch.nn.init.normal_(network.fine_head.weight)
    network(torch.rand(1, 3, 64, 64)).square().sum().backward()
    still = {id(p) for block in network.encoder._blocks[:FROZEN_BLOCKS] for p in block.parameters()}
    still |= {id(p) for p in network.encoder._conv_stem.parameters()}
    still |= {id(p) for p in network.encoder._bn0.parameters()}
    for name, parameter in network.named_parameters():
        assert (parameter.grad is None) == (id(parameter) in still), name


def test_a_new_network_scores_the_fused_taps_and_nothing_else() -> None:
    """What a live head fits to kept features is what the network says before it is fine-tuned."""
    network = FCNLite0(3, 3).eval()
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        hidden = network.fuse(network.taps(image)).relu()
        coarse = network.head(hidden)
        assert hidden.shape == (1, HIDDEN, 32, 48)
        assert torch.equal(hidden, network.hidden(network.taps(image)))
        up = torch.nn.functional.interpolate(coarse, (64, 96), mode="bilinear", align_corners=False)
        assert torch.allclose(network(image), up, atol=1e-5)


def test_the_published_weights_make_the_taps_about_standard() -> None:
    network = FCNLite0(3, 2)
    network.load_pretrained(read_weights())
    projections = [part for part in network.project if isinstance(part, Projection)]
    assert all((part.deviation > 0).all() for part in projections)
    torch.manual_seed(0)
    photo = torch.nn.functional.interpolate(torch.rand(1, 3, 16, 16), (224, 224), mode="bicubic")
    with torch.inference_mode():
        taps = network.eval().taps(photo.clamp(0, 1))
    for tap, part in zip(taps, projections, strict=True):
        standard = (tap - part.mean[:, None, None]) / part.deviation[:, None, None]
        assert 0.2 < float(standard.std()) < 5
