"""U-Net's expanding path for any encoder's feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_models.conv_norm import conv_norm
from cnnseg_models.unet import DoubleConv, init_he

WIDTHS = (128, 64, 48, 32, 16)
"""Channels after each merge, from the coarsest to full resolution."""


class Decoder(nn.Module):
    """From the coarsest tap up: upsample to the skip's size, concatenate, 2×(3×3, norm, ReLU).

    The last skip is shallow: one 3×3 convolution of the image itself, for edges the encoder's
    stride 2 has lost.

    Args:
        in_channels: of the image.
        taps: channels of the encoder's feature maps, from fine to coarse.
        widths: channels after each merge, coarse to fine, one per tap; the last of `WIDTHS` by
            default.
    """

    def __init__(self, in_channels: int, taps: Sequence[int], widths: Sequence[int] = ()) -> None:
        super().__init__()
        widths = widths or WIDTHS[-len(taps) :]
        shallow = widths[-1]
        self.shallow = nn.Conv2d(in_channels, shallow, 3, padding=1, bias=False)
        self.shallow_norm = nn.BatchNorm2d(shallow)
        skips = [*reversed(taps[:-1]), shallow]
        below = [taps[-1], *widths[:-1]]
        self.merge = nn.ModuleList(
            DoubleConv(b + s, w) for b, s, w in zip(below, skips, widths, strict=True)
        )
        self.out_channels = widths[-1]
        init_he(self)

    def forward(self, image: Tensor, taps: Sequence[Tensor]) -> Tensor:
        """Image [N, in_channels, H, W] in 0…1, taps fine to coarse → [N, out_channels, H, W]."""
        image = ((image - 0.5) * 4).to(self.shallow.weight.dtype)
        shallow = F.relu(conv_norm(image, self.shallow, self.shallow_norm), inplace=True)
        x = taps[-1]
        for merge, skip in zip(self.merge, [*reversed(taps[:-1]), shallow], strict=True):
            x = F.interpolate(x, skip.shape[-2:], mode="nearest")
            x = merge(torch.cat((skip, x), 1))
        return x
