"""A U-Net whose contracting path is a classifier that has seen ImageNet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self, cast

from torch import Tensor, nn

from cnnseg_models.channels import to_rgb
from cnnseg_models.decoder import Decoder
from cnnseg_models.encoders import ENCODERS, Encoder
from cnnseg_models.published import load_published
from cnnseg_models.segmentation import SegmentationNetwork


class UNetEncoder(SegmentationNetwork):
    """A classifier's features, and a small expanding path: learns within minutes.

    Args:
        in_channels: of the image, 1 to 4.
        classes: of the logits.
        encoder: a name in `ENCODERS`.
        pretrained: the encoder begins from published weights (see `load_pretrained`): it learns
            at a lower rate, and its norms keep their statistics. Nothing is loaded here.

    Raises:
        KeyError: no such encoder.
        ValueError: more channels than 4.
    """

    def __init__(
        self,
        in_channels: int = 3,
        classes: int = 2,
        *,
        encoder: str = "lite0",
        pretrained: bool = True,
    ) -> None:
        super().__init__()
        self.pretrained = pretrained
        self.rgb = to_rgb(in_channels)
        self.encoder = ENCODERS[encoder]()
        self.decoder = Decoder(in_channels, cast("Encoder", self.encoder).tap_channels)
        self.head = nn.Conv2d(self.decoder.out_channels, classes, 1)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The pretrained ones, which learn at a lower rate; none where it began at random."""
        return list(self.encoder.parameters()) if self.pretrained else []

    def load_pretrained(self, state: Mapping[str, Tensor]) -> None:
        """Takes over a classifier's weights, in place; its last layers are passed over.

        Raises:
            ValueError: the weights are another network's.
        """
        load_published(self.encoder, state)

    def train(self, mode: bool = True) -> Self:
        """As ever, but a pretrained encoder keeps its statistics: a few patches are too few."""
        super().train(mode)
        if self.pretrained:
            self.encoder.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """float[N, in_channels, H, W] in 0…1 → logits [N, classes, H, W]; from 1×1 up."""
        taps = cast("Encoder", self.encoder).taps(self.rgb(x))
        logits: Tensor = self.head(self.decoder(x, taps))
        return logits
