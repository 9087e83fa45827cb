"""U-Net: a contracting path, an expanding path, and skips between them.

Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation"
(MICCAI 2015), with upsampling + 2×2 convolution where others put a transposed convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_models.conv_norm import conv_norm
from cnnseg_models.dense import DenseConv
from cnnseg_models.segmentation import SegmentationNetwork

Upsampling = Literal["nearest", "bilinear"]

DEPTH = 4
CONTEXT = 92
"""Pixels that the valid form's output lacks on each side of its input."""


class UNet(SegmentationNetwork):
    """Channels `width` … 16 · `width`, four poolings, 23 convolutions.

    Args:
        in_channels: of the image.
        classes: of the logits.
        width: channels at full resolution; the paper's is 64.
        padded: zero-padded convolutions, any size from 1×1 up, logits of the input's size. Else
            the paper's valid convolutions: legal sides are 16 k + 12 ≥ 188 (see `is_legal_side`)
            and the logits lack `CONTEXT` pixels on each side.
        norm: batch norm after every convolution; the paper has none.
        upsampling: how the expanding path doubles a side.
    """

    def __init__(
        self,
        in_channels: int = 3,
        classes: int = 2,
        *,
        width: int = 64,
        padded: bool = True,
        norm: bool = True,
        upsampling: Upsampling = "nearest",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.padded = padded
        self.context = 0 if padded else CONTEXT
        self.upsampling = upsampling
        widths = [width << level for level in range(DEPTH + 1)]
        self.down = nn.ModuleList(
            DoubleConv(before, after, padded=padded, norm=norm)
            for before, after in zip([in_channels, *widths], widths, strict=False)
        )
        self.dropout = nn.Dropout2d(dropout)
        self.up = nn.ModuleList(UpConv(2 * c, c, upsampling) for c in reversed(widths[:-1]))
        self.merge = nn.ModuleList(
            DoubleConv(2 * c, c, padded=padded, norm=norm) for c in reversed(widths[:-1])
        )
        self.head = nn.Conv2d(width, classes, 1)
        init_he(self)

    def forward(self, x: Tensor) -> Tensor:
        """float[N, in_channels, H, W] in 0…1 → logits [N, classes, H, W], or H−184 and W−184.

        Raises:
            ValueError: a side that valid convolutions cannot take.
        """
        if not self.padded and not all(is_legal_side(side) for side in x.shape[-2:]):
            raise ValueError(f"{tuple(x.shape[-2:])}: the sides must be 16 k + 12, at least 188")
        x = ((x - 0.5) * 4).to(self.head.weight.dtype)  # photographs vary by about ¼
        skips = []
        for level, conv in enumerate(self.down):
            if level:  # rounding up: a side of 1 stays 1, and every pixel counts
                x = F.max_pool2d(x, 2, ceil_mode=True)
            x = conv(x)
            skips.append(x)
        x = self.dropout(skips.pop())
        for up, merge in zip(self.up, self.merge, strict=True):
            skip = skips.pop()
            if self.padded:
                x = up(x, skip.shape[-2:])
            else:
                x = up(x, (2 * x.shape[-2], 2 * x.shape[-1]))
                skip = crop(skip, x.shape[-2:])
            x = merge(torch.cat((skip, x), 1))
        logits: Tensor = self.head(x)
        return logits


class DoubleConv(nn.Module):
    """Twice (3×3 convolution, norm, ReLU): H×W → H×W, or H−4 × W−4 where not padded."""

    def __init__(self, before: int, after: int, *, padded: bool = True, norm: bool = True) -> None:
        super().__init__()
        padding = 1 if padded else 0
        self.conv1 = nn.Conv2d(before, after, 3, padding=padding, bias=not norm)
        self.norm1 = nn.BatchNorm2d(after) if norm else nn.Identity()
        self.conv2 = nn.Conv2d(after, after, 3, padding=padding, bias=not norm)
        self.norm2 = nn.BatchNorm2d(after) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(conv_norm(x, self.conv1, self.norm1), inplace=True)
        return F.relu(conv_norm(x, self.conv2, self.norm2), inplace=True)


class UpConv(nn.Module):
    """Upsampling, then a 2×2 convolution that sees its pixel, and those right of and below it.

    Beyond the right and bottom edge it sees zeros: 2n → 2n.
    """

    def __init__(self, before: int, after: int, upsampling: Upsampling) -> None:
        super().__init__()
        self.upsampling = upsampling
        self.conv = DenseConv(before, after, 2)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        align = False if self.upsampling == "bilinear" else None
        x = F.interpolate(x, size, mode=self.upsampling, align_corners=align)
        out: Tensor = self.conv(F.pad(x, (0, 1, 0, 1)))
        return out


def is_legal_side(side: int) -> bool:
    """Whether the valid form takes an input with this side."""
    return side >= 2 * CONTEXT + 4 and side % 16 == 12


def crop(x: Tensor, size: Sequence[int]) -> Tensor:
    """The middle of x, [N, C, size]."""
    top, left = (x.shape[-2] - size[0]) // 2, (x.shape[-1] - size[1]) // 2
    return x[..., top : top + size[0], left : left + size[1]]


def init_he(module: nn.Module) -> None:
    """Weights of variance 2/N, N the inputs of one output; biases 0 (He et al., 2015); norms 1."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            part.reset_parameters()
