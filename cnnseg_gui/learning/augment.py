"""Patches become a batch: brought to one size, and taken as if by another camera."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnseg_gui.core.border_weights import Weights
from cnnseg_gui.core.mask import Pixels

INVERTED, RECOLOURED, ROUGH = 0.1, 0.3, 0.2
"""How often `vary_imaging` does which."""


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


def vary_imaging(images: Tensor, random: np.random.Generator) -> Tensor:
    """As if taken in another way: each image of [N, 3, H, W] in 0…1 for itself, in channels_last.

    Now and then inverted (bright on dark becomes dark on bright), in other colours or none,
    blurred, or noisy. One example of dark-field cells so teaches of stained ones, too.
    """
    varied = [_vary_one(image, random) for image in torch.split(images, 1)]
    return torch.cat(varied).contiguous(memory_format=torch.channels_last)


def _vary_one(image: Tensor, random: np.random.Generator) -> Tensor:
    inverted, coloured, rough = (random.random() < p for p in (INVERTED, RECOLOURED, ROUGH))
    if inverted:
        image = 1 - image
    if coloured:
        image = _recolour(image, random)
    if not rough:
        return image
    return _blur(image, random) if random.random() < 0.5 else _noise(image, random)


def _recolour(image: Tensor, random: np.random.Generator) -> Tensor:
    """Channels exchanged; saturation from none to half as much again."""
    exchanged = image[:, torch.from_numpy(random.permutation(3))]
    grey = exchanged.mean(1, keepdim=True)
    return grey.lerp(exchanged, float(random.uniform(0, 1.5))).clamp_(0, 1)


def _blur(image: Tensor, random: np.random.Generator) -> Tensor:
    """Fewer pixels and back again: out of focus, or from a coarser camera."""
    side = image.shape[-1]
    fewer = max(1, round(side * float(random.uniform(0.35, 0.8))))
    small = F.interpolate(image, (fewer, fewer), mode="bilinear", antialias=True)
    return F.interpolate(small, (side, side), mode="bilinear", align_corners=False)


def _noise(image: Tensor, random: np.random.Generator) -> Tensor:
    deviation = float(random.uniform(0, 0.06))
    noise = torch.from_numpy(random.standard_normal(image.shape, np.float32))
    return image.add(noise, alpha=deviation).clamp_(0, 1)
