"""Which functions of torch a network calls, in order, and under which layer's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self, cast

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

Pair = tuple[int, int]

KINDS = {
    "conv2d": "convolution",
    "conv_transpose2d": "transposed convolution",
    "linear": "dense",
    "max_pool2d": "pooling",
    "avg_pool2d": "pooling",
    "adaptive_avg_pool2d": "pooling",
    "adaptive_max_pool2d": "pooling",
    "mean": "pooling",
    "batch_norm": "norm",
    "group_norm": "norm",
    "local_response_norm": "norm",
    "relu": "activation",
    "relu_": "activation",
    "relu6": "activation",
    "hardtanh": "activation",
    "sigmoid": "activation",
    "silu": "activation",
    "dropout": "dropout",
    "dropout2d": "dropout",
    "interpolate": "upsampling",
    "pixel_unshuffle": "space to depth",
    "pixel_shuffle": "depth to space",
    "cat": "concatenation",
    "add": "sum",
    "__add__": "sum",
    "__iadd__": "sum",
    "add_": "sum",
    "softmax": "softmax",
}
"""Functions that are layers, by their names in torch."""

_POSITIONS = {
    "conv2d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv_transpose2d": (
        *("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
    ),
    "linear": ("input", "weight", "bias"),
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation"),
    "avg_pool2d": ("input", "kernel_size", "stride", "padding"),
    "interpolate": ("input", "size", "scale_factor", "mode"),
}
_WITH_WINDOW = ("conv2d", "conv_transpose2d", "max_pool2d", "avg_pool2d")


@dataclass(frozen=True)
class Window:
    """How a kernel slides; pairs are (rows, columns)."""

    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a function."""

    name: str
    """The layer's."""
    kind: str | None
    """A value of `KINDS`; None: no layer."""
    tensors: tuple[Tensor, ...]
    """Among the arguments, lists of them opened, in order; the data first."""
    outputs: tuple[Tensor, ...]
    window: Window | None
    arguments: Mapping[str, object] = field(default_factory=dict)
    """By name where the function's are known, else by place."""

    @property
    def weight(self) -> Tensor | None:
        """Of a convolution or a dense layer."""
        found = self.arguments.get("weight")
        return found if isinstance(found, Tensor) else None

    def option(self, name: str, default: str) -> str:
        """An argument that is a text."""
        return str(self.arguments.get(name, default))


class Trace:
    """Calls `on_call` after every function of torch while the network runs inside it.

    A call is named after the layer whose parameter it takes; else after the innermost module that
    is running, followed by the function's name where that module is no leaf. A name that comes
    again is numbered.
    """

    def __init__(self, network: nn.Module, on_call: Callable[[Call], None]) -> None:
        self._network, self._on_call = network, on_call
        self._owners = {id(p): name.rpartition(".")[0] for name, p in network.named_parameters()}
        self._running: list[tuple[str, bool]] = []
        self._named: Counter[str] = Counter()
        self._entered = ExitStack()

    def __enter__(self) -> Self:
        for name, part in self._network.named_modules():
            leaf = next(part.children(), None) is None
            for handle in self._following(part, name, leaf):
                self._entered.callback(handle.remove)
        self._entered.enter_context(_Mode(self._take))
        return self

    def __exit__(self, *_error: object) -> None:
        self._entered.close()

    def _following(self, part: nn.Module, name: str, leaf: bool) -> Iterator[RemovableHandle]:
        """Hooks by which a module's name stands on a stack as long as the module runs."""

        def push(_part: nn.Module, _inputs: object) -> None:
            self._running.append((name, leaf))

        def pop(_part: nn.Module, _inputs: object, _output: object) -> None:
            self._running.pop()

        yield part.register_forward_pre_hook(push)
        yield part.register_forward_hook(pop, always_call=True)

    def _take(self, function: str, arguments: Mapping[str, object], result: object) -> None:
        outputs = tuple(_tensors([result]))
        if not outputs or function.startswith("new_"):  # made beside the data, not from it
            return
        tensors = tuple(_tensors(list(arguments.values())))
        kind = KINDS.get(function)
        if kind == "sum" and len([t for t in tensors if t.ndim == 4]) < 2:
            kind = None  # a constant is added: part of a normalisation
        if function == "mean" and (tensors[0].ndim != 4 or outputs[0].ndim != 2):
            kind = None
        self._on_call(
            Call(
                name=self._name(function, tensors) if kind else "",
                kind=kind,
                tensors=tensors,
                outputs=outputs,
                window=_window(function, arguments) if function in _WITH_WINDOW else None,
                arguments=arguments,
            )
        )

    def _name(self, function: str, tensors: Sequence[Tensor]) -> str:
        owner = next((self._owners[id(t)] for t in tensors if id(t) in self._owners), None)
        inner, leaf = self._running[-1] if self._running else ("", True)
        if owner is not None:
            name = owner
        elif leaf and inner:
            name = inner
        else:
            name = ".".join(part for part in (inner, function.strip("_")) if part)
        self._named[name] += 1
        again = self._named[name]
        return name if again == 1 else f"{name} ({again})"


class _Mode(TorchFunctionMode):
    """Tells each function's name, its arguments by name where `_POSITIONS` has them, its result."""

    def __init__(self, tell: Callable[[str, Mapping[str, object], object], None]) -> None:
        super().__init__()
        self._tell = tell

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        known = _POSITIONS.get(name, ())
        names = (*known, *(str(place) for place in range(len(known), len(args))))
        self._tell(name, dict(zip(names, args, strict=False)) | dict(kwargs or {}), result)
        return result


def _tensors(values: Sequence[object]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


def _window(function: str, arguments: Mapping[str, object]) -> Window:
    weight = arguments.get("weight")
    if isinstance(weight, Tensor):
        kernel, stride = _pair(weight.shape[-2:]), _pair(arguments.get("stride", 1))
    else:
        kernel = _pair(arguments["kernel_size"])
        stride = _pair(arguments.get("stride") or kernel)
    return Window(
        kernel=kernel,
        stride=stride,
        padding=_pair(arguments.get("padding", 0)),
        dilation=_pair(arguments.get("dilation", 1)),
        groups=cast("int", arguments.get("groups", 1)),
    )


def _pair(value: object) -> Pair:
    """Torch's ways to say rows and columns: a number, or one or two of them."""
    if isinstance(value, int):
        return value, value
    sides = tuple(cast("Sequence[int]", value))
    return int(sides[0]), int(sides[-1])
