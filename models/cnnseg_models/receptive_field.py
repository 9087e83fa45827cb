"""What a cell of a feature map has seen of the input, layer by layer.

Conventions: upsampling puts the cells `factor` times closer. A nearest one sees no more than
before; a bilinear one sees two neighbours; a transposed convolution of kernel k and stride s sees
⌈k / s⌉ cells. Space to depth by r is a window of r with stride r; depth to space brings the cells
as much closer. Sums and concatenations see what the widest of their inputs has seen. Global
pooling and dense layers over a map see everything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cnnseg_models.tracing import Call, Window


@dataclass(frozen=True)
class Axis:
    """Along one side: pixels between neighbouring cells, and pixels that one cell sees."""

    jump: Fraction
    size: Fraction

    def after(self, *, kernel: int, stride: int, dilation: int) -> Axis:
        """Of a convolution or pooling."""
        return Axis(self.jump * stride, self.size + (kernel - 1) * dilation * self.jump)

    def enlarged(self, *, factor: int, cells: int) -> Axis:
        """Of an upsampling whose outputs see `cells` neighbours each."""
        return Axis(self.jump / factor, self.size + (cells - 1) * self.jump)

    def joined(self, other: Axis) -> Axis:
        """Of a sum or concatenation."""
        return Axis(min(self.jump, other.jump), max(self.size, other.size))


@dataclass(frozen=True)
class Field:
    """Along rows and columns."""

    rows: Axis
    columns: Axis

    @staticmethod
    def of_a_pixel() -> Field:
        """The input's own."""
        axis = Axis(Fraction(1), Fraction(1))
        return Field(axis, axis)


@dataclass(frozen=True)
class Seen:
    """A field, or all of the input where None."""

    field: Field | None

    @property
    def sides(self) -> tuple[int, int] | None:
        """Pixels, rounded up; None: all of the input."""
        if self.field is None:
            return None
        return math.ceil(self.field.rows.size), math.ceil(self.field.columns.size)


def seen_by(call: Call, inputs: Sequence[Seen]) -> Seen:
    """What a function's output has seen, from what its inputs have."""
    field = _joined(inputs)
    if field is None or _sees_everything(call):
        return Seen(None)
    match call.kind:
        case "upsampling":
            return Seen(_interpolated(call, field))
        case "transposed convolution":
            return Seen(_transposed(call, field))
        case "pooling" if call.window is None:
            return Seen(_adapted(call, field))
        case "space to depth" | "depth to space":
            return Seen(_rearranged(call, field))
    return Seen(_after(field, call.window) if call.window else field)


def _joined(inputs: Sequence[Seen]) -> Field | None:
    fields = [seen.field for seen in inputs]
    joined = fields[0]
    for other in fields[1:]:
        if joined is None or other is None:
            return None
        joined = replace(
            joined,
            rows=joined.rows.joined(other.rows),
            columns=joined.columns.joined(other.columns),
        )
    return joined


def _sees_everything(call: Call) -> bool:
    before, after = call.tensors[0], call.outputs[0] if call.outputs else None
    if before.ndim != 4 or max(before.shape[-2:]) == 1 or after is None:
        return False
    return after.ndim < 4 or (call.kind == "pooling" and call.window is None and _is_one(call))


def _is_one(call: Call) -> bool:
    return tuple(call.outputs[0].shape[-2:]) == (1, 1)


def _after(field: Field, window: Window) -> Field:
    axes = (
        axis.after(kernel=kernel, stride=stride, dilation=dilation)
        for axis, kernel, stride, dilation in zip(
            (field.rows, field.columns),
            window.kernel,
            window.stride,
            window.dilation,
            strict=True,
        )
    )
    return Field(*axes)


def _transposed(call: Call, field: Field) -> Field:
    assert call.window is not None
    axes = (
        axis.enlarged(factor=stride, cells=math.ceil(kernel / stride))
        for axis, kernel, stride in zip(
            (field.rows, field.columns), call.window.kernel, call.window.stride, strict=True
        )
    )
    return Field(*axes)


def _interpolated(call: Call, field: Field) -> Field:
    cells = 1 if call.option("mode", "nearest") == "nearest" else 2
    axes = (
        # a side that was rounded up comes back a little shorter: 13 → 25 is twofold too
        axis.enlarged(factor=max(1, round(after / before)), cells=cells)
        for axis, before, after in zip(
            (field.rows, field.columns),
            call.tensors[0].shape[-2:],
            call.outputs[0].shape[-2:],
            strict=True,
        )
    )
    return Field(*axes)


def _rearranged(call: Call, field: Field) -> Field:
    before, after = call.tensors[0].shape[-1], call.outputs[0].shape[-1]
    if after < before:
        axes = (
            axis.after(kernel=before // after, stride=before // after, dilation=1)
            for axis in (field.rows, field.columns)
        )
    else:
        axes = (
            axis.enlarged(factor=after // before, cells=1) for axis in (field.rows, field.columns)
        )
    return Field(*axes)


def _adapted(call: Call, field: Field) -> Field:
    """Adaptive pooling: windows of ⌈in / out⌉ that lie in / out apart."""
    axes = (
        axis.after(kernel=math.ceil(before / after), stride=max(1, before // after), dilation=1)
        for axis, before, after in zip(
            (field.rows, field.columns),
            call.tensors[0].shape[-2:],
            call.outputs[0].shape[-2:],
            strict=True,
        )
    )
    return Field(*axes)
