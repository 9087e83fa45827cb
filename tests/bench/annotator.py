"""A simulated person: sees mask and proposal, knows the truth, and paints what is wrong.

The largest wrong region is taken first, and of a class that was not painted on this image yet
before that of others. A brush that fits it is led along its medial line, or along rows through it,
never over what is right otherwise; of a few brushes that which puts most pixels right in a second
is taken. Aiming takes a second, and the brush moves at 400 pixels a second.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse
from scipy.sparse import csgraph
from skimage.morphology import skeletonize

from cnnseg_gui.core.mask import UNLABELLED, Pixels

AIM_S = 1.0
"""Seconds before every stroke; a click, as accepting or going on, takes as long."""
PIXELS_PER_S = 400.0
"""The brush's way; as in RootPainter's benchmark."""
THINNEST = 3
"""Pixels: what is wrong in a thinner line, as along a border, is left, as people do."""

_LARGEST = 32.0  # radius of a brush in pixels
_SHARES = (0.9, 0.6, 0.35, 0.2)  # of the region's inscribed radius: the brushes that are tried
_MEDIAL_FROM = 0.5  # shares from which on a stroke may follow the medial line
_ROWS_APART = 1.4  # radii
_AROUND = np.ones((3, 3), np.bool_)

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stroke:
    """A brush stroke; the points are pixels' centres, float64[n, 2] of (y, x)."""

    class_index: int
    diameter: float
    points: Floats

    @property
    def length(self) -> float:
        """In pixels."""
        return _length(self.points)

    @property
    def seconds(self) -> float:
        """Without the aiming."""
        return self.length / PIXELS_PER_S


class Annotator:
    """Corrects one image.

    Args:
        truth: uint8[H, W], UNLABELLED where anything is right.
        thinnest: pixels; 1 for a person who leaves nothing.
    """

    def __init__(self, truth: Pixels, *, thinnest: int = THINNEST) -> None:
        self._truth, self._thinnest = truth, thinnest
        self._painted: set[int] = set()
        known = truth != UNLABELLED
        self._room = {
            int(index): _room((truth == index) | ~known) for index in np.unique(truth[known])
        }

    def next_stroke(self, shown: Pixels) -> Stroke | None:
        """What to paint next; None where nothing is wrong that a person would mend.

        Args:
            shown: uint8[H, W], the mask where decided, else the proposal, else UNLABELLED.
        """
        found = max(
            self._largest(shown),
            key=lambda region: (region[1] not in self._painted, region[0]),
            default=None,
        )
        if found is None:
            return None
        _, index, (rows, columns), region = found
        self._painted.add(index)
        room = self._room[index][rows, columns]
        wrong = (self._truth[rows, columns] == index) & (shown[rows, columns] != index)
        corner = np.array([rows.start, columns.start]) + 0.5
        best, most = None, 0.0
        for radius, path in _plans(region, room):
            stroke = Stroke(index, 2 * radius, path + corner)
            mended = np.count_nonzero(wrong & _swept(path, radius, wrong.shape))
            if mended / (AIM_S + stroke.seconds) > most:
                best, most = stroke, mended / (AIM_S + stroke.seconds)
        return best

    def _largest(self, shown: Pixels) -> Iterator[tuple[int, int, tuple[slice, slice], Flags]]:
        """Of every class the largest region that is to be it: pixels, class, box, bool[h, w]."""
        for index in self._room:
            wrong = (self._truth == index) & (shown != index)
            core = ndimage.binary_erosion(wrong, np.ones((self._thinnest,) * 2, np.bool_))
            if not core.any():
                continue
            numbers, count = ndimage.label(wrong)
            sizes = np.bincount(numbers.ravel(), minlength=count + 1)
            worth = np.unique(numbers[core])
            number = int(worth[sizes[worth].argmax()])
            region = numbers == number
            rows, columns = (np.flatnonzero(region.any(axis)) for axis in (1, 0))
            box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            yield int(sizes[number]), index, box, np.asarray(region[box])


def _room(inside: Flags) -> Floats:
    """How far each pixel is from what is not inside; beyond the image everything is."""
    if inside.all():
        return np.full(inside.shape, math.inf)
    return np.asarray(ndimage.distance_transform_edt(inside), np.float64)


