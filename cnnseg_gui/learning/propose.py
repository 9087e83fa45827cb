"""Proposing a mask for an image of any size, tile by tile, what the person sees first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.levels import levels
from cnnseg_gui.learning.memory import free, is_out_of_memory, processor, told
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.tiles import Axis, cover, mirrored
from cnnseg_models.segmentation import SegmentationNetwork

TILE = 512
"""Side of a tile in pixels."""
STEP = 0.75
"""Of the tile's side, from one tile to the next, at most."""
SMALLEST_TILE = 256
"""The shortest side whose overlap still lies on the grid of the coarsest stride."""
WHOLE = 640
"""Sides up to this are not cut."""
_ALIGN = 32  # the coarsest stride: on its grid a tile's features are those of the whole image

OnRegion = Callable[[Rect, Pixels, Pixels], None]


def propose(
    model: Model,
    pixels: Pixels,
    compute: Compute,
    *,
    visible: Rect | None = None,
    on_region: OnRegion,
    on_lightened: Callable[[str], None] = lambda line: None,
    checkpoint: Callable[[], bool] = lambda: False,
) -> None:
    """Reports every pixel of a proposal once, in rectangles, as they are finished.

    Tiles overlap; their probabilities are blended with Gaussian weights. Only the strips that
    wait for a neighbour are kept: memory grows with the image's width, not with its area.

    Where memory runs out it begins again with smaller tiles, then on the processor: what was
    reported until then is reported anew.

    Args:
        model: what proposes.
        pixels: uint8[H, W, 3].
        visible: what to begin with; the whole image where None.
        on_region: takes a finished rectangle, its classes uint8[h, w] and their confidence
            uint8[h, w], the blended probability in 0…255.
        on_lightened: told in one line where it goes on with less memory.
        checkpoint: called before every tile; True stops it there.

    Raises:
        RuntimeError, MemoryError: the memory is not enough with less of everything either.
    """
    tile = TILE
    while True:
        try:
            _propose(model, pixels, compute, tile, visible, on_region, checkpoint)
        except (RuntimeError, MemoryError) as error:
            smaller = tile // 2 >= SMALLEST_TILE and max(pixels.shape[:2]) > tile // 2
            if not is_out_of_memory(error) or not (smaller or compute.device.type != "cpu"):
                raise
            free(error)
        else:
            return
        if smaller:
            what = f"proposing goes on with tiles of {tile // 2} pixels instead of {tile}"
            on_lightened(told(compute, what))
            tile //= 2
        else:
            on_lightened(told(compute, "proposing goes on more slowly, on the processor"))
            tile, compute = TILE, processor()


def _propose(
    model: Model,
    pixels: Pixels,
    compute: Compute,
    tile: int,
    visible: Rect | None,
    on_region: OnRegion,
    checkpoint: Callable[[], bool],
) -> None:
    network = model.prepared(compute)
    shown = levels(pixels) if model.card.stretched else None
    rows, columns = (_cover(side, network.context, tile) for side in pixels.shape[:2])
    blend = _Blend(rows, columns)
    for row, column in _order(rows, columns, visible):
        if checkpoint():
            return
        window = Rect(
            rows.starts[row],
            columns.starts[column],
            rows.starts[row] + rows.tile,
            columns.starts[column] + columns.tile,
        )
        part = crop(pixels, window.inflated(network.context), shown)
        probabilities = _probabilities(network, part, compute, model.card.temperature)
        for rect, blended in blend.add(row, column, probabilities):
            on_region(rect, *_classes_and_confidence(blended))


def _probabilities(
    network: SegmentationNetwork, pixels: Pixels, compute: Compute, temperature: float
) -> Tensor:
    """float32[classes, h, w] of a tile; of a quick network the mean with its mirror image's.

    On cracks and retinas the mirror image is worth 0.005–0.007 of IoU.
    """
    found = infer(network, pixels, compute).div(temperature).softmax(0)
    if network.poses < 2:
        return found
    turned = np.ascontiguousarray(pixels[:, ::-1])
    again = infer(network, turned, compute).div(temperature).softmax(0)
    return found.add_(again.flip(2)).div_(2)


