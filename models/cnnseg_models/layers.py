"""A network as a table: every layer with its shape, its weights and what it sees of the input.

Nothing is computed: the network runs once on the meta device, and each function of torch that it
calls is looked at on the way, so that `F.conv2d` and `torch.cat` inside a `forward` are seen too.

Receptive fields follow Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural
Networks" (Distill 2019): a layer of kernel k, dilation d and stride s on cells that lie `jump`
pixels apart adds (k − 1) · d · jump, and multiplies the jump by s.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_models.receptive_field import Field, Seen, seen_by
from cnnseg_models.tracing import Call, Trace

Pair = tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """A row of the table; pairs are (rows, columns)."""

    name: str
    """As in the network's `named_modules`; for a bare function its module's with the function's."""
    kind: str
    """One of `tracing.KINDS`' values, e.g. "convolution"."""
    kernel: Pair | None
    stride: Pair | None
    padding: Pair | None
    dilation: Pair | None
    groups: int
    output_shape: tuple[int, ...]
    """Without the batch: (channels, height, width), or (features,)."""
    parameters: int
    macs: int
    """Multiply–accumulates for one input; those of convolutions and dense layers only."""
    receptive_field: Pair | None
    """Pixels of the input, as if it went on beyond its borders; None: all of it."""
    inputs: tuple[int, ...]
    """Indices of the rows whose outputs it takes; none for those that take the input."""


@dataclass(frozen=True)
class Summary:
    """Totals of a table."""

    layers: int
    """With weights of their own, norms aside: what a network's name counts (VGG16: 16)."""
    parameters: int
    macs: int


def layer_table(network: nn.Module, input_shape: tuple[int, int, int]) -> list[Layer]:
    """Every layer in the order of its running; heads that are only there for learning included.

    The network, on whichever device, is neither run nor changed.

    Args:
        network: takes float[N, *input_shape].
        input_shape: channels, height, width.

    Raises:
        RuntimeError: the network cannot take this shape.
    """
    ghost = on_meta(network)
    for part in ghost.modules():
        part.training = True  # auxiliary heads run only then; norms are fixed all the same
    table = _Table(ghost)
    kind = next((p.dtype for p in ghost.parameters()), torch.float32)
    x = torch.empty(1, *input_shape, device="meta", dtype=kind)
    table.begin(x)
    with torch.no_grad(), Trace(ghost, table.add):
        ghost(x)
    return table.layers


def summary(layers: Sequence[Layer]) -> Summary:
    """Totals of a table."""
    weighty = ("convolution", "transposed convolution", "dense")
    return Summary(
        layers=sum(layer.kind in weighty for layer in layers),
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers),
    )


def on_meta(network: nn.Module) -> nn.Module:
    """A copy without memory whose norms are steps of their own, never folded into weights."""
    tensors = [*network.parameters(), *network.buffers()]
    return _copied(network, {id(t): _ghost(t) for t in tensors})


def unfolded(network: nn.Module) -> nn.Module:
    """A copy that shares the network's tensors, whose norms are steps of their own."""
    return _copied(network, {id(t): t for t in [*network.parameters(), *network.buffers()]}).eval()


def _copied(network: nn.Module, tensors: dict[int, Tensor]) -> nn.Module:
    made = copy.deepcopy(network, dict[int, Any](tensors))
    for parent in list(made.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, FixedNorm(child))
    return made


def _ghost(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty


class FixedNorm(nn.Module):
    """A batch norm with fixed statistics in every mode, of the same parameters and buffers."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps
        self.register_buffer("running_mean", norm.running_mean)
        self.register_buffer("running_var", norm.running_var)

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        return F.batch_norm(x, mean, variance, self.weight, self.bias, False, 0.0, self.eps)


class _Table:
    """Builds the rows; remembers of every tensor what it has seen and which rows it is from.

    Of a tensor computed from weights alone it remembers the weights: they are those of the layer
    that takes it.
    """

    def __init__(self, network: nn.Module) -> None:
        self.layers: list[Layer] = []
        self._counted: set[int] = set()
        self._own: dict[int, tuple[Tensor, ...]] = {id(p): (p,) for p in network.parameters()}
        self._seen: dict[int, Seen] = {}
        self._rows: dict[int, tuple[int, ...]] = {}
        self._kept: list[Tensor] = []  # an id is a tensor's only as long as it lives

    def begin(self, x: Tensor) -> None:
        self._remember(x, Seen(Field.of_a_pixel()), ())

    def add(self, call: Call) -> None:
        """Takes a function's call into account, as a row where it is a layer."""
        inputs = [t for t in call.tensors if id(t) in self._seen]
        if not inputs:  # weights among themselves
            self._derive(call)
            return
        seen = seen_by(call, [self._seen[id(t)] for t in inputs])
        rows = tuple(sorted({row for t in inputs for row in self._rows[id(t)]}))
        if call.kind is not None and call.outputs:
            self.layers.append(self._row(call, call.outputs[0], seen, rows))
            rows = (len(self.layers) - 1,)
        for output in call.outputs:
            self._remember(output, seen, rows)

    def _row(self, call: Call, output: Tensor, seen: Seen, rows: tuple[int, ...]) -> Layer:
        window = call.window
        behind = {id(p): p for t in call.tensors for p in self._own.get(id(t), ())}
        own = [p for key, p in behind.items() if key not in self._counted]
        self._counted |= set(behind)
        return Layer(
            name=call.name,
            kind=call.kind or "",
            kernel=window.kernel if window else None,
            stride=window.stride if window else None,
            padding=window.padding if window else None,
            dilation=window.dilation if window else None,
            groups=window.groups if window else 1,
            output_shape=tuple(output.shape[1:]),
            parameters=sum(t.numel() for t in own),
            macs=_macs(call, output),
            receptive_field=seen.sides,
            inputs=rows,
        )

    def _derive(self, call: Call) -> None:
        behind = {id(p): p for t in call.tensors for p in self._own.get(id(t), ())}
        for output in call.outputs:
            self._own[id(output)] = tuple(behind.values())
            self._kept.append(output)

    def _remember(self, tensor: Tensor, seen: Seen, rows: tuple[int, ...]) -> None:
        self._seen[id(tensor)], self._rows[id(tensor)] = seen, rows
        self._kept.append(tensor)


def _macs(call: Call, output: Tensor) -> int:
    """Of a convolution: outputs · kernel · channels in / groups, and so on."""
    if call.weight is None or call.kind not in ("convolution", "transposed convolution", "dense"):
        return 0
    once_per = call.tensors[0] if call.kind == "transposed convolution" else output
    return once_per.numel() * call.weight[0].numel()
