"""Arguments about kernels and upsampling as numbers, counted and computed by real layers.

Stacked 3×3 kernels: Simonyan and Zisserman (ICLR 2015). N×N as 1×N and N×1: Szegedy et al. (CVPR
2016). Uneven overlap of transposed convolutions: Odena, Dumoulin, Olah, "Deconvolution and
Checkerboard Artifacts" (Distill 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_models.layers import layer_table, summary

Pair = tuple[int, int]

_STACKS: tuple[tuple[Pair, tuple[Pair, ...]], ...] = (
    ((11, 11), ((3, 3),) * 5),
    ((5, 5), ((3, 3),) * 2),
    ((7, 7), ((1, 7), (7, 1))),
)
_TRANSPOSED = ((3, 2), (5, 2), (4, 2), (2, 2), (64, 32))
_SHOWN = 12  # cells of a picture's side: some periods of every pattern of stride 2


@dataclass(frozen=True)
class Kernels:
    """Convolutions one after the other, from one channel to one."""

    sizes: tuple[Pair, ...]
    """(rows, columns) of each kernel."""
    weights: int
    receptive_field: Pair


@dataclass(frozen=True)
class Comparison:
    """One large kernel against small ones that see as much."""

    one: Kernels
    stack: Kernels


@dataclass(frozen=True, eq=False)
class Overlap:
    """What an upsampling makes of ones, away from the borders."""

    name: str
    values: npt.NDArray[np.float32]
    """[rows, columns]: with weights of 1, how many products reach each output; all the same where
    nothing shows of the upsampling."""

    @property
    def even(self) -> bool:
        """Whether all outputs are equal."""
        return bool(np.ptp(self.values) == 0)


def kernel_comparisons() -> tuple[Comparison, ...]:
    """11×11 against five 3×3, 5×5 against two 3×3, 7×7 against 1×7 and 7×1."""
    return tuple(Comparison(kernels([one]), kernels(stack)) for one, stack in _STACKS)


def kernels(sizes: Sequence[Pair]) -> Kernels:
    """Counts the weights of these convolutions, and looks at what the last one sees."""
    with torch.device("meta"):
        stack = nn.Sequential(*(nn.Conv2d(1, 1, size, bias=False) for size in sizes))
    layers = layer_table(stack, (1, 64, 64))
    field = layers[-1].receptive_field
    assert field is not None
    return Kernels(tuple(sizes), summary(layers).parameters, field)


def overlaps() -> tuple[Overlap, ...]:
    """Transposed convolutions of several kernels and strides, then upsampling + convolution."""
    transposed = [
        Overlap(f"transposed convolution {kernel}×{kernel}, stride {stride}", _shown(values))
        for kernel, stride in _TRANSPOSED
        for values in (transposed_ones(kernel, stride),)
    ]
    return (*transposed, Overlap("nearest upsampling × 2, then convolution 3×3", _upsampled()))


def transposed_ones(kernel: int, stride: int) -> npt.NDArray[np.float32]:
    """A transposed convolution with weights of 1, of ones.

    Returns:
        float32[side, side], the outputs that the border does not reach: at least 12 a side.
    """
    cells = 2 * (kernel // stride) + 2 * _SHOWN // stride + 4
    ones = torch.ones(1, 1, cells, cells)
    return _inside(
        F.conv_transpose2d(ones, torch.ones(1, 1, kernel, kernel), stride=stride), kernel
    )


def _upsampled() -> npt.NDArray[np.float32]:
    twofold = F.interpolate(torch.ones(1, 1, _SHOWN, _SHOWN), scale_factor=2, mode="nearest")
    return _shown(_inside(F.conv2d(twofold, torch.ones(1, 1, 3, 3)), 0))


def _inside(x: Tensor, border: int) -> npt.NDArray[np.float32]:
    side = x.shape[-1] - 2 * border
    return x[0, 0, border : border + side, border : border + side].numpy()


def _shown(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return values[:_SHOWN, :_SHOWN]
