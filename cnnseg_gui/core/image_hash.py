"""Near-duplicate images by their looks: a difference hash, and groups of close ones."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import sparse
from scipy.sparse import csgraph

from cnnseg_gui.core.mask import Pixels

SIDE = 16
BITS = SIDE * SIDE

MAX_DISTANCE = 12
"""Bits by which the hashes of near-duplicates differ at most.

On eight data sets nine in ten copies at two thirds of the size or a tenth brighter differ by up to
21 bits of dark nuclei and up to 10 of all else; all but one in a hundred pairs of different
pictures by 69 and more. Retinas are alike: 16 at least, where the usual 64 bits cannot tell two
people's apart.
"""

_Words = npt.NDArray[np.uint64]
_Indices = npt.NDArray[np.int64]
_ONES = np.array([value.bit_count() for value in range(1 << 16)], np.uint8)
_SAMPLED = 512  # pixels of the shorter side at least
_ROWS = 1 << 14  # compared at once: what stays in the processor's cache


def difference_hash(pixels: Pixels) -> int:
    """256 bits, of uint8[H, W, 3]: whether each of 16 × 16 cells is darker than the next one.

    The cells are means of grey over their area, not rounded, so that dark images have a hash too;
    of large images over every so many pixels: 5 ms at any size.
    Source: N. Krawetz, "Kind of Like That", 2013 (there with 8 × 8 cells).
    """
    stride = max(1, min(pixels.shape[:2]) // _SAMPLED)
    grey = Image.fromarray(np.ascontiguousarray(pixels[::stride, ::stride])).convert("L")
    reduced = grey.reduce(max(1, min(grey.size) // 256)).convert("F")
    cells = np.asarray(reduced.resize((SIDE + 1, SIDE), Image.Resampling.BOX))
    return int.from_bytes(np.packbits(cells[:, :-1] < cells[:, 1:]).tobytes())


def distance(one: int, other: int) -> int:
    """The number of bits that differ."""
    return (one ^ other).bit_count()


def groups_of(
    hashes: Sequence[int],
    max_distance: int = MAX_DISTANCE,
    together: Sequence[Hashable] | None = None,
) -> list[int]:
    """The group of each image, named by the index of its first member.

    Images belong together where their hashes are close, or over others that are close to both.
    Two hashes that differ by d bits agree in one of d + 1 bands at least, so only those that
    share a band are compared.

    Args:
        hashes: of `difference_hash`.
        together: of each image what it shares with those of its group anyway, as its file with
            the other pages; None where nothing is.
    """
    if not 0 <= max_distance < BITS:
        raise ValueError(f"a distance of {max_distance} bits")
    if not len(hashes):
        return []
    packed = np.frombuffer(b"".join(h.to_bytes(BITS // 8) for h in hashes), np.uint8)
    distinct, which = np.unique(packed.reshape(len(hashes), -1), axis=0, return_inverse=True)
    edges = [_close(distinct, band, max_distance) for band in _bands(distinct, max_distance + 1)]
    groups = _components(len(distinct), np.concatenate(edges, axis=1))[which.ravel()]
    if together is not None:
        numbers: dict[Hashable, int] = {}
        shared = [numbers.setdefault(key, len(numbers)) for key in together]
        both = np.stack([groups, np.array(shared, np.int64) + len(distinct)])
        groups = _components(len(distinct) + len(numbers), both)[groups]
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    named: list[int] = first[inverse].tolist()
    return named


def _bands(hashes: Pixels, count: int) -> list[_Indices]:
    """The bits of each band: those that tell most are dealt out evenly.

    So no band is all of a corner that is black in every image.
    """
    share = np.unpackbits(hashes, axis=1).mean(0)
    order = np.argsort(np.abs(share - 0.5), kind="stable")
    return [order[start::count] for start in range(count)]


def _close(hashes: Pixels, band: _Indices, most: int) -> _Indices:
    """int64[2, n]: indices of pairs that agree in the band and differ by at most so many bits.

    Args:
        hashes: uint8[n, BITS / 8].
    """
    bits = np.unpackbits(hashes, axis=1)[:, band]
    _, keys = np.unique(np.packbits(bits, axis=1), axis=0, return_inverse=True)
    keys = keys.ravel()
    order = np.argsort(keys, kind="stable")
    ordered, keys = hashes[order].view(np.uint64), keys[order]
    ends = np.searchsorted(keys, keys, side="right")  # of each one's run of equal keys
    found = []
    for start in range(0, len(keys), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(keys)))
        offset = 1
        while len(rows := rows[rows + offset < ends[rows]]):
            near = _ones(ordered[rows] ^ ordered[rows + offset]) <= most
            found.append(np.stack([order[rows[near]], order[rows[near] + offset]]))
            offset += 1
    return np.concatenate(found, axis=1) if found else np.empty((2, 0), np.int64)


def _ones(words: _Words) -> npt.NDArray[np.uint16]:
    """How many bits of each row are set."""
    parts = _ONES[words.view(np.uint16)]
    ones: npt.NDArray[np.uint16] = parts.reshape(len(words), -1).sum(1, dtype=np.uint16)
    return ones


def _components(count: int, edges: _Indices) -> _Indices:
    """The number of each node's connected component."""
    graph = sparse.coo_array((np.ones(edges.shape[1], np.bool_), tuple(edges)), (count, count))
    _, labels = csgraph.connected_components(graph, directed=False)
    return labels.astype(np.int64)
