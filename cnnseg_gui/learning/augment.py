"""Patches become a batch: brought to one size, and taken as if by another camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnseg_gui.core.border_weights import Weights
from cnnseg_gui.core.mask import Pixels

INVERTED, RECOLOURED, ROUGH = 0.1, 0.3, 0.2
"""How often `vary_imaging` does which."""
FAMILIAR = 20.0
"""Views of every decided pixel, from which on colours are varied fully.

What is seen for the first times cannot have been learnt by heart, and other colours only make it
harder to learn. Retinas, 3.8 Mpx, are seen eight times in a minute: IoU 0.640 → 0.656 (250 steps,
one seed; free rotation has its part); cracks and streets of which 3 % are labelled: 0.353 → 0.431
and 0.324 → 0.346 (no change with another seed of the cracks). With all labelled both are as before.
"""


def to_batch(
    patches: Sequence[tuple[Pixels, Pixels]], side: int, angles: Sequence[float] | None = None
) -> tuple[Tensor, Tensor]:
    """Square patches uint8[s, s, 3] with masks uint8[s, s] → a batch, images in channels_last.

    Args:
        angles: of the patches, in radians; None: they are taken as they stand.

    Returns:
        float32[N, 3, side, side] in 0…1 and uint8[N, side, side]; the masks are never mixed.
    """
    images, masks = [], []
    for (pixels, mask), angle in zip(patches, angles or [0.0] * len(patches), strict=True):
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div_(255)
        images.append(_brought(image, side, angle, "bilinear"))
        target = torch.from_numpy(mask)[None, None]
        masks.append(_brought(target.float(), side, angle, "nearest")[:, 0].byte())
    batch = torch.cat(images).contiguous(memory_format=torch.channels_last)
    return batch, torch.cat(masks)


def weights_to_batch(
    weights: Sequence[Weights], side: int, angles: Sequence[float] | None = None
) -> Tensor:
    """Weights float32[s, s] of such patches → float32[N, side, side], beside their masks."""
    return torch.cat(
        [
            _brought(torch.from_numpy(each)[None, None], side, angle, "nearest")[:, 0]
            for each, angle in zip(weights, angles or [0.0] * len(weights), strict=True)
        ]
    )


def reach(angle: float) -> float:
    """The side of the square round a square of side 1 at that angle."""
    return abs(math.cos(angle)) + abs(math.sin(angle))


def _brought(
    patch: Tensor, side: int, angle: float, mode: Literal["bilinear", "nearest"]
) -> Tensor:
    """A patch [1, C, s, s] at another size; at an angle the square in it that just fits."""
    if angle:
        cosine, sine = math.cos(angle) / reach(angle), math.sin(angle) / reach(angle)
        turn = torch.tensor([[[cosine, -sine, 0.0], [sine, cosine, 0.0]]])
        grid = F.affine_grid(turn, [1, 1, side, side], align_corners=False)
        return F.grid_sample(patch, grid, mode, "border", align_corners=False)
    if patch.shape[-1] == side:
        return patch
    if mode == "nearest":
        return F.interpolate(patch, (side, side), mode="nearest-exact")
    return F.interpolate(patch, (side, side), mode=mode, align_corners=False)


def vary_colours(images: Tensor, random: np.random.Generator, strength: float = 1.0) -> Tensor:
    """Other light: gain, contrast, gamma and a tint for each image of [N, 3, H, W] in 0…1."""

    def draw(spread: float, channels: int = 1) -> Tensor:
        drawn = random.uniform(-spread, spread, (len(images), channels, 1, 1)) * strength
        return torch.from_numpy(drawn.astype(np.float32))

    middle = images.mean((1, 2, 3), keepdim=True)
    contrasted = (images - middle) * (1 + draw(0.25)) + middle + draw(0.1)
    tinted = contrasted * (1 + draw(0.1, channels=3))
    return tinted.clamp_(1e-4, 1).pow(torch.exp(draw(0.25)))


def colour_strength(decided: int, viewed: int) -> float:
    """How strongly colours are to be varied, 0…1.

    Args:
        decided: pixels to learn from.
        viewed: decided pixels of all patches so far.
    """
    return min(1.0, viewed / FAMILIAR / max(1, decided))


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
