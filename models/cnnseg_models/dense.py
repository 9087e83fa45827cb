"""Dense convolution whose backward pass is fast on a processor with AVX2.

oneDNN has no fast kernel there for the weights' gradient in channels_last float32 (64 → 64
channels, 3×3, 2×128²: 108 ms on two cores, the input's gradient 19). In its own layout the same
gradient takes 26 ms, about 50 with the way there. Processors with AVX-512, where this was not
measured, go torch's own way.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_CHANNELS, _CELLS = 32, 64 * 64
"""Of the input, from which on its own layout is worth the way there: 1.6–3.5 × faster, measured;
below 0.4–1.3 ×."""


class _Context(Protocol):
    """What autograd hands from the forward to the backward pass."""

    saved_tensors: tuple[Tensor, ...]
    needs_input_grad: tuple[bool, ...]
    padding: int

    def save_for_backward(self, *tensors: Tensor) -> None: ...


class DenseConv(nn.Conv2d):
    """A convolution of stride 1 with a square kernel."""

    def __init__(self, before: int, after: int, side: int, *, padding: int = 0) -> None:
        super().__init__(before, after, side, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, H, W] → [N, after, H + 2 padding − side + 1, W + 2 padding − side + 1]."""
        return dense(x, self.weight, self.bias, padding=int(self.padding[0]))


def dense(x: Tensor, weight: Tensor, bias: Tensor | None, *, padding: int) -> Tensor:
    """A convolution of stride 1, with zeros round `x`.

    Args:
        x: [N, C, H, W], best in channels_last.
        weight: [D, C, k, k].
        bias: [D].
        padding: on each side of both axes.
    """
    if not (torch.is_grad_enabled() and weight.requires_grad and _slow_by_itself(x)):
        return F.conv2d(x, weight, bias, padding=padding)
    y: Tensor = _Dense.apply(x, weight, bias, padding)
    return y


def _slow_by_itself(x: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and x.shape[1] >= _CHANNELS
        and x.shape[2] * x.shape[3] >= _CELLS
        and torch.backends.cpu.get_cpu_capability() == "AVX2"
    )


class _Dense(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: _Context, x: Tensor, weight: Tensor, bias: Tensor | None, padding: int
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.padding = padding
        return F.conv2d(x, weight, bias, padding=padding)

    @staticmethod
    def backward(ctx: _Context, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad[:3]
        grad_x = grad_weight = grad_bias = None
        if needs_x:
            last = grads[0].contiguous(memory_format=torch.channels_last)
            grad_x, _, _ = _gradients(last, x, weight, ctx.padding, (True, False, False))
        if needs_weight or needs_bias:
            wanted = False, needs_weight, needs_bias
            _, grad_weight, grad_bias = _gradients(
                grads[0].contiguous(), x.contiguous(), weight.contiguous(), ctx.padding, wanted
            )
        return grad_x, grad_weight, grad_bias, None


def _gradients(
    grad: Tensor, x: Tensor, weight: Tensor, padding: int, wanted: tuple[bool, bool, bool]
) -> tuple[Tensor, Tensor, Tensor]:
    """Of input, weights and bias; undefined where they are not wanted."""
    found: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.convolution_backward(
        grad,
        x,
        weight,
        [len(weight)],
        [1, 1],
        [padding, padding],
        [1, 1],
        False,
        [0, 0],
        1,
        list(wanted),
    )
    return found