def infer(network: SegmentationNetwork, pixels: Pixels, compute: Compute) -> Tensor:
    """Logits float32[classes, h, w] on the processor, of uint8[H, W, 3], by a prepared network."""
    with torch.inference_mode():
        x = compute.place(torch.from_numpy(pixels)).permute(2, 0, 1)[None]  # channels_last
        logits: Tensor = network(x.float().div_(255))
        return logits[0].to("cpu", torch.float32).contiguous()


def crop(pixels: Pixels, rect: Rect, shown: Pixels | None = None) -> Pixels:
    """A copy of a rectangle, uint8[h, w, 3]; beyond the image's edges it is mirrored.

    Args:
        shown: uint8[256], what each value becomes; None: itself.
    """
    height, width = pixels.shape[:2]
    if rect.clipped((height, width)) == rect:
        part = pixels[rect.slices].copy()
    else:
        rows = mirrored(rect.top, rect.bottom, height)
        columns = mirrored(rect.left, rect.right, width)
        part = np.ascontiguousarray(pixels[rows[:, None], columns])
    return part if shown is None else shown[part]


def legal_length(length: int, context: int) -> int:
    """The shortest side, at least `length`, that a network's logits can have."""
    if not context:
        return length
    return 4 + 16 * math.ceil(max(0, length - 4) / 16)  # U-Net's valid form: see `unet`


def _cover(length: int, context: int, tile: int = TILE) -> Axis:
    whole = WHOLE if tile == TILE else tile
    side = legal_length(length if length <= whole else tile, context)
    return cover(length, side, STEP, _ALIGN)


def _order(rows: Axis, columns: Axis, visible: Rect | None) -> Iterator[tuple[int, int]]:
    """Every tile once, row by row, those that touch what is visible first."""
    shown = (visible or Rect(0, 0, 0, 0)).clipped((rows.length, columns.length))
    first_rows = rows.covering(shown.top, shown.bottom) if not shown.empty else []
    first_columns = columns.covering(shown.left, shown.right) if not shown.empty else []
    yield from ((row, column) for row in first_rows for column in first_columns)
    for row in range(len(rows.starts)):
        for column in range(len(columns.starts)):
            if row not in first_rows or column not in first_columns:
                yield row, column


def _classes_and_confidence(probabilities: Tensor) -> tuple[Pixels, Pixels]:
    confidence, classes = probabilities.max(0)
    quantised = confidence.mul(255).round_().clamp_(0, 255).to(torch.uint8)
    return classes.to(torch.uint8).numpy(), quantised.numpy()


@dataclass
class _Cell:
    """A rectangle on which the set of covering tiles is the same."""

    sum: Tensor
    missing: int


class _Blend:
    """Sums the tiles' weighted probabilities, cell by cell, and lets go of what is complete."""

    def __init__(self, rows: Axis, columns: Axis) -> None:
        self._rows, self._columns = rows, columns
        self._spans = _spans(rows), _spans(columns)
        self._cells: dict[tuple[int, int], _Cell] = {}

    def add(self, row: int, column: int, values: Tensor) -> Iterator[tuple[Rect, Tensor]]:
        """Takes float32[classes, tile, tile]; yields the rectangles that are now complete."""
        for top, bottom, rows in self._spans[0][row]:
            for left, right, columns in self._spans[1][column]:
                y, x = top - self._rows.starts[row], left - self._columns.starts[column]
                part = values[:, y : y + bottom - top, x : x + right - left]
                rect = Rect(top, left, bottom, right)
                if rows * columns == 1:
                    yield rect, part
                    continue
                weights = np.outer(
                    self._rows.weights[row, y : y + bottom - top],
                    self._columns.weights[column, x : x + right - left],
                )
                part = part * torch.from_numpy(weights)
                cell = self._cells.get((top, left))
                if cell is None:
                    self._cells[top, left] = _Cell(part, rows * columns - 1)
                    continue
                cell.sum += part
                cell.missing -= 1
                if not cell.missing:
                    del self._cells[top, left]
                    yield rect, cell.sum


def _spans(axis: Axis) -> list[list[tuple[int, int, int]]]:
    """For every tile the (start, end, number of covering tiles) of the cells it touches."""
    spans: list[list[tuple[int, int, int]]] = [[] for _ in axis.starts]
    cuts = axis.cuts()
    for start, end in pairwise(cuts):
        covering = axis.covering(start, end)
        for tile in covering:
            spans[tile].append((start, end, len(covering)))
    return spans
