"""Folding a norm into its convolution changes nothing but the time."""

from __future__ import annotations

import copy

import torch
from torch import nn

from cnnseg_models.conv_norm import conv_norm, fold_norms
from cnnseg_models.registry import build


def pair(groups: int, bias: bool) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(4, 4, 3, padding=1, groups=groups, bias=bias), nn.BatchNorm2d(4)
    norm.train()(torch.randn(8, 4, 5, 5) * 3 + 2)  # statistics worth the name
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    return conv, norm


def test_in_eval_mode_values_and_gradients_are_those_of_the_two_steps() -> None:
    for groups in (1, 4):
        for bias in (False, True):
            conv, norm = pair(groups, bias)
            norm.eval()
            x = torch.randn(2, 4, 6, 7, requires_grad=True)
            leaves = [x, *conv.parameters(), *norm.parameters()]
            one, two = conv_norm(x, conv, norm), norm(conv(x))
            torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)
            ones = torch.autograd.grad(one.square().sum(), leaves)
            twos = torch.autograd.grad(two.square().sum(), leaves)
            for a, b in zip(ones, twos, strict=True):
                torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


def test_in_training_mode_the_norm_follows_the_batch() -> None:
    conv, norm = pair(1, False)
    x = torch.randn(2, 4, 6, 7)
    torch.testing.assert_close(conv_norm(x, conv, norm), norm(conv(x)))


def test_a_depthwise_convolution_learns_under_autocast() -> None:
    conv, norm = pair(4, False)
    norm.eval()
    x = torch.randn(2, 4, 6, 7)
    exact = torch.autograd.grad(conv_norm(x, conv, norm).square().sum(), conv.weight)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = conv_norm(x, conv, norm).square().sum()
    rounded = torch.autograd.grad(loss, conv.weight)[0]
    torch.testing.assert_close(rounded, exact, rtol=2e-2, atol=2e-2)


def test_a_folded_network_has_no_norm_left_and_says_the_same() -> None:
    for name in ("unet", "unet-lite0"):
        torch.manual_seed(0)
        options: dict[str, int] = {"width": 4} if name == "unet" else {}
        network = build(name, classes=3, **options).eval()
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                nn.init.uniform_(part.bias)
        folded = copy.deepcopy(network)
        fold_norms(folded)
        assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())
        x = torch.rand(1, 3, 65, 40)
        with torch.no_grad():
            torch.testing.assert_close(folded(x), network(x), rtol=1e-3, atol=1e-3)
