"""FCN on EfficientNet-Lite0: every tap is projected, summed coarse to fine, and scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_models.channels import to_rgb
from cnnseg_models.dense import DenseConv
from cnnseg_models.efficientnet_lite0 import TAPPED, MBConv
from cnnseg_models.encoders import LiteEncoder
from cnnseg_models.published import load_published
from cnnseg_models.segmentation import SegmentationNetwork

HIDDEN = 64
"""Channels of the fused features."""
FROZEN_BLOCKS = 5
"""Of the pretrained encoder; edges and textures need no teaching, and their backward is dear."""
_FINE = 16
_COARSEST = 32  # pixels: the stride of the last tap
_COARSE = 3  # residual 3×3 convolutions at strides 4, 8 and 16, one each
_REFINED = 2  # at stride 2


class FCNLite0(SegmentationNetwork):
    """Hypercolumns: the encoder's taps, 1×1 to 64 channels each at their own stride, and summed.

    Hariharan et al., "Hypercolumns" (CVPR 2015), in the form of FCN's skip fusion. Projections
    commute with upsampling, so only sums are upsampled. `score` with `fuse` is what a live head
    fits to features it keeps; residual 3×3 refinements at every stride but the coarsest, and one
    of full resolution, begin as nothing and are learnt in fine-tuning.

    Args:
        in_channels: of the image, 1 to 4.
        classes: of the logits.
        pretrained: the encoder begins from published weights (see `load_pretrained`): its stem and
            first blocks stay as they are, the others learn at a lower rate, and its norms keep
            their statistics. Nothing is loaded here.

    Raises:
        ValueError: more channels than 4.
    """

    poses = 2

    def __init__(self, in_channels: int = 3, classes: int = 2, *, pretrained: bool = True) -> None:
        super().__init__()
        self.batch = 2 if pretrained else 4  # its norms keep their statistics: more steps instead
        self.pretrained = pretrained
        self.rgb = to_rgb(in_channels)
        self.encoder = LiteEncoder()
        self.project = nn.ModuleList(Projection(c) for c in self.encoder.tap_channels)
        self.coarse = nn.ModuleList(_conv3() for _ in range(_COARSE))
        self.refine = nn.ModuleList(_conv3() for _ in range(_REFINED))
        self.head = nn.Conv2d(HIDDEN, classes, 1)
        self.fine = DenseConv(HIDDEN + 4 * in_channels, 4 * _FINE, 3, padding=1)
        self.fine_head = nn.Conv2d(_FINE, classes, 1)
        for begun_as_nothing in (*self.coarse, *self.refine, self.fine_head):
            assert isinstance(begun_as_nothing, nn.Conv2d)
            nn.init.zeros_(begun_as_nothing.weight)
            assert begun_as_nothing.bias is not None
            nn.init.zeros_(begun_as_nothing.bias)
        if pretrained:
            for part in _frozen(self.encoder):
                part.requires_grad_(False)

    def class_layers(self) -> tuple[str, ...]:
        """`head` scores at stride 2, `fine_head` adds to that at full resolution."""
        return ("head", "fine_head")

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The pretrained ones, which learn at a lower rate; none where it began at random."""
        return list(self.encoder.parameters()) if self.pretrained else []

    def load_pretrained(self, state: Mapping[str, Tensor]) -> None:
        """Takes over EfficientNet-Lite0's weights, and from its norms the taps' statistics.

        Raises:
            ValueError: the weights are another network's.
        """
        load_published(self.encoder, state)
        for project, (mean, variance) in zip(self.project, _statistics(self.encoder), strict=True):
            assert isinstance(project, Projection)
            project.mean.copy_(mean)
            project.deviation.copy_(variance.sqrt())

    def train(self, mode: bool = True) -> Self:
        """As ever, but a pretrained encoder keeps its statistics: a few patches are too few."""
        super().train(mode)
        if self.pretrained:
            self.encoder.eval()
        return self

    def taps(self, x: Tensor) -> list[Tensor]:
        """float[N, in_channels, H, W] in 0…1 → features at strides 2 … 32."""
        return self.encoder.taps(self.rgb(x), frozen=FROZEN_BLOCKS if self.pretrained else 0)

    def fuse(self, taps: Sequence[Tensor]) -> Tensor:
        """Features at strides 2 … 32 → their sum [N, 64, ⌈H/2⌉, ⌈W/2⌉], before the ReLU.

        Without the refinements: what a network says that has not been fine-tuned.
        """
        fused: Tensor = self.project[-1](taps[-1])
        for project, tap in zip(reversed(self.project[:-1]), reversed(taps[:-1]), strict=True):
            fused = upsample(fused, tap.shape[-2:]) + project(tap)
        return fused

    def hidden(self, taps: Sequence[Tensor]) -> Tensor:
        """Features at strides 2 … 32 → those that `head` scores: [N, 64, ⌈H/2⌉, ⌈W/2⌉]."""
        fused: Tensor = self.project[-1](taps[-1])
        for level in reversed(range(len(taps) - 1)):
            fused = upsample(fused, taps[level].shape[-2:]) + self.project[level](taps[level])
            if level:
                fused = fused + self.coarse[level - 1](F.relu(fused))
        hidden = F.relu(fused)
        for refine in self.refine:
            hidden = F.relu(hidden + refine(hidden))
        return hidden

    def forward(self, x: Tensor) -> Tensor:
        """float[N, in_channels, H, W] in 0…1 → logits [N, classes, H, W]; from 1×1 up."""
        height, width = x.shape[-2:]
        hidden, added = self.parts(x)
        rows, columns = hidden.shape[-2:]
        coarse = upsample(self.head(hidden), (2 * rows, 2 * columns))
        return coarse[..., :height, :width] + added

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What `head` scores, [N, 64, ⌈H/2⌉, ⌈W/2⌉], and what is added to that, [N, classes, H, W].

        Sides are brought to whole cells of the coarsest stride: of others TensorFlow's "SAME"
        shifts the features by half a pixel (999×960 retinas: IoU 0.61 instead of 0.64).
        """
        height, width = x.shape[-2:]
        x = F.pad(x, [0, -width % _COARSEST, 0, -height % _COARSEST], "replicate")
        rows, columns = -(-height // 2), -(-width // 2)
        hidden = self.hidden(self.taps(x))[..., :rows, :columns]
        fine = self._at_full_size(x[..., : 2 * rows, : 2 * columns], hidden)
        return hidden, self.fine_head(fine[..., :height, :width])

    def _at_full_size(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Features [N, 16, H, W], four of each cell of stride 2 at once (sub-pixel convolution).

        Shi et al., "Real-Time Single Image … Super-Resolution" (CVPR 2016): a 3×3 convolution at
        stride 2 costs a quarter of one at full resolution.
        """
        image = F.pixel_unshuffle(((x - 0.5) * 4).to(hidden.dtype), 2)
        fine: Tensor = F.pixel_shuffle(self.fine(torch.cat((hidden, image), 1)), 2)
        return F.relu(fine)