def _plans(region: Flags, room: Floats) -> Iterator[tuple[float, Points]]:
    """Brushes (their radius) and ways for them, int64[n, 2], that stay where there is room."""
    depth = ndimage.distance_transform_edt(np.pad(region, 1)).max()
    for share in _SHARES:
        radius = float(np.clip(share * depth, 0.5, _LARGEST))
        centres = region & (room**2 > radius**2 + 0.5)  # between two of them there is room, too
        if not centres.any():
            continue
        centres = _largest_part(centres)
        yield radius, _walk(_rows(centres, max(1, round(_ROWS_APART * radius))))
        if share >= _MEDIAL_FROM:
            yield radius, _walk(_medial(centres))
        if radius == 0.5:
            return


def _medial(centres: Flags) -> Flags:
    thin: Callable[[Flags], Flags] = skeletonize
    return thin(centres)


def _largest_part(flags: Flags) -> Flags:
    numbers, count = ndimage.label(flags, _AROUND)
    if count == 1:
        return flags
    return np.asarray(numbers == np.bincount(numbers.ravel())[1:].argmax() + 1)


def _rows(centres: Flags, apart: int) -> Flags:
    """Every so many rows of the centres, joined alternately at the left and at the right."""
    filled = np.flatnonzero(centres.any(1))
    first, last = int(filled[0]), int(filled[-1])
    chosen = np.linspace(first, last, math.ceil((last - first) / apart) + 1).round().astype(int)
    lines = np.zeros_like(centres)
    lines[chosen] = centres[chosen]
    for number, (top, bottom) in enumerate(itertools.pairwise(chosen)):
        free = centres[top : bottom + 1].all(0)
        edges = np.flatnonzero(np.diff(np.pad(free, 1).astype(np.int8)))
        joints = edges[0::2] if number % 2 else edges[1::2] - 1
        lines[top : bottom + 1, joints] = True
    return _largest_part(lines)


def _walk(lines: Flags) -> Points:
    """A way over all pixels of connected lines, int64[n, 2], back where one ends.

    A tree of shortest ways from one end; of its branches the longest comes last.
    """
    places = np.argwhere(lines)
    number = np.full(np.add(lines.shape, 2), -1)
    number[1:-1, 1:-1][lines] = np.arange(len(places))
    pairs = [
        np.stack([here, there])[:, (here >= 0) & (there >= 0)]
        for here, there in (
            (number[1:-1, 1:-1], number[1:-1, 2:]),
            (number[1:-1, 1:-1], number[2:, 1:-1]),
            (number[1:-1, 1:-1], number[2:, 2:]),
            (number[1:-1, 1:-1], number[2:, :-2]),
        )
    ]
    ends = np.concatenate(pairs, 1)
    graph = sparse.coo_array(
        (np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), (len(places),) * 2
    ).tocsr()
    far = csgraph.breadth_first_order(graph, 0, directed=False)[0][-1]
    order, before = csgraph.breadth_first_order(graph, far, directed=False)
    way = np.array(_tour(order.tolist(), before.tolist()))
    points = places[way]
    turns = np.any(np.diff(points[1:], axis=0) != np.diff(points[:-1], axis=0), axis=1)
    return np.asarray(points[np.concatenate([[True], turns, [True]])[: len(points)]])


def _tour(order: list[int], before: list[int]) -> list[int]:
    """The nodes of a tree in the order of a walk over it, which ends at the last new one."""
    height = [0] * len(before)
    branches: list[list[int]] = [[] for _ in before]
    for node in reversed(order[1:]):
        branches[before[node]].append(node)
        height[before[node]] = max(height[before[node]], height[node] + 1)
    for found in branches:
        found.sort(key=height.__getitem__, reverse=True)  # taken from the end
    way, last_new, open_nodes = [order[0]], 1, [order[0]]
    while open_nodes:
        if found := branches[open_nodes[-1]]:
            open_nodes.append(found.pop())
            way.append(open_nodes[-1])
            last_new = len(way)
        else:
            open_nodes.pop()
            way += open_nodes[-1:]
    return way[:last_new]


def _swept(path: Points, radius: float, shape: tuple[int, ...]) -> Flags:
    """The pixels under a brush that is led along a path of straight and diagonal lines."""
    outside = np.ones(shape, np.bool_)
    for (top, left), (bottom, right) in itertools.pairwise(path):
        steps = max(abs(bottom - top), abs(right - left)) + 1
        rows = np.linspace(top, bottom, steps).round().astype(int)
        outside[rows, np.linspace(left, right, steps).round().astype(int)] = False
    outside[tuple(path[0])] = False
    return np.asarray(ndimage.distance_transform_edt(outside) <= radius)


def _length(points: Floats) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())
