"""EfficientNet-Lite0: a classifier of ImageNet's 1,000 labels, and an encoder.

Tan and Le, "EfficientNet" (ICML 2019), in the form for small devices
(github.com/tensorflow/tpu, models/official/efficientnet/lite): ReLU6, no squeeze-and-excitation,
stem and head not scaled. Names of parameters, padding and input as in the published weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_models.conv_norm import conv_norm

# repeats, kernel, stride, expansion, channels out
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM = 32
_HEAD = 1280
_EPS, _MOMENTUM = 1e-3, 0.01

TAP_CHANNELS = (16, 24, 40, 112, 320)
"""Channels of `EfficientNetLite0.taps`, at strides 2, 4, 8, 16 and 32."""
TAPPED = (0, 2, 4, 10, 15)
"""The blocks whose outputs these are: the last one before each halving."""


class EfficientNetLite0(nn.Module):
    """The classifier; `taps` is what a decoder builds on.

    Args:
        labels: of the logits; 0 leaves the classifier's own layers out (an encoder only).
    """

    def __init__(self, labels: int = 1000) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, _STEM, 3, stride=2, bias=False)
        self._bn0 = _norm(_STEM)
        self._blocks = nn.ModuleList(_blocks())
        if labels:
            self._conv_head = nn.Conv2d(_STAGES[-1][-1], _HEAD, 1, bias=False)
            self._bn1 = _norm(_HEAD)
            self._dropout = nn.Dropout(0.2)
            self._fc = nn.Linear(_HEAD, labels)
        init_fan_out(self)

    def taps(self, x: Tensor, *, frozen: int = 0) -> list[Tensor]:
        """float[N, 3, H, W] in 0…1 → features at strides 2 … 32, sides rounded up.

        With 16, 24, 40, 112 and 320 channels.

        Args:
            x: the images.
            frozen: how many of the first blocks, with the stem, pass no gradient on.
        """
        learns = torch.is_grad_enabled()
        with torch.set_grad_enabled(learns and not frozen):
            x = ((x - 0.498) / 0.502).to(self._conv_stem.weight.dtype)
            x = F.relu6(conv_norm(pad_same(x, self._conv_stem), self._conv_stem, self._bn0))
        taps = []
        for index, block in enumerate(self._blocks):
            with torch.set_grad_enabled(learns and index >= frozen):
                x = block(x)
            if index in TAPPED:
                taps.append(x)
        return taps

    def forward(self, x: Tensor) -> Tensor:
        """float[N, 3, H, W] in 0…1 (224×224 as trained) → logits [N, labels]."""
        x = F.relu6(conv_norm(self.taps(x)[-1], self._conv_head, self._bn1))
        logits: Tensor = self._fc(self._dropout(x.mean((2, 3))))
        return logits


class MBConv(nn.Module):
    """Inverted residual: 1×1 expansion, k×k depthwise, 1×1 projection, sum where shapes agree."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(before, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        padding = kernel // 2 if stride == 1 else 0
        self._depthwise_conv = nn.Conv2d(
            inner, inner, kernel, stride=stride, padding=padding, groups=inner, bias=False
        )
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, after, 1, bias=False)
        self._bn2 = _norm(after)
        self._expands = expansion > 1
        self.sums = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        y = x
        if self._expands:
            y = F.relu6(conv_norm(y, self._expand_conv, self._bn0), inplace=True)
        y = pad_same(y, self._depthwise_conv)
        y = F.relu6(conv_norm(y, self._depthwise_conv, self._bn1), inplace=True)
        y = conv_norm(y, self._project_conv, self._bn2)
        return x + y if self.sums else y


def pad_same(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """TensorFlow's "SAME" for a strided convolution: ⌈side / stride⌉ out, the odd zero last."""
    if conv.padding != (0, 0):
        return x
    pads: list[int] = []
    for side, kernel, stride in zip(
        reversed(x.shape[-2:]), reversed(conv.kernel_size), reversed(conv.stride), strict=True
    ):
        total = max(0, (math.ceil(side / stride) - 1) * stride + kernel - side)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads) if any(pads) else x


def init_fan_out(module: nn.Module) -> None:
    """Normal weights of variance 2/N, N the outputs fed by one input (the reference's)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPS, momentum=_MOMENTUM)


def _blocks() -> Iterator[MBConv]:
    before = _STEM
    for repeats, kernel, stride, expansion, after in _STAGES:
        for index in range(repeats):
            yield MBConv(before, after, kernel, stride if index == 0 else 1, expansion)
            before = after
