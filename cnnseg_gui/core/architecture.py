"""What a network is made of, as the window shows it: rows, totals, and numbers to compare."""

from __future__ import annotations

import msgspec

Pair = tuple[int, int]


class LayerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A layer; pairs are (rows, columns), None where the layer has no such thing."""

    name: str
    kind: str
    """e.g. "convolution", "transposed convolution", "pooling", "dense", "norm", "activation",
    "upsampling", "concatenation", "sum", "space to depth"."""
    kernel: Pair | None = None
    stride: Pair | None = None
    padding: Pair | None = None
    dilation: Pair | None = None
    groups: int = 1
    output_shape: tuple[int, ...]
    """(channels, height, width) or (features,)."""
    parameters: int = 0
    macs: int = 0
    """Multiply–accumulates for one input."""
    receptive_field: Pair | None = None
    """Pixels; None: the whole input."""
    inputs: tuple[int, ...] = ()
    """Indices of the rows whose outputs it takes."""


class NetworkDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A network's layers in the order of their running, and totals."""

    name: str
    classifier: bool
    text: str
    input_shape: tuple[int, int, int]
    """Channels, height and width that the shapes are for."""
    layers: tuple[LayerRow, ...]
    weighty: int
    """Convolutions and dense layers."""
    parameters: int
    macs: int


class NetworkName(msgspec.Struct, frozen=True, kw_only=True):
    """A network that can be described."""

    name: str
    classifier: bool
    model: str = ""
    """Where its weights are, as in `messages.LookInside`; empty: there are none yet."""


class Kernels(msgspec.Struct, frozen=True, kw_only=True):
    """Convolutions one after the other, from one channel to one."""

    sizes: tuple[Pair, ...]
    weights: int
    receptive_field: Pair


class KernelComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One large kernel against small ones that see as much."""

    one: Kernels
    stack: Kernels


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """What an upsampling makes of ones."""

    name: str
    values: tuple[tuple[float, ...], ...]
    """Rows of numbers: how many products reach each output."""
    even: bool
    """All are equal."""
