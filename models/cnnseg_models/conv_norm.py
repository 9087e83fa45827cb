"""Convolution and batch norm as one operation, wherever the norm's statistics are fixed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from cnnseg_models.dense import dense
from cnnseg_models.depthwise import depthwise


def conv_norm(x: Tensor, conv: nn.Conv2d, norm: nn.Module) -> Tensor:
    """`norm(conv(x))`; a batch norm in eval mode is folded into the weights on the way.

    The gradients are those of the two steps, at the cost of one: a pass over the weights instead
    of a pass over the activations.

    Args:
        x: [N, conv.in_channels, H, W].
        conv: with zero padding.
        norm: `nn.BatchNorm2d` over the convolution's channels, or `nn.Identity`.
    """
    weight, bias = conv.weight, conv.bias
    folding = isinstance(norm, nn.BatchNorm2d) and not norm.training
    if isinstance(norm, nn.BatchNorm2d) and folding:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        mean = norm.running_mean if bias is None else norm.running_mean - bias
        weight, bias = weight * scale.view(-1, 1, 1, 1), norm.bias - mean * scale
    y = _convolve(x, conv, weight, bias)
    return y if folding else norm(y)


def _convolve(x: Tensor, conv: nn.Conv2d, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The convolution with other weights."""

    def run(x: Tensor) -> Tensor:
        return F.conv2d(x, weight, bias, conv.stride, conv.padding, conv.dilation, conv.groups)

    slow_backward = conv.groups > 1 and x.device.type == "cpu" and torch.is_grad_enabled()
    if slow_backward and torch.is_autocast_enabled("cpu"):
        precision = torch.get_autocast_dtype("cpu")
        with torch.autocast("cpu", enabled=False):
            if bias is not None and _is_depthwise(conv):
                stride, padding = conv.stride[0], int(conv.padding[0])
                return depthwise(x.to(precision), weight, bias, stride=stride, padding=padding)
            return run(x.float())
    if _is_dense(conv):
        return dense(x, weight, bias, padding=int(conv.padding[0]))
    return run(x)


def _is_dense(conv: nn.Conv2d) -> bool:
    """More than 1×1, of stride 1, neither grouped nor dilated, the same padding on both axes."""
    return (
        conv.stride == conv.dilation == (1, 1)
        and min(conv.kernel_size) > 1
        and conv.groups == 1
        and conv.padding_mode == "zeros"
        and not isinstance(conv.padding, str)
        and conv.padding[0] == conv.padding[1]
    )


def _is_depthwise(conv: nn.Conv2d) -> bool:
    """With a square kernel, the same stride and padding along both axes, not dilated."""
    return (
        conv.groups == conv.in_channels == conv.out_channels
        and conv.dilation == (1, 1)
        and conv.padding_mode == "zeros"
        and not isinstance(conv.padding, str)
        and all(pair[0] == pair[1] for pair in (conv.kernel_size, conv.stride, conv.padding))
    )


def fold_norms(network: nn.Module) -> None:
    """Folds every batch norm into the convolution registered right before it, in place.

    For inference: the network's function in eval mode stays the same.
    """
    for parent in network.modules():
        for conv_name, conv, norm_name, norm in _pairs(parent):
            setattr(parent, conv_name, fuse_conv_bn_eval(conv.eval(), norm.eval()))
            setattr(parent, norm_name, nn.Identity())


def _pairs(parent: nn.Module) -> Iterator[tuple[str, nn.Conv2d, str, nn.BatchNorm2d]]:
    children = list(parent.named_children())
    for (conv_name, conv), (norm_name, norm) in pairwise(children):
        if (
            isinstance(conv, nn.Conv2d)
            and isinstance(norm, nn.BatchNorm2d)
            and conv.out_channels == norm.num_features
        ):
            yield conv_name, conv, norm_name, norm
