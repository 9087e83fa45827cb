"""Outlines of objects through the corners of their pixels, and back to the pixel.

Image coordinates: x to the right, y down, pixel (row i, column j) covers [i, i+1) × [j, j+1). An
outline goes clockwise round an object and counterclockwise round its holes, with the object on its
right. A hole is joined to the ring on its left by a cut of no width along a row of corners, so that
one ring holds the object with all its holes: the cut is passed once in each direction and encloses
nothing, by the even-odd and by the non-zero rule.

Programs that take the pixels whose centres lie inside (pycocotools, scikit-image) see the object as
it is. Those that colour every pixel the edge touches (OpenCV's fillPoly, Pillow's ImageDraw) see
one pixel more to the right and below, whichever program wrote the polygon.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.polygon import polygon, polygon_bounds
from cnnseg_gui.core.rect import Rect

Ring = npt.NDArray[np.float64]
"""Corners (y, x), float64[n, 2]; the last one is joined to the first."""

TOLERANCES = ("0", "0.5", "1", "2")
"""What formats of polygons offer, in pixels: how far an outline may leave the objects' corners."""

_Integers = npt.NDArray[np.int64]
_RIGHT, _DOWN, _LEFT, _UP = range(4)
_FAR = 1e7  # pixels: no image is as large
_MOST_CROSSINGS = 50_000_000
_ELLIPSE_CORNERS = 180


def outlines(
    labels: npt.NDArray[np.integer], *, corner: tuple[int, int] = (0, 0), tolerance: float = 0.0
) -> list[Ring]:
    """One ring for each object of a label image, holes included.

    Args:
        labels: [h, w], 0 where there is no object, otherwise the object's number; each is one
            component, corners touching.
        corner: row and column of `labels` in the image.
        tolerance: how far the outline may leave the corners, in pixels; 0 is exact.

    Returns:
        The outlines in ascending order of the objects' numbers.
    """
    edges = _Edges(labels)
    if not edges.label.size:
        return []
    following = _with_cuts(edges, edges.following())
    paths = sorted(_paths(following.tolist()), key=lambda path: int(edges.label[path[0]]))
    return [_simplified(edges.corners(path), tolerance) + corner for path in paths]


def fill(
    ring: Sequence[tuple[float, float]] | Ring, shape: tuple[int, int]
) -> tuple[Rect, npt.NDArray[np.bool_]]:
    """The pixels whose centres lie inside, by the even-odd rule: where, and bool[h, w].

    Raises:
        ValueError: coordinates beyond any image, or more crossings than memory can hold.
    """
    points = _points(ring)
    if len(points) < 3:
        return Rect(0, 0, 0, 0), np.zeros((0, 0), np.bool_)
    rows = np.clip(points[:, 0], 0, shape[0])
    if np.abs(rows - np.roll(rows, 1)).sum() > _MOST_CROSSINGS:
        raise ValueError("a polygon that goes up and down too often")
    corners = [(y, x) for y, x in points.tolist()]
    bounds = polygon_bounds(corners, shape)
    covered = np.zeros((bounds.height, bounds.width), np.bool_)
    for band in polygon(corners, shape):
        top, left = band.top - bounds.top, band.left - bounds.left
        height, width = band.covered.shape
        covered[top : top + height, left : left + width] = band.covered
    return bounds, covered


def fill_into(
    mask: Pixels, rings: Iterable[Sequence[tuple[float, float]] | Ring], value: int
) -> None:
    """Sets `value` in uint8[H, W] at the pixels of any of the rings.

    Raises:
        ValueError: as `fill`.
    """
    for ring in rings:
        bounds, covered = fill(ring, (mask.shape[0], mask.shape[1]))
        if not bounds.empty:
            mask[bounds.slices][covered] = value


def area(ring: Sequence[tuple[float, float]] | Ring) -> float:
    """What a ring encloses, in pixels: the shoelace formula.

    Raises:
        ValueError: coordinates beyond any image.
    """
    points = _points(ring)
    if not len(points):
        return 0.0
    y, x = (points - points[0]).T
    return float(abs(np.dot(y, np.roll(x, 1)) - np.dot(x, np.roll(y, 1))) / 2)


def ellipse(y: float, x: float, down: float, across: float) -> Ring:
    """The ring of an ellipse by its centre and its two radii."""
    turns = np.linspace(0, 2 * np.pi, _ELLIPSE_CORNERS, endpoint=False)
    with np.errstate(all="ignore"):  # what is not finite is refused where it is filled
        return np.stack([y + down * np.sin(turns), x + across * np.cos(turns)], axis=1)


# ---------------------------------------------------------------------- inside


def _points(ring: Sequence[tuple[float, float]] | Ring) -> Ring:
    points = np.asarray(ring, np.float64).reshape(-1, 2)
    if not (np.abs(points) <= _FAR).all():  # nor is what is no number
        raise ValueError("a polygon that reaches beyond any image")
    return points


