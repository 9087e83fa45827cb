"""The segmentation networks by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from cnnseg_models.segmentation import SegmentationNetwork
from cnnseg_models.unet import UNet
from cnnseg_models.unet_lite0 import UNetLite0


@dataclass(frozen=True)
class Entry:
    """A network: how it is made, and what to say about it."""

    make: Callable[..., SegmentationNetwork]
    text: str
    pretrained: bool = False
    """It has an option of this name: an encoder with weights of its own."""


@dataclass(frozen=True)
class Description:
    """What a person may want to know before choosing a network."""

    name: str
    text: str
    parameters: int
    """With 3 channels in, 2 classes and the options' defaults."""


NETWORKS: dict[str, Entry] = {
    "unet": Entry(
        UNet,
        "U-Net of the 2015 paper, padded and with batch norm: learns from nothing, slowly.",
    ),
    "unet-lite0": Entry(
        UNetLite0,
        "U-Net on EfficientNet-Lite0, which has seen ImageNet: small, and learns in a minute.",
        pretrained=True,
    ),
}


def names() -> tuple[str, ...]:
    """What `build` knows."""
    return tuple(NETWORKS)


def build(
    name: str, *, in_channels: int = 3, classes: int, **options: object
) -> SegmentationNetwork:
    """A new network: random weights, but for encoders whose weights are at hand.

    Args:
        name: one of `names()`.
        in_channels: of the image.
        classes: of the logits.
        options: the network's own: for "unet" `width`, `upsampling`, `padded`, `norm`,
            `dropout`; for "unet-lite0" `pretrained`.

    Raises:
        KeyError: no such network.
        TypeError: no such option.
        ValueError: an option's value that it cannot take.
        WeightsError: its pretrained weights are missing or damaged.
    """
    return NETWORKS[name].make(in_channels, classes, **options)


def build_empty(
    name: str, *, in_channels: int = 3, classes: int, **options: object
) -> SegmentationNetwork:
    """As `build`, on the meta device: shapes without memory, for weights that are at hand.

    Raises:
        KeyError, TypeError, ValueError: as `build`.
    """
    if NETWORKS[name].pretrained:
        options = {**options, "pretrained": False}
    with torch.device("meta"):
        return build(name, in_channels=in_channels, classes=classes, **options)


def describe(name: str) -> Description:
    """Short text and size of a network.

    Raises:
        KeyError: no such network.
    """
    network = build_empty(name, classes=2)
    parameters = sum(p.numel() for p in network.parameters())
    return Description(name, NETWORKS[name].text, parameters)
