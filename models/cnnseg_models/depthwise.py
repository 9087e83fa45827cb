"""Depthwise convolution whose backward pass is fast on a processor, in bfloat16 too.

oneDNN's bfloat16 gradients of a depthwise convolution are slow (1152 channels, 5×5, 4×8²: 57 ms
against 2 ms in float32, measured on two cores with AMX). Here the input's gradient of stride 1 is
a forward convolution with the kernel turned round, and the weights' gradient is summed in float32.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

_FEW_CELLS = 256
"""Below that, summing tap by tap beats oneDNN's float32 kernel, which then is unsteady: 2–40 ms."""


class _Context(Protocol):
    """What autograd hands from the forward to the backward pass."""

    saved_tensors: tuple[Tensor, ...]
    needs_input_grad: tuple[bool, ...]
    stride: int
    padding: int

    def save_for_backward(self, *tensors: Tensor) -> None: ...


def depthwise(x: Tensor, weight: Tensor, bias: Tensor, *, stride: int, padding: int) -> Tensor:
    """A convolution of every channel with its own kernel, in the precision of `x`.

    Args:
        x: [N, C, H, W], best in channels_last.
        weight: [C, 1, k, k], of any precision.
        bias: [C].
        stride: of both axes.
        padding: zeros on each side of both axes.
    """
    y: Tensor = _Depthwise.apply(x, weight, bias, stride, padding)
    return y


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: _Context, x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(x, weight.to(x.dtype), bias.to(x.dtype), stride, padding, 1, x.shape[1])

    @staticmethod
    def backward(ctx: _Context, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        stride, padding = ctx.stride, ctx.padding
        grad = grads[0].contiguous(memory_format=torch.channels_last)
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad[:3]
        grad_x = grad_weight = None
        if needs_x and stride == 1:
            turned = weight.flip(2, 3).to(grad.dtype)
            around = weight.shape[2] - 1 - padding
            grad_x, needs_x = F.conv2d(grad, turned, None, 1, around, 1, x.shape[1]), False
        if needs_weight and stride == 1 and grad.shape[2] * grad.shape[3] < _FEW_CELLS:
            grad_weight, needs_weight = _tap_by_tap(x, grad, weight.shape[2], padding), False
        if needs_x or needs_weight:
            of_x, of_weight = _in_float32(x, grad, weight, stride, padding, needs_x, needs_weight)
            grad_x = of_x.to(x.dtype) if needs_x else grad_x
            grad_weight = of_weight if needs_weight else grad_weight
        grad_bias = grad.sum((0, 2, 3), dtype=torch.float32) if needs_bias else None
        return grad_x, grad_weight, grad_bias, None, None


def _in_float32(
    x: Tensor,
    grad: Tensor,
    weight: Tensor,
    stride: int,
    padding: int,
    needs_x: bool,
    needs_weight: bool,
) -> tuple[Tensor, Tensor]:
    """Gradients of the input and of the weights; undefined where they are not needed."""
    of_x, of_weight, _ = torch.ops.aten.convolution_backward(
        grad.float(),
        x.float(),
        weight.float(),
        None,
        [stride, stride],
        [padding, padding],
        [1, 1],
        False,
        [0, 0],
        x.shape[1],
        [needs_x, needs_weight, False],
    )
    return of_x, of_weight


def _tap_by_tap(x: Tensor, grad: Tensor, side: int, padding: int) -> Tensor:
    """The weights' gradient of stride 1, float32[C, 1, side, side]."""
    rows, columns = grad.shape[2:]
    around = F.pad(x, [padding] * 4).permute(0, 2, 3, 1)
    last = grad.permute(0, 2, 3, 1)
    taps = [
        (around[:, i : i + rows, j : j + columns] * last).sum((0, 1, 2), dtype=torch.float32)
        for i in range(side)
        for j in range(side)
    ]
    return torch.stack(taps, 1).view(-1, 1, side, side)