class _Edges:
    """The sides between pixels of different labels, one for each label that is not 0.

    An edge leads from `start` to `end`, corners of the grid as row * stride + column, with its
    label's pixel on its right.
    """

    def __init__(self, labels: npt.NDArray[np.integer]) -> None:
        height, width = labels.shape
        self.stride = width + 1
        padded = np.pad(labels, 1).astype(np.int64)
        above, below = padded[:-1, 1:-1], padded[1:, 1:-1]  # of each horizontal side
        left, right = padded[1:-1, :-1], padded[1:-1, 1:]  # of each vertical side
        stride = self.stride
        parts = []
        for own, other, direction in (
            (below, above, _RIGHT),
            (above, below, _LEFT),
            (left, right, _DOWN),
            (right, left, _UP),
        ):
            row, column = np.nonzero((own != other) & (own != 0))
            near = row * stride + column
            far = near + (1 if direction in (_RIGHT, _LEFT) else stride)
            start, end = (near, far) if direction in (_RIGHT, _DOWN) else (far, near)
            parts.append((own[row, column], start, end, np.full(start.size, direction)))
        label, start, end, turn = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.lexsort((turn, start, label))
        self.label, self.start, self.end = label[order], start[order], end[order]
        self.direction: _Integers = turn[order]
        self._corners = (height + 1) * stride

    def following(self) -> _Integers:
        """The edge after each one. Where two pixels of an object touch at a corner only, the way
        leads on to the other pixel: an object is one ring.
        """
        keys = self.key(self.label, self.start)
        after = np.searchsorted(keys, self.key(self.label, self.end))
        # Two begin there if pixels touch at the corner: the one to the left of the way is wanted.
        two = np.append(keys[1:] == keys[:-1], False)[after]
        wrong = two & (self.direction[after] != (self.direction - 1) % 4)
        return np.asarray(after + wrong, np.int64)

    def key(self, label: _Integers, corner: _Integers) -> _Integers:
        """Orders places by label, then row, then column."""
        return np.asarray(label * self._corners + corner, np.int64)

    def add_cuts(self, label: _Integers, near: _Integers, far: _Integers) -> None:
        """Appends a way to the right for each pair of corners, then all ways back."""
        back_and_forth = np.repeat([_RIGHT, _LEFT], label.size)
        self.label = np.concatenate([self.label, label, label])
        self.start = np.concatenate([self.start, near, far])
        self.end = np.concatenate([self.end, far, near])
        self.direction = np.concatenate([self.direction, back_and_forth])

    def corners(self, path: Sequence[int]) -> _Integers:
        """(row, column) where a way through the edges turns, int64[n, 2]."""
        edges = np.asarray(path)
        direction = self.direction[edges]
        turns = direction != np.roll(direction, 1)
        row, column = np.divmod(self.start[edges[turns]], self.stride)
        return np.stack([row, column], axis=1)


def _with_cuts(edges: _Edges, following: _Integers) -> _Integers:
    """The edge after each one once every hole is joined to the ring on its left.

    The cut begins at the upper end of one of the hole's leftmost edges and leads left to the first
    edge of the same object, which cannot be the hole's own.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = following.size
    graph = coo_matrix((np.ones(count, np.int8), (np.arange(count), following)))
    _, ring = connected_components(graph, directed=False)
    column = edges.start % edges.stride
    sign = (edges.direction == _DOWN).astype(np.int64) - (edges.direction == _UP)
    enclosed = np.bincount(ring, weights=sign * column)  # negative of holes
    down = np.flatnonzero((edges.direction == _DOWN) & (enclosed[ring] < 0))
    down = down[np.lexsort((edges.start[down], column[down], ring[down]))]
    first = down[np.append(True, ring[down][1:] != ring[down][:-1])[: down.size]]
    if not first.size:
        return following

    up = np.flatnonzero(edges.direction == _UP)
    up = up[np.argsort(edges.key(edges.label[up], edges.end[up]))]
    wanted = edges.key(edges.label[first], edges.start[first])
    left = up[np.searchsorted(edges.key(edges.label[up], edges.end[up]), wanted) - 1]
    before = np.empty_like(following)
    before[following] = np.arange(count)
    there = count + np.arange(first.size)
    back = there + first.size
    joined = np.concatenate([following, first, following[left]])
    joined[left], joined[before[first]] = there, back
    edges.add_cuts(edges.label[first], edges.end[left], edges.start[first])
    return joined


def _paths(following: list[int]) -> Iterator[list[int]]:
    """Every closed way through the edges."""
    seen = bytearray(len(following))
    for first in range(len(following)):
        if not seen[first]:
            path, edge = [], first
            while not seen[edge]:
                seen[edge] = 1
                path.append(edge)
                edge = following[edge]
            yield path


def _simplified(corners: _Integers, tolerance: float) -> Ring:
    ring = corners.astype(np.float64)
    if tolerance <= 0:
        return ring
    from skimage.measure import approximate_polygon

    closed = approximate_polygon(  # type: ignore[no-untyped-call]
        np.vstack([ring, ring[:1]]), tolerance
    )
    return ring if len(closed) < 4 else np.asarray(closed[:-1], np.float64)
