"""Dense convolution: forward and gradients against autograd's own, on either way."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_models import dense as module
from cnnseg_models.conv_norm import conv_norm
from cnnseg_models.dense import DenseConv, dense


@pytest.fixture(params=["AVX2", "AVX512"], autouse=True)
def capability(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the processor, as far as the choice of the way goes; small images go either way."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: request.param)
    monkeypatch.setattr(module, "_CHANNELS", 3)
    monkeypatch.setattr(module, "_CELLS", 1)
    found: str = request.param
    return found


def backwards(y: Tensor, *inputs: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(y.square().sum(), inputs))


@pytest.mark.parametrize("side", [2, 3, 5])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_it_is_the_convolution_with_its_gradients(
    side: int, padding: int, layout: torch.memory_format
) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 12, 19, 9).to(memory_format=layout).requires_grad_()
    weight = torch.randn(8, 12, side, side).to(memory_format=layout).requires_grad_()
    bias = torch.randn(8, requires_grad=True)
    found = dense(x, weight, bias, padding=padding)
    expected = F.conv2d(x, weight, bias, padding=padding)
    torch.testing.assert_close(found, expected)
    for ours, theirs in zip(
        backwards(found, x, weight, bias), backwards(expected, x, weight, bias), strict=True
    ):
        assert ours.shape == theirs.shape
        assert (ours - theirs).norm() <= 1e-5 * theirs.norm()


def test_the_way_is_that_of_the_processor(capability: str) -> None:
    x, weight = torch.randn(1, 3, 6, 6), torch.randn(2, 3, 3, 3, requires_grad=True)
    y = dense(x, weight, None, padding=1)
    assert ("_Dense" in type(y.grad_fn).__name__) == (capability == "AVX2")
    with torch.autocast("cpu", torch.bfloat16):
        y = dense(x, weight, None, padding=1)
    assert y.dtype == torch.bfloat16
    assert "_Dense" not in type(y.grad_fn).__name__
    with torch.no_grad():
        assert dense(x, weight, None, padding=1).grad_fn is None


def test_what_needs_no_gradient_gets_none() -> None:
    x, bias = torch.randn(1, 3, 6, 6), torch.zeros(2)
    weight = torch.randn(2, 3, 3, 3, requires_grad=True)
    dense(x, weight, bias, padding=1).sum().backward()
    assert x.grad is None
    assert bias.grad is None
    assert weight.grad is not None
    weight.grad, weight.requires_grad, x.requires_grad = None, False, True
    dense(x, weight, None, padding=1).sum().backward()
    assert x.grad is not None
    assert weight.grad is None


def test_a_layer_is_torch_s_own_with_the_same_weights() -> None:
    torch.manual_seed(0)
    ours, theirs = DenseConv(4, 6, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 4, 7, 5)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("training", [True, False])
def test_behind_a_norm_the_gradients_stay(training: bool) -> None:
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6).train(training)
    x = torch.randn(2, 4, 8, 8, requires_grad=True)
    learnt = [x, conv.weight, norm.weight, norm.bias]
    found = backwards(conv_norm(x, conv, norm), *learnt)
    expected = backwards(norm(conv(x)), *learnt)
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours - theirs).norm() <= 1e-4 * theirs.norm() + 1e-5
