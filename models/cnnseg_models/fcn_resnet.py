"""torchvision's FCN on a dilated ResNet, for everyday photographs at once.

Its published weights have seen COCO's images with Pascal VOC's 21 classes. There are neither
skips nor transposed convolutions: the features lie at stride 8 and are upsampled bilinearly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self, cast

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import segmentation

from cnnseg_models.channels import IMAGENET_MEAN, IMAGENET_STD, normalise, to_rgb
from cnnseg_models.published import load_published
from cnnseg_models.segmentation import SegmentationNetwork

VOC_CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat"),
    *("chair", "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant"),
    *("sheep", "sofa", "train", "tvmonitor"),
)
"""Of the published weights, by index."""


class FCNResNet(SegmentationNetwork):
    """A ResNet whose last two stages are dilated, a 3×3 convolution, and the scores.

    Args:
        in_channels: of the image, 1 to 4.
        classes: of the logits.
        depth: 50 or 101 layers.
        pretrained: it begins from published weights; all but the scores learns at a lower rate,
            and norms keep their statistics. Nothing is loaded here.

    Raises:
        ValueError: another depth, or more channels than 4.
    """

    def __init__(
        self, in_channels: int = 3, classes: int = 2, *, depth: int = 50, pretrained: bool = True
    ) -> None:
        super().__init__()
        if depth not in (50, 101):
            raise ValueError(f"there is an FCN on ResNet-50 and -101, not on {depth}")
        make = segmentation.fcn_resnet50 if depth == 50 else segmentation.fcn_resnet101
        made = make(weights=None, weights_backbone=None, num_classes=classes, aux_loss=False)
        self.pretrained = pretrained
        self.rgb = to_rgb(in_channels)
        self.backbone, self.classifier = made.backbone, made.classifier

    @property
    def head(self) -> nn.Conv2d:  # type: ignore[override]  # torchvision's place for it
        """The scores."""
        return cast("nn.Conv2d", self.classifier[-1])

    def class_layers(self) -> tuple[str, ...]:
        """The scores."""
        return ("classifier.4",)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The pretrained ones, which learn at a lower rate: all but the scores."""
        if not self.pretrained:
            return []
        scores = {id(parameter) for parameter in self.head.parameters()}
        return [p for p in self.parameters() if id(p) not in scores]

    def load_pretrained(self, state: Mapping[str, Tensor]) -> None:
        """Takes over the published weights, in place; needs their 21 classes.

        Raises:
            ValueError: the weights are another network's.
        """
        for name in ("backbone", "classifier"):
            own = {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(name)}
            load_published(self.get_submodule(name), own)

    def train(self, mode: bool = True) -> Self:
        """As ever, but what is pretrained keeps its norms' statistics."""
        super().train(mode)
        if self.pretrained:
            for part in self.modules():
                if isinstance(part, nn.BatchNorm2d):
                    part.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """float[N, in_channels, H, W] in 0…1 → logits [N, classes, H, W]; from 1×1 up."""
        size = x.shape[-2:]
        x = normalise(self.rgb(x), IMAGENET_MEAN, IMAGENET_STD).to(self.head.weight.dtype)
        scores = self.classifier(self.backbone(x)["out"])
        return F.interpolate(scores, size, mode="bilinear", align_corners=False)
