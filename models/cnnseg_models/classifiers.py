"""The classifiers by name: AlexNet, VGG, ResNet, GoogLeNet, Inception and EfficientNet-Lite0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torchvision.models as tv
from torch import nn
from torchvision.models._meta import _IMAGENET_CATEGORIES

from cnnseg_models.alexnet2012 import AlexNet2012
from cnnseg_models.channels import IMAGENET_MEAN, IMAGENET_STD
from cnnseg_models.efficientnet_lite0 import EfficientNetLite0

IMAGENET_LABELS: tuple[str, ...] = tuple(_IMAGENET_CATEGORIES)
"""Of ImageNet-1k, by index in the published weights' logits."""


@dataclass(frozen=True)
class Preprocessing:
    """What a network's weights have seen: pixels in 0…1, resized, cropped, normalised."""

    resize: int = 256
    """Pixels, of the shorter side."""
    crop: int = 224
    """Pixels: side of the square in the middle."""
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD


@dataclass(frozen=True)
class Classifier:
    """A network: how it is made, what it wants to see, and what to say about it."""

    make: Callable[[int], nn.Module]
    """From the number of labels; random weights."""
    text: str
    last: tuple[str, ...]
    """Beginnings of the names of the layers that score the labels."""
    last_map: str
    """The layer that makes the last feature map: what Grad-CAM looks at."""
    weights: str = ""
    """The name of its published weights; empty where there are none."""
    preprocessing: Preprocessing = Preprocessing()
    smallest: int = 64
    """Pixels: side of the smallest square it can learn from."""
    auxiliary: float = 0.0
    """How much the loss of each auxiliary head counts while learning; 0: it has none."""


def _googlenet(labels: int) -> nn.Module:
    net = tv.googlenet(weights=None, num_classes=labels, aux_logits=True, init_weights=False)
    return _started(net)


def _inception(labels: int) -> nn.Module:
    net = tv.inception_v3(weights=None, num_classes=labels, aux_logits=True, init_weights=False)
    return _started(net)


def _started(network: nn.Module) -> nn.Module:
    """He's initialisation; torchvision's truncated normal takes seconds and starts worse."""
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
    return network


# What their weights have seen is 2 x − 1. torchvision's wrapper does that from ImageNet's mean and
# deviation (`transform_input`) only where it loads the weights itself.
_HALF = (0.5, 0.5, 0.5)
_DENSE, _FC = ("classifier.6.",), ("fc.",)
_V2 = Preprocessing(resize=232)


def _resnet(make: Callable[..., nn.Module]) -> Callable[[int], nn.Module]:
    return lambda labels: make(weights=None, num_classes=labels)


CLASSIFIERS: dict[str, Classifier] = {
    "efficientnet-lite0": Classifier(
        EfficientNetLite0,
        "EfficientNet-Lite0: small, and its weights come with the program.",
        ("_fc.",),
        "_blocks.15",
        "efficientnet-lite0",
        Preprocessing(mean=(0.498,) * 3, std=(0.502,) * 3),
    ),
    "alexnet-2012": Classifier(
        AlexNet2012,
        "AlexNet as in 2012: two groups of kernels, one per graphics card. No published weights.",
        _DENSE,
        "features.13",
    ),
    "alexnet": Classifier(
        _resnet(tv.alexnet),
        "AlexNet in its later form, on one graphics card.",
        _DENSE,
        "features.11",
        "alexnet",
    ),
    "vgg16": Classifier(
        _resnet(tv.vgg16),
        "VGG16: stacked 3×3 convolutions and three dense layers.",
        _DENSE,
        "features.29",
        "vgg16",
    ),
    "vgg16_bn": Classifier(
        _resnet(tv.vgg16_bn), "VGG16 with batch norm.", _DENSE, "features.42", "vgg16_bn"
    ),
    "resnet18": Classifier(
        _resnet(tv.resnet18), "ResNet-18: blocks that learn a residual.", _FC, "layer4", "resnet18"
    ),
    "resnet34": Classifier(_resnet(tv.resnet34), "ResNet-34.", _FC, "layer4", "resnet34"),
    "resnet50": Classifier(
        _resnet(tv.resnet50),
        "ResNet-50: blocks with 1×1 convolutions round the 3×3.",
        _FC,
        "layer4",
        "resnet50",
    ),
    "resnet50-v2": Classifier(
        _resnet(tv.resnet50),
        "ResNet-50, trained by a newer recipe.",
        _FC,
        "layer4",
        "resnet50-v2",
        _V2,
    ),
    "resnet101": Classifier(_resnet(tv.resnet101), "ResNet-101.", _FC, "layer4", "resnet101"),
    "resnet101-v2": Classifier(
        _resnet(tv.resnet101),
        "ResNet-101, trained by a newer recipe.",
        _FC,
        "layer4",
        "resnet101-v2",
        _V2,
    ),
    "resnet152": Classifier(_resnet(tv.resnet152), "ResNet-152.", _FC, "layer4", "resnet152"),
    "resnet152-v2": Classifier(
        _resnet(tv.resnet152),
        "ResNet-152, trained by a newer recipe.",
        _FC,
        "layer4",
        "resnet152-v2",
        _V2,
    ),
    "googlenet": Classifier(
        _googlenet,
        "GoogLeNet: inception modules, and two auxiliary heads while it learns.",
        ("fc.", "aux1.fc2.", "aux2.fc2."),
        "inception5b",
        "googlenet",
        Preprocessing(mean=_HALF, std=_HALF),
        auxiliary=0.3,
    ),
    "inception_v3": Classifier(
        _inception,
        "Inception v3: 7×7 convolutions as 1×7 and 7×1, one auxiliary head while it learns.",
        ("fc.", "AuxLogits.fc."),
        "Mixed_7c",
        "inception_v3",
        Preprocessing(resize=342, crop=299, mean=_HALF, std=_HALF),
        smallest=299,  # its auxiliary head spans 5×5 cells
        auxiliary=0.4,
    ),
}


def build_classifier(name: str, labels: int = len(IMAGENET_LABELS)) -> nn.Module:
    """A new classifier with random weights: float[N, 3, crop, crop], normalised → [N, labels].

    In training mode those with auxiliary heads give (logits, …, auxiliary logits).

    Raises:
        KeyError: no such classifier.
    """
    return CLASSIFIERS[name].make(labels)


def build_empty_classifier(name: str, labels: int = len(IMAGENET_LABELS)) -> nn.Module:
    """As `build_classifier`, on the meta device: shapes without memory."""
    with torch.device("meta"):
        return build_classifier(name, labels)
