"""Depthwise convolution: forward and gradients against autograd's own."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnseg_models.depthwise import depthwise


def gradients(y: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    y.float().square().sum().backward()
    found = []
    for each in inputs:
        assert each.grad is not None
        found.append(each.grad.float().clone())
        each.grad = None
    return tuple(found)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding"),
    [(8, 5, 1, 2), (20, 5, 1, 2), (9, 3, 1, 1), (9, 3, 2, 0), (19, 5, 2, 0), (7, 3, 1, 0)],
)
def test_it_is_the_grouped_convolution_with_its_gradients(
    precision: torch.dtype, side: int, kernel: int, stride: int, padding: int
) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 24, side, side).to(precision).to(memory_format=torch.channels_last)
    x.requires_grad_()
    weight = torch.randn(24, 1, kernel, kernel).to(precision).float().requires_grad_()
    bias = torch.randn(24).to(precision).float().requires_grad_()
    found = depthwise(x, weight, bias, stride=stride, padding=padding)
    plain = x.detach().float().requires_grad_()
    expected = F.conv2d(plain, weight, bias, stride, padding, 1, 24)
    rough = 1e-4 if precision == torch.float32 else 4e-2
    assert found.dtype == precision
    torch.testing.assert_close(found.float(), expected, atol=rough, rtol=rough)
    for ours, theirs in zip(
        gradients(found, x, weight, bias), gradients(expected, plain, weight, bias), strict=True
    ):
        assert ours.shape == theirs.shape
        assert (ours - theirs).norm() <= rough / 4 * theirs.norm() + 1e-6


def test_what_needs_no_gradient_gets_none() -> None:
    x = torch.randn(1, 3, 6, 6)
    weight = torch.randn(3, 1, 3, 3, requires_grad=True)
    depthwise(x, weight, torch.zeros(3), stride=1, padding=1).sum().backward()
    assert x.grad is None
    assert weight.grad is not None
