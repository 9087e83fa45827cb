"""What the encoder makes of an image, kept so that a head can be fitted and read at once.

A network that is taught is kept as what its `head` reads, and what the layers behind it add to
the scores: the head alone is fitted then. One that is not is kept as the taps of its encoder:
the projections are fitted too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.levels import levels
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.propose import crop
from cnnseg_models.fcn_lite0 import FCNLite0
from cnnseg_models.segmentation import SegmentationNetwork

CELL = 1024
"""Side in pixels of what is encoded at once of a large image; on the grid of the coarsest tap."""
MARGIN = 64
"""Pixels that are encoded round a cell, so that it hardly differs from the whole image's."""
WHOLE = 1280
"""Sides up to this are not cut."""
LARGEST = 4 * 2**20
"""Pixels of an image that is encoded whole; of a larger one only what is visible is."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """A cell of an image as the encoder sees it, in the device's precision."""

    core: Rect
    """The image's pixels that it answers for."""
    window: Rect
    """The pixels that were encoded; the core lies in it."""
    levels: tuple[Tensor, ...]
    """[C, h, w] of one stride each, channels last: the taps, or alone what `head` reads."""
    fine: Tensor | None
    """Scores [K, h, w] of the window's pixels that are added to those of the head."""

    @property
    def nbytes(self) -> int:
        held = [*self.levels, *([] if self.fine is None else [self.fine])]
        return sum(tensor.nbytes for tensor in held)

    def read(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features float32[n, channels of all levels] and `fine` float32[n, K] at pixels.

        Args:
            rows, columns: int64[n], in the image; inside the window.
        """
        size = self.window.height, self.window.width
        top, left = rows - self.window.top, columns - self.window.left
        features = [_bilinear(level, top, left, size) for level in self.levels]
        fine = None if self.fine is None else self.fine[:, top, left].T.float()
        return torch.cat(features, 1), fine


def has_live_head(network: SegmentationNetwork) -> bool:
    """Whether there is a head that can be fitted while a person paints."""
    return isinstance(network, FCNLite0)


def cells(shape: tuple[int, int], visible: Rect, most: int = LARGEST) -> Iterator[Rect]:
    """The parts of an image that are encoded, those nearest to the middle of what is visible first.

    Args:
        shape: of the image.
        visible: pixels on screen; nothing else is encoded of an image of more than `most` pixels,
            nor more than `most` of those.
    """
    height, width = shape
    if max(height, width) <= WHOLE:
        yield Rect(0, 0, height, width)
        return
    shown = visible.clipped(shape)
    wanted = Rect(0, 0, height, width) if height * width <= most or shown.empty else shown
    middle = (shown.top + shown.bottom) / 2, (shown.left + shown.right) / 2

    def distance(cell: tuple[int, int]) -> float:
        row, column = ((at + 0.5) * CELL for at in cell)
        return (row - middle[0]) ** 2 + (column - middle[1]) ** 2

    left = most
    for row, column in sorted(wanted.cells(CELL), key=distance):
        if left > 0:
            cell = cell_rect(row, column, CELL).clipped(shape)
            left -= cell.height * cell.width
            yield cell


def encode(model: Model, pixels: Pixels, core: Rect, compute: Compute) -> Encoded:
    """Encodes a part of an image.

    Args:
        model: of a network that has a live head.
        pixels: uint8[H, W, 3], of the whole image.
        core: one of `cells`.
    """
    network = model.prepared(compute)
    assert isinstance(network, FCNLite0)
    window = core.inflated(MARGIN).clipped(pixels.shape[:2])
    with torch.no_grad():
        seen = crop(pixels, window, levels(pixels) if model.card.stretched else None)
        x = compute.place(torch.from_numpy(seen)).permute(2, 0, 1)[None]
        x = x.float().div_(255)
        if not model.card.steps:
            return Encoded(core, window, tuple(_kept(tap) for tap in network.taps(x)), None)
        hidden, fine = network.parts(x)
    return Encoded(core, window, (_kept(hidden),), fine[0].contiguous())


def _kept(features: Tensor) -> Tensor:
    """[1, C, h, w] → [C, h, w], channels last."""
    return features.contiguous(memory_format=torch.channels_last)[0]


def _bilinear(level: Tensor, rows: Tensor, columns: Tensor, size: Sequence[int]) -> Tensor:
    """Samples float32[n, C] at pixels of a window of that size, aligned by half pixels."""
    _, height, width = level.shape
    cells = level.permute(1, 2, 0).reshape(height * width, -1)
    top, bottom, down = _between(rows, height, size[0])
    left, right, along = _between(columns, width, size[1])
    upper = cells[top * width + left].float().lerp(cells[top * width + right].float(), along)
    lower = cells[bottom * width + left].float().lerp(cells[bottom * width + right].float(), along)
    return upper.lerp(lower, down)


def _between(at: Tensor, cells: int, pixels: int) -> tuple[Tensor, Tensor, Tensor]:
    """The two cells round each pixel, int64[n], and how far it is on the way, float32[n, 1]."""
    place = ((at + 0.5) * (cells / pixels) - 0.5).clamp(0, cells - 1)
    first = place.floor().long()
    return first, (first + 1).clamp_max(cells - 1), (place - first)[:, None].float()


def upsampled(x: Tensor, size: Sequence[int]) -> Tensor:
    """[h, w, C] → [*size, C], bilinear, aligned by half pixels."""
    if tuple(size) == (2 * x.shape[0], 2 * x.shape[1]):
        return _doubled(_doubled(x, 0), 1)
    planes = x.permute(2, 0, 1)[None]
    return F.interpolate(planes, tuple(size), mode="bilinear")[0].permute(1, 2, 0)


def _doubled(x: Tensor, axis: int) -> Tensor:
    """Twice as long: four times as fast in bfloat16 as torch's interpolation of 64 channels."""
    last = x.shape[axis] - 1
    before = torch.cat((x.narrow(axis, 0, 1), x.narrow(axis, 0, last)), axis)
    after = torch.cat((x.narrow(axis, 1, last), x.narrow(axis, last, 1)), axis)
    pairs = torch.stack((torch.lerp(x, before, 0.25), torch.lerp(x, after, 0.25)), axis + 1)
    return pairs.flatten(axis, axis + 1)
