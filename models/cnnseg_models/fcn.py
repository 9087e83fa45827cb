"""FCN: a classifier made convolutional, its scores upsampled, and fused with finer ones.

Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation" (CVPR 2015), as
in the released networks (github.com/shelhamer/fcn.berkeleyvision.org): the first convolution pads
by 100 pixels, poolings round up, and every map is cropped to where its pixels lie in the image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Self, cast

import torch
import torchvision.models as tv
from torch import Tensor, nn
from torchvision.models.googlenet import BasicConv2d

from cnnseg_models.channels import IMAGENET_MEAN, IMAGENET_STD, normalise, to_rgb
from cnnseg_models.convolutionalize import convolutionalize
from cnnseg_models.published import load_published
from cnnseg_models.segmentation import SegmentationNetwork
from cnnseg_models.unet import init_he

Upsampling = Literal["learnt", "fixed"]

PADDING = 100
"""Pixels that the first convolution pads: the coarsest map then covers any image."""
AT_ONCE = {"pool4": 0.01, "pool3": 0.0001}
"""What the finer maps are scaled by when all streams are trained at once."""


@dataclass(frozen=True)
class Backbone:
    """A classifier to build on.

    `fused` are the indices in its features of the poolings whose maps refine the scores, coarse
    to fine; `mean` and `std` are of the pixels its weights have seen. `odd`: its coarsest cells are
    centred on pixels, not between them, so the last kernel is one shorter.
    """

    make: Callable[[], nn.Module]
    fused: tuple[int, ...] = ()
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    odd: bool = False


def _googlenet() -> nn.Module:
    net: nn.Module = tv.googlenet(weights=None, aux_logits=False, init_weights=False)
    return net


BACKBONES = {
    "vgg16": Backbone(lambda: tv.vgg16(weights=None, init_weights=False), fused=(23, 16)),
    "alexnet": Backbone(lambda: tv.alexnet(weights=None), odd=True),
    "googlenet": Backbone(_googlenet, mean=(0.5,) * 3, std=(0.5,) * 3, odd=True),
}


class FCN(SegmentationNetwork):
    """FCN-32s, FCN-16s and FCN-8s.

    Args:
        in_channels: of the image, 1 to 4.
        classes: of the logits.
        backbone: a name in `BACKBONES`.
        stride: of the finest map that is scored: 32, 16 (fuses pool4) or 8 (and pool3).
        upsampling: transposed convolutions begin bilinear; "learnt" lets them learn.
        at_once: scales the finer maps (`AT_ONCE`), so that all streams can be trained together;
            else the network is meant to go on from the next coarser one (`continue_from`).
        pretrained: the backbone begins from published weights and learns at a lower rate.
            Nothing is loaded here.

    Raises:
        KeyError: no such backbone.
        ValueError: more channels than 4, or a stride that the backbone has no map for.
    """

    def __init__(
        self,
        in_channels: int = 3,
        classes: int = 2,
        *,
        backbone: str = "vgg16",
        stride: int = 32,
        upsampling: Upsampling = "learnt",
        at_once: bool = True,
        pretrained: bool = True,
    ) -> None:
        super().__init__()
        kind = self.kind = BACKBONES[backbone]
        levels = {32: 0, 16: 1, 8: 2}.get(stride, 3)
        if levels > len(kind.fused):
            raise ValueError(f"FCN on {backbone} has no form of stride {stride}")
        if upsampling not in ("learnt", "fixed"):
            raise ValueError(f"upsampling is learnt or fixed, not {upsampling}")
        self.stride, self.pretrained = stride, pretrained
        self.rgb = to_rgb(in_channels)
        with torch.device("meta"):
            self.features, self.dense = _without_scores(kind.make())
        channels, last = _channels(self.features, self.dense, kind.fused[:levels])
        for stack in (self.features, self.dense):
            stack.to_empty(device=torch.get_default_device())
            init_he(stack)
        self.fused = kind.fused[:levels]
        self.scales = [AT_ONCE[n] if at_once else 1.0 for n in ("pool4", "pool3")][:levels]
        self.head = _zero(nn.Conv2d(last, classes, 1))
        self.score_pool = nn.ModuleList(_zero(nn.Conv2d(c, classes, 1)) for c in channels)
        self.upscore = nn.ModuleList(_bilinear(classes, 2, 4) for _ in channels)
        self.upscore.append(_bilinear(classes, stride, 2 * stride - kind.odd))
        if upsampling == "fixed":
            self.upscore.requires_grad_(False)

    def class_layers(self) -> tuple[str, ...]:
        """The scores and their upsampling, `head` first."""
        scores = [f"score_pool.{index}" for index in range(len(self.score_pool))]
        ups = [f"upscore.{index}" for index in range(len(self.upscore))]
        return ("head", *scores, *ups)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The pretrained ones, which learn at a lower rate; none where it began at random."""
        return [*self.features.parameters(), *self.dense.parameters()] if self.pretrained else []

    def train(self, mode: bool = True) -> Self:
        """As ever, but a pretrained backbone keeps its norms' statistics."""
        super().train(mode)
        if self.pretrained:
            for part in self.features.modules():
                if isinstance(part, nn.BatchNorm2d):
                    part.eval()
        return self

    def load_pretrained(self, state: Mapping[str, Tensor]) -> None:
        """Takes over a classifier's weights, dense layers included, in place.

        Raises:
            ValueError: the weights are another network's.
        """
        with torch.device("meta"):
            source = self.kind.make()
        load_published(source, state)
        for own, theirs in zip((self.features, self.dense), _without_scores(source), strict=True):
            own.load_state_dict(theirs.state_dict())

    def forward(self, x: Tensor) -> Tensor:
        """float[N, in_channels, H, W] in 0…1 → logits [N, classes, H, W]; from 1×1 up."""
        height, width = x.shape[-2:]
        x = normalise(self.rgb(x), self.kind.mean, self.kind.std).to(self.head.weight.dtype)
        finer = []
        geometry = Geometry()
        for index, part in enumerate(self.features):
            x, geometry = part(x), geometry.after(part)
            if index in self.fused:
                finer.append((x, geometry))
        for part in self.dense:
            x, geometry = part(x), geometry.after(part)
        x = _scores(self.head, x)
        for up, score, scale in zip(self.upscore, self.score_pool, self.scales, strict=False):
            skip, place = finer.pop()
            x, geometry = up(x), geometry.after(up)
            at = place.offset_of(geometry)
            rows, columns = x.shape[-2:]
            finer_scores = _scores(score, skip * scale)
            x = x + finer_scores[..., at : at + rows, at : at + columns]
        last = self.upscore[-1]
        x, geometry = last(x), geometry.after(last)
        at = geometry.offset_in_image()
        return x[..., at : at + height, at : at + width]


