"""A U-Net whose contracting path is EfficientNet-Lite0."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from cnnseg_models.decoder import Decoder
from cnnseg_models.efficientnet_lite0 import TAP_CHANNELS, EfficientNetLite0
from cnnseg_models.lite0_weights import load_weights
from cnnseg_models.segmentation import SegmentationNetwork


class UNetLite0(SegmentationNetwork):
    """Features that have seen ImageNet, and a small expanding path: learns within a minute.

    Args:
        in_channels: 3, the encoder's.
        classes: of the logits.
        pretrained: start the encoder from the ImageNet weights; else from random ones.

    Raises:
        ValueError: other channels than 3.
        WeightsError: `pretrained`, and the weights are missing or damaged.
    """

    def __init__(self, in_channels: int = 3, classes: int = 2, *, pretrained: bool = True) -> None:
        super().__init__()
        if in_channels != 3:
            raise ValueError(f"EfficientNet-Lite0 sees 3 channels, not {in_channels}")
        self.encoder = EfficientNetLite0(labels=0)
        self.decoder = Decoder(in_channels, TAP_CHANNELS)
        self.head = nn.Conv2d(self.decoder.out_channels, classes, 1)
        if pretrained:
            load_weights(self.encoder)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The pretrained ones, which learn at a lower rate."""
        return list(self.encoder.parameters())

    def train(self, mode: bool = True) -> Self:
        """As ever, but the encoder's norms keep their statistics: a few patches are too few."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """float[N, 3, H, W] in 0…1 → logits [N, classes, H, W]; any size from 1×1 up."""
        logits: Tensor = self.head(self.decoder(x, self.encoder.taps(x)))
        return logits
