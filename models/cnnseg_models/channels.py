"""Images of one to four channels for networks that have learnt to see three."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in 0…1, by channel: what torchvision's weights have seen."""

_MIX = {
    1: ((1.0,), (1.0,), (1.0,)),
    2: ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5)),
    4: ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)),
}


def to_rgb(in_channels: int) -> nn.Module:
    """A module that takes [N, in_channels, H, W] to [N, 3, H, W]: a learnt 1×1 mixture.

    It begins as what a person would draw: grey as grey, two channels as red and green with their
    mean as blue, of four the first three. Three channels pass as they are.

    Raises:
        ValueError: not 1, 2, 3 or 4 channels.
    """
    if in_channels == 3:
        return nn.Identity()
    if in_channels not in _MIX:
        raise ValueError(f"images have 1 to 4 channels, not {in_channels}")
    return _Mixture(in_channels)


class _Mixture(nn.Module):
    """A 1×1 convolution in the image's precision, whatever the network's is."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(_MIX[in_channels])[..., None, None])

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight.to(x.dtype))


def normalise(x: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """(x − mean) / std by channel of [N, 3, H, W]."""
    return (x - x.new_tensor(mean).view(1, 3, 1, 1)) / x.new_tensor(std).view(1, 3, 1, 1)
