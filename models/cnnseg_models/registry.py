"""The segmentation networks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch

from cnnseg_models.fcn import FCN
from cnnseg_models.fcn_lite0 import FCNLite0
from cnnseg_models.fcn_resnet import VOC_CLASSES, FCNResNet
from cnnseg_models.segmentation import SegmentationNetwork
from cnnseg_models.unet import UNet
from cnnseg_models.unet_encoder import UNetEncoder


@dataclass(frozen=True)
class Entry:
    """A network: how it is made, and what to say about it."""

    make: Callable[..., SegmentationNetwork]
    text: str
    weights: str = ""
    """The name of the published weights it can begin from; it then has the option `pretrained`."""
    label_names: tuple[str, ...] = ()
    """Classes that those weights know already; empty where they are a classifier's."""
    coarser: str = ""
    """The network that it goes on from in staged training."""
    choices: Mapping[str, tuple[bool | int | str, ...]] = field(default_factory=dict)
    """What a person may choose: the values of its options, the default first."""


@dataclass(frozen=True)
class Description:
    """What a person may want to know before choosing a network."""

    name: str
    text: str
    parameters: int
    """With 3 channels in, 2 classes and the options' defaults."""


_BEGIN = {"pretrained": (True, False)}


def _unet(encoder: str, text: str, weights: str = "") -> Entry:
    make = partial(UNetEncoder, encoder=encoder)
    return Entry(make, text, weights or encoder, choices=_BEGIN)


def _fcn(stride: int, backbone: str, text: str) -> Entry:
    make = partial(FCN, backbone=backbone, stride=stride)
    choices: dict[str, tuple[bool | int | str, ...]] = {
        **_BEGIN,
        "upsampling": ("learnt", "fixed"),
    }
    if stride == 32:
        return Entry(make, text, backbone, choices=choices)
    choices["at_once"] = (True, False)
    return Entry(make, text, backbone, coarser=f"fcn{2 * stride}s-{backbone}", choices=choices)


NETWORKS: dict[str, Entry] = {
    "unet": Entry(
        UNet,
        "U-Net of the 2015 paper, padded and with batch norm: learns from nothing, slowly.",
        choices={
            "width": (64, 32, 16),
            "upsampling": ("nearest", "bilinear"),
            "padded": (True, False),
            "norm": (True, False),
        },
    ),
    "unet-lite0": _unet(
        "lite0",
        "U-Net on EfficientNet-Lite0, which has seen ImageNet: small, and learns in a minute.",
        "efficientnet-lite0",
    ),
    "fcn-lite0": Entry(
        FCNLite0,
        "FCN on EfficientNet-Lite0, which has seen ImageNet: small, and learns in seconds.",
        "efficientnet-lite0",
        choices=_BEGIN,
    ),
    "unet-resnet18": _unet("resnet18", "U-Net on ResNet-18."),
    "unet-resnet34": _unet("resnet34", "U-Net on ResNet-34."),
    "unet-resnet50": _unet("resnet50", "U-Net on ResNet-50."),
    "unet-vgg16": _unet("vgg16", "U-Net on VGG16's thirteen convolutions."),
    "unet-alexnet": _unet("alexnet", "U-Net on AlexNet's five convolutions: coarse and quick."),
    "unet-googlenet": _unet("googlenet", "U-Net on GoogLeNet's inception modules."),
    "fcn32s-vgg16": _fcn(32, "vgg16", "FCN on VGG16, upsampled in one step: coarse outlines."),
    "fcn16s-vgg16": _fcn(16, "vgg16", "FCN on VGG16 that also scores pool4."),
    "fcn8s-vgg16": _fcn(8, "vgg16", "FCN on VGG16 that also scores pool4 and pool3."),
    "fcn32s-alexnet": _fcn(32, "alexnet", "FCN on AlexNet, upsampled in one step."),
    "fcn32s-googlenet": _fcn(32, "googlenet", "FCN on GoogLeNet, upsampled in one step."),
    "fcn-resnet50": Entry(
        partial(FCNResNet, depth=50),
        "FCN on a dilated ResNet-50; its weights know the 20 everyday objects of Pascal VOC.",
        "fcn-resnet50",
        VOC_CLASSES,
        choices=_BEGIN,
    ),
    "fcn-resnet101": Entry(
        partial(FCNResNet, depth=101),
        "FCN on a dilated ResNet-101; its weights know the 20 everyday objects of Pascal VOC.",
        "fcn-resnet101",
        VOC_CLASSES,
        choices=_BEGIN,
    ),
}


def names() -> tuple[str, ...]:
    """What `build` knows."""
    return tuple(NETWORKS)


def build(
    name: str, *, in_channels: int = 3, classes: int, **options: object
) -> SegmentationNetwork:
    """A new network with random weights.

    Args:
        name: one of `names()`.
        in_channels: of the image, 1 to 4.
        classes: of the logits.
        options: the network's own, e.g. for "unet" `width`, `upsampling`, `padded`, `norm` and
            `dropout`; `pretrained` for those that can begin from published weights.

    Raises:
        KeyError: no such network.
        TypeError: no such option.
        ValueError: an option's value that it cannot take.
    """
    return NETWORKS[name].make(in_channels, classes, **options)


def build_empty(
    name: str, *, in_channels: int = 3, classes: int, **options: object
) -> SegmentationNetwork:
    """As `build`, on the meta device: shapes without memory, for weights that are at hand.

    Raises:
        KeyError, TypeError, ValueError: as `build`.
    """
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
