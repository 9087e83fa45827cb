"""Patches become a batch: brought to one size, and their colours varied a little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnseg_gui.core.border_weights import Weights
from cnnseg_gui.core.mask import Pixels


def to_batch(patches: Sequence[tuple[Pixels, Pixels]], side: int) -> tuple[Tensor, Tensor]:
    """Square patches uint8[s, s, 3] with masks uint8[s, s] → a batch, images in channels_last.

    Returns:
        float32[N, 3, side, side] in 0…1 and uint8[N, side, side]; the masks are never mixed.
    """
    images, masks = [], []
    for pixels, mask in patches:
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div_(255)
        target = torch.from_numpy(mask)[None, None]
        if pixels.shape[0] != side:
            image = F.interpolate(image, (side, side), mode="bilinear", align_corners=False)
            target = F.interpolate(target, (side, side), mode="nearest-exact")
        images.append(image)
        masks.append(target[:, 0])
    batch = torch.cat(images).contiguous(memory_format=torch.channels_last)
    return batch, torch.cat(masks)


def weights_to_batch(weights: Sequence[Weights], side: int) -> Tensor:
    """Weights float32[s, s] of such patches → float32[N, side, side], beside their masks."""
    resized = [
        F.interpolate(torch.from_numpy(each)[None, None], (side, side), mode="nearest-exact")
        for each in weights
    ]
    return torch.cat(resized)[:, 0]


def vary_colours(images: Tensor, random: np.random.Generator, strength: float = 1.0) -> Tensor:
    """Other light: gain, contrast, gamma and a tint for each image of [N, 3, H, W] in 0…1."""

    def draw(spread: float, channels: int = 1) -> Tensor:
        drawn = random.uniform(-spread, spread, (len(images), channels, 1, 1)) * strength
        return torch.from_numpy(drawn.astype(np.float32))

    middle = images.mean((1, 2, 3), keepdim=True)
    contrasted = (images - middle) * (1 + draw(0.25)) + middle + draw(0.1)
    tinted = contrasted * (1 + draw(0.1, channels=3))
    return tinted.clamp_(1e-4, 1).pow(torch.exp(draw(0.25)))
