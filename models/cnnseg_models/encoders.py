"""torchvision's classifiers as encoders: their feature maps from fine to coarse.

Every encoder keeps the names of its classifier's parameters, so that published weights fit, and
pads so that the map at stride s has ⌈side / s⌉ cells, from an image of 1×1 up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
import torchvision.models as tv
from torch import Tensor, nn

from cnnseg_models.channels import IMAGENET_MEAN, IMAGENET_STD, normalise
from cnnseg_models.efficientnet_lite0 import TAP_CHANNELS, EfficientNetLite0
from cnnseg_models.unet import init_he


class Encoder(Protocol):
    """A part of a U-Net or FCN."""

    tap_channels: Sequence[int]

    def taps(self, x: Tensor) -> list[Tensor]:
        """float[N, 3, H, W] in 0…1 → feature maps, from fine to coarse."""
        ...


class LiteEncoder(EfficientNetLite0):
    """EfficientNet-Lite0 without its classifier: strides 2, 4, 8, 16 and 32."""

    tap_channels = TAP_CHANNELS

    def __init__(self) -> None:
        super().__init__(labels=0)


class ResNetEncoder(nn.Module):
    """The stem and the four stages: strides 2, 4, 8, 16 and 32."""

    def __init__(self, make: Callable[..., tv.ResNet], width: int) -> None:
        super().__init__()
        whole = make(weights=None)
        self.conv1, self.bn1 = whole.conv1, whole.bn1
        self.maxpool = whole.maxpool
        self.layer1, self.layer2 = whole.layer1, whole.layer2
        self.layer3, self.layer4 = whole.layer3, whole.layer4
        self.tap_channels = (64, *(width << level for level in range(4)))

    def taps(self, x: Tensor) -> list[Tensor]:
        """float[N, 3, H, W] in 0…1 → five feature maps, from fine to coarse."""
        x = normalise(x, IMAGENET_MEAN, IMAGENET_STD).to(self.conv1.weight.dtype)
        taps = [self.bn1(self.conv1(x)).relu()]
        x = self.maxpool(taps[0])
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            taps.append(x)
        return taps


class SequentialEncoder(nn.Module):
    """The `features` of AlexNet and VGG, tapped where a pooling is about to lose detail.

    AlexNet: strides 4, 8 and 16; VGG16: 2, 4, 8 and 16 (its first stage's 64 channels at full
    resolution are left to the decoder's shallow skip).
    """

    def __init__(self, make: Callable[..., nn.Module], skip: int = 0) -> None:
        super().__init__()
        with torch.device("meta"):  # the dense layers, most of the parameters, are not needed
            features = make(weights=None).features
        assert isinstance(features, nn.Sequential)
        self.features = features[:-1].to_empty(device=torch.get_default_device())
        pad_to_stride(self.features)
        init_he(self.features)
        pools = [i for i, part in enumerate(self.features) if isinstance(part, nn.MaxPool2d)]
        self._tapped = [*(pool - 1 for pool in pools), len(self.features) - 1][skip:]
        channels = 0
        by_layer = []
        for part in self.features:
            channels = part.out_channels if isinstance(part, nn.Conv2d) else channels
            by_layer.append(channels)
        self.tap_channels = tuple(by_layer[index] for index in self._tapped)

    def taps(self, x: Tensor) -> list[Tensor]:
        """float[N, 3, H, W] in 0…1 → feature maps, from fine to coarse."""
        x = normalise(x, IMAGENET_MEAN, IMAGENET_STD).to(next(self.parameters()).dtype)
        taps = []
        for index, part in enumerate(self.features):
            x = part(x)
            if index in self._tapped:
                taps.append(x)
        return taps


class GoogLeNetEncoder(nn.Module):
    """The stem and the nine inception modules: strides 2, 4, 8, 16 and 32."""

    tap_channels = (64, 192, 480, 832, 1024)

    def __init__(self) -> None:
        super().__init__()
        whole = tv.googlenet(weights=None, aux_logits=False, init_weights=False)
        for name, part in list(whole.named_children()):
            if name not in ("avgpool", "dropout", "fc"):
                self.add_module(name, part)
        pad_to_stride(self)
        init_he(self)

    def taps(self, x: Tensor) -> list[Tensor]:
        """float[N, 3, H, W] in 0…1 → five feature maps, from fine to coarse."""
        # Its weights have seen 2 x − 1, whatever the classifier's wrapper says (transform_input).
        x = (x * 2 - 1).to(next(self.parameters()).dtype)
        taps = []
        for name, part in self.named_children():
            if name.startswith("maxpool"):
                taps.append(x)
            x = part(x)
        return [*taps, x]


ENCODERS: dict[str, Callable[[], nn.Module]] = {
    "lite0": LiteEncoder,
    "resnet18": lambda: ResNetEncoder(tv.resnet18, 64),
    "resnet34": lambda: ResNetEncoder(tv.resnet34, 64),
    "resnet50": lambda: ResNetEncoder(tv.resnet50, 256),
    "vgg16": lambda: SequentialEncoder(tv.vgg16, skip=1),
    "alexnet": lambda: SequentialEncoder(tv.alexnet),
    "googlenet": GoogLeNetEncoder,
}


def pad_to_stride(trunk: nn.Module) -> None:
    """Pads the strided layers so that ⌈side / stride⌉ cells come out, from a side of 1 up.

    The weights stay; only the outermost cells see a wider border.
    """
    for part in trunk.modules():
        if isinstance(part, nn.MaxPool2d) and part.stride != 1:
            assert isinstance(part.kernel_size, int)
            part.padding = (part.kernel_size - 1) // 2
            part.ceil_mode = part.kernel_size % 2 == 0
        elif isinstance(part, nn.Conv2d) and part.stride != (1, 1):
            part.padding = ((part.kernel_size[0] - 1) // 2, (part.kernel_size[1] - 1) // 2)
