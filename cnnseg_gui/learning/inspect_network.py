"""Networks to be looked at: their layers as rows, and what goes on inside. Imports torch."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_gui.core.architecture import (
    KernelComparison,
    Kernels,
    LayerRow,
    NetworkDescription,
    NetworkName,
    Overlap,
)
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.learning.classify import LabelModel, resize, view
from cnnseg_gui.learning.levels import levels
from cnnseg_gui.learning.model import Model, starters
from cnnseg_gui.learning.propose import legal_length
from cnnseg_models import comparisons, registry
from cnnseg_models.classifiers import CLASSIFIERS, build_empty_classifier
from cnnseg_models.layers import Layer, layer_table, summary, unfolded
from cnnseg_models.tracing import Call, Trace

SIDE = 256
"""Pixels a side, of the input that a segmentation network is described for."""
MAX_MAPS = 32
MAX_MAP_SIDE = 128
"""Cells: larger maps are averaged down."""
_MAX_IMAGE_SIDE = 512  # pixels that go through a segmentation network: a second, not a minute


@dataclass(frozen=True, eq=False)
class Inside:
    """What a network has learnt to look for first, and what one layer makes of an image."""

    filters: Pixels
    """uint8[n, rows, columns, 3]: the first convolution's kernels, each from its least weight, 0,
    to its largest, 255. n is 0 where that convolution does not look at three channels."""
    maps: Pixels
    """uint8[n, height, width]: each map from its least value, 0, to its largest, 255."""
    channels: tuple[int, ...]
    """Which channels the maps are: those that vary most over the image."""
    of: int
    """Channels in all."""


def name_networks() -> tuple[NetworkName, ...]:
    """All networks, and where their weights are."""
    shipped = {card.name for card in starters()}
    found = []
    for name, entry in registry.NETWORKS.items():
        model = f"starter:{name}" if name in shipped else f"new:{name}" if entry.weights else ""
        found.append(NetworkName(name=name, classifier=False, model=model))
    for name, kind in CLASSIFIERS.items():
        model = f"imagenet:{name}" if kind.weights else ""
        found.append(NetworkName(name=name, classifier=True, model=model))
    return tuple(found)


def compare_kernels() -> tuple[KernelComparison, ...]:
    """One large kernel against small ones; see `cnnseg_models.comparisons`."""
    return tuple(
        KernelComparison(one=Kernels(**asdict(pair.one)), stack=Kernels(**asdict(pair.stack)))
        for pair in comparisons.kernel_comparisons()
    )


def compare_upsampling() -> tuple[Overlap, ...]:
    """Where upsampling leaves a pattern; see `cnnseg_models.comparisons`."""
    return tuple(
        Overlap(
            name=overlap.name,
            values=tuple(tuple(float(v) for v in row) for row in overlap.values),
            even=overlap.even,
        )
        for overlap in comparisons.overlaps()
    )


def describe(name: str, *, classifier: bool) -> NetworkDescription:
    """A network's layers: a classifier's with 1000 labels, else with 2 classes.

    Raises:
        UserError: no such network.
    """
    if name not in (CLASSIFIERS if classifier else registry.NETWORKS):
        raise UserError(f"there is no network “{name}”", remedy="Choose another one.")
    if classifier:
        side, text = CLASSIFIERS[name].preprocessing.crop, CLASSIFIERS[name].text
        network: nn.Module = build_empty_classifier(name)
    else:
        side, text = SIDE, registry.NETWORKS[name].text
        network = registry.build_empty(name, classes=2)
    layers = layer_table(network, (3, side, side))
    totals = summary(layers)
    return NetworkDescription(
        name=name,
        classifier=classifier,
        text=text,
        input_shape=(3, side, side),
        layers=tuple(_row(layer) for layer in layers),
        weighty=totals.layers,
        parameters=totals.parameters,
        macs=totals.macs,
    )


def look_inside(model: Model | LabelModel, pixels: Pixels, layer: str) -> Inside:
    """Runs an image through a network as far as one layer, on the processor.

    A segmentation network is shown at most 512 pixels a side; a classifier what it always sees.

    Args:
        pixels: uint8[H, W, 3].
        layer: a row's name in the network's table.

    Raises:
        UserError: the network has no such layer, or it makes no maps.
    """
    looking = _Looking(layer)
    network = unfolded(model.network)
    with suppress(_FoundError), torch.inference_mode(), Trace(network, looking.take):
        network(_seen(model, pixels))
    if looking.output is None:
        raise UserError(
            f"{model.card.network} has no layer “{layer}” that runs outside of learning",
            remedy="Choose another layer, or other weights.",
        )
    if looking.output.ndim != 4:
        raise UserError(
            f"“{layer}” makes numbers, not maps", remedy="Choose a layer before it in the table."
        )
    channels = _most_varied(looking.output[0])
    maps = _shrunk(looking.output[0, list(channels)])
    filters = _filters(looking.first)
    return Inside(filters, _stretched(maps), channels, looking.output.shape[1])


class _FoundError(Exception):
    """Leaves a network at the layer that was looked for."""


class _Looking:
    """Keeps the first convolution's weights, and the output of the layer of a name."""

    def __init__(self, layer: str) -> None:
        self._layer = layer
        self.first: Tensor | None = None
        self.output: Tensor | None = None

    def take(self, call: Call) -> None:
        if self.first is None and call.kind == "convolution":
            self.first = call.weight
        if call.kind is not None and call.name == self._layer:
            self.output = call.outputs[0].float()
            raise _FoundError


def _seen(model: Model | LabelModel, pixels: Pixels) -> Tensor:
    if isinstance(model, LabelModel):
        return view(pixels, model)[None]
    if model.card.stretched:
        pixels = levels(pixels)[pixels]
    context = model.network.context
    scale = min(1.0, _MAX_IMAGE_SIDE / max(pixels.shape[:2]))
    height, width = (
        legal_length(max(1, round(side * scale)), context) + 2 * context
        for side in pixels.shape[:2]
    )
    return resize(pixels, (height, width))[None]


def _most_varied(maps: Tensor) -> tuple[int, ...]:
    spread = maps.flatten(1).std(1, correction=0)
    count = min(MAX_MAPS, len(spread))
    return tuple(sorted(int(index) for index in spread.topk(count).indices))


def _shrunk(maps: Tensor) -> Tensor:
    height, width = maps.shape[-2:]
    scale = max(1.0, max(height, width) / MAX_MAP_SIDE)
    size = (max(1, math.floor(height / scale)), max(1, math.floor(width / scale)))
    return F.interpolate(maps[None], size, mode="area")[0]


def _filters(weight: Tensor | None) -> Pixels:
    if weight is None or weight.ndim != 4 or weight.shape[1] != 3:
        return np.zeros((0, 1, 1, 3), np.uint8)
    return _stretched(weight.detach().float().permute(0, 2, 3, 1))


def _stretched(pictures: Tensor) -> npt.NDArray[np.uint8]:
    """Each picture, the first dimension counts them, to 0…255; a flat one to 0."""
    flat = pictures.flatten(1)
    least, largest = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
    share = (flat - least) / (largest - least).clamp_min(torch.finfo(torch.float32).tiny)
    values = (share * 255).round().to(torch.uint8).reshape(pictures.shape)
    return np.asarray(values.numpy(), np.uint8)


def _row(layer: Layer) -> LayerRow:
    return LayerRow(**asdict(layer))