class Projection(nn.Module):
    """1×1 to 64 channels of standardised features."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        self.conv = nn.Conv2d(channels, HIDDEN, 1)
        nn.init.normal_(self.conv.weight, std=(2 / (5 * channels)) ** 0.5)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)

    def plain(self) -> tuple[Tensor, Tensor]:
        """Weight [64, channels] and bias [64] for features that are not standardised."""
        assert self.conv.bias is not None
        weight = self.conv.weight[:, :, 0, 0] / self.deviation
        return weight, self.conv.bias - (weight * self.mean).sum(1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] → [N, 64, H, W]."""
        weight, bias = self.plain()
        return F.conv2d(x, weight[:, :, None, None], bias)


def _conv3() -> DenseConv:
    return DenseConv(HIDDEN, HIDDEN, 3, padding=1)


def upsample(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear, aligned by half pixels."""
    return F.interpolate(x, tuple(size), mode="bilinear", align_corners=False)


def _frozen(encoder: LiteEncoder) -> Iterator[nn.Module]:
    yield from (encoder._conv_stem, encoder._bn0, *encoder._blocks[:FROZEN_BLOCKS])


def _statistics(encoder: LiteEncoder) -> Iterator[tuple[Tensor, Tensor]]:
    """Mean and variance of each tap's channels on what the encoder has learnt from.

    A norm's output has its bias as mean and its weight's square as variance there; in a chain of
    residual sums both add up (taking the terms as uncorrelated).
    """
    mean = variance = torch.zeros(1)
    for index, block in enumerate(encoder._blocks):
        assert isinstance(block, MBConv)
        own_mean, own_variance = block._bn2.bias.detach(), block._bn2.weight.detach().square()
        mean = mean + own_mean if block.sums else own_mean
        variance = variance + own_variance if block.sums else own_variance
        if index in TAPPED:
            yield mean, variance