@dataclass(frozen=True)
class Geometry:
    """Where a map's cells lie in the image: cell i is centred on pixel `step` · i + `start`.

    Caffe's rule for cropping (`coord_map.py`), which gives the released networks' offsets.
    """

    step: Fraction = Fraction(1)
    start: Fraction = Fraction(0)

    def after(self, layer: nn.Module) -> Geometry:
        """Of what comes out of a layer."""
        kernel, stride, padding = _window(layer)
        if isinstance(layer, nn.ConvTranspose2d):
            step = self.step / stride
            return Geometry(step, self.start - step * (Fraction(kernel - 1, 2) - padding))
        middle = Fraction(kernel - 1, 2) - padding
        return Geometry(self.step * stride, self.start + self.step * middle)

    def offset_of(self, other: Geometry) -> int:
        """The cell of this map on which the first cell of another, equally fine, lies."""
        return _whole((other.start - self.start) / self.step)

    def offset_in_image(self) -> int:
        """The cell that lies on the image's first pixel."""
        return _whole(-self.start / self.step)


def continue_from(finer: FCN, coarser: FCN) -> None:
    """Staged training: takes over everything that the next coarser network has learnt, in place.

    The new scores begin at 0, so that it begins by proposing what the coarser one proposes.

    Raises:
        ValueError: the two do not fit.
    """
    if (finer.kind, finer.stride) != (coarser.kind, coarser.stride // 2):
        raise ValueError(f"FCN-{finer.stride}s goes on from FCN-{2 * finer.stride}s")
    if finer.classes != coarser.classes:
        raise ValueError("the two networks have other classes")
    taken = {k: v for k, v in coarser.state_dict().items() if not k.startswith("upscore.")}
    for index, up in enumerate(coarser.upscore[:-1]):
        taken[f"upscore.{index}.weight"] = up.state_dict()["weight"]
    for index, (theirs, own) in enumerate(zip(coarser.scales, finer.scales, strict=False)):
        taken[f"score_pool.{index}.weight"] = taken[f"score_pool.{index}.weight"] * (theirs / own)
    finer.load_state_dict(taken, strict=False)


def bilinear_kernel(size: int) -> Tensor:
    """float32[size, size]: the weights by which a transposed convolution interpolates."""
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    line = 1 - (torch.arange(size) - centre).abs() / factor
    return torch.outer(line, line)


def _bilinear(classes: int, factor: int, kernel: int) -> nn.ConvTranspose2d:
    """Upsamples each class by itself."""
    up = nn.ConvTranspose2d(classes, classes, kernel, stride=factor, groups=classes, bias=False)
    with torch.no_grad():
        up.weight.copy_(bilinear_kernel(kernel))
    return up


def _zero(score: nn.Conv2d) -> nn.Conv2d:
    """Scores that begin at 0, as the paper's do."""
    nn.init.zeros_(score.weight)
    assert score.bias is not None
    nn.init.zeros_(score.bias)
    return score


def _scores(layer: nn.Module, x: Tensor) -> Tensor:
    """A layer's scores in its weights' precision, also where others are trained in a lower one.

    oneDNN's bfloat16 backward of a 1×1 convolution from 4,096 channels to a few writes beyond its
    memory (torch 2.14.1, AMX: glibc's heap check stops it; 2,048 channels are well).
    """
    if x.is_meta:  # where there is no autocast
        return cast("Tensor", layer(x))
    with torch.autocast(x.device.type, enabled=False):
        scores: Tensor = layer(x.to(next(layer.parameters()).dtype))
    return scores


def _without_scores(classifier: nn.Module) -> tuple[nn.Sequential, nn.Sequential]:
    """The stacks of a classifier, padded and rounding up, without the layer of its labels.

    GoogLeNet loses its average pooling too, as in the paper.
    """
    features, dense = convolutionalize(classifier)
    assert isinstance(features, nn.Sequential)
    assert isinstance(dense, nn.Sequential)
    for part in features.modules():
        if isinstance(part, nn.MaxPool2d):
            part.ceil_mode = True
    first = next(part for part in features.modules() if isinstance(part, nn.Conv2d))
    first.padding = (PADDING, PADDING)
    kept = [part for part in dense[:-1] if not isinstance(part, nn.AvgPool2d)]
    return features, nn.Sequential(*kept)


def _channels(
    features: nn.Sequential, dense: nn.Sequential, indices: Sequence[int]
) -> tuple[list[int], int]:
    """Channels out of the features' layers `indices`, and out of everything; both on "meta"."""
    x, found = torch.empty(1, 3, 64, 64, device="meta"), {}
    for index, part in enumerate(features.eval()):
        x = part(x)
        found[index] = x.shape[1]
    last = dense.eval()(x).shape[1]
    features.train()
    dense.train()
    return [found[index] for index in indices], last


def _window(layer: nn.Module) -> tuple[int, int, int]:
    """(kernel, stride, padding) of a layer; one that keeps its cells' places has (1, 1, 0)."""
    if isinstance(layer, BasicConv2d):
        layer = layer.conv
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        padding = layer.padding[0]
        assert isinstance(padding, int)
        return layer.kernel_size[0], layer.stride[0], padding
    if isinstance(layer, nn.MaxPool2d):
        sides = layer.kernel_size, layer.stride, layer.padding
        kernel, stride, pad = (side if isinstance(side, int) else side[0] for side in sides)
        return kernel, stride, pad
    return 1, 1, 0


def _whole(value: Fraction) -> int:
    if value.denominator != 1 or value < 0:
        raise ValueError(f"these maps cannot be cropped to each other: offset {value}")
    return int(value)
