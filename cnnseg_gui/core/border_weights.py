"""U-Net's border weights: the background between two close objects counts more in the loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Pixels

W0, SIGMA = 10.0, 5.0
"""Ronneberger et al., "U-Net" (MICCAI 2015), section 3; SIGMA in pixels."""

CUT_OFF = 4.5
"""In sigmas: where d1 + d2 is larger the term is left out; it is below e^(-4.5²/2) w0 = 4e-5 w0."""

Labels = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]
_Keys = npt.NDArray[np.signedinteger[Any]]
"""Squared distance · 2^bits + the object's number: the smaller of two is the nearer object."""

_STRIP = 64  # rows or columns at a time: the working arrays stay in the processor's cache


def border_weights(mask: Pixels, *, w0: float = W0, sigma: float = SIGMA) -> Weights:
    """How much each pixel counts in the loss, float32[H, W].

    On decided background 1 + w0 · exp(-(d1 + d2)² / 2σ²), with the distances in pixels to the
    nearest and the second nearest object; 1 in objects and 0 where nothing is decided, as in the
    authors' released code (lmb-freiburg/Unet-Segmentation, TrainingSample.java). That looks at each
    class by itself; here objects of two classes have a border between them too. With one object
    there is no border, and all that is decided weighs 1.

    What counts as an object is what is connected: strokes on one cell that do not meet are two.

    Args:
        mask: uint8[H, W], a class index or UNLABELLED; class 0 is the background.
        w0: the weight that is added where two objects all but touch.
        sigma: pixels; the term fades over gaps of about twice this width.
    """
    return weigh(mask, objects(mask), w0=w0, sigma=sigma)


def objects(mask: Pixels) -> Labels:
    """Numbers the objects 1, 2, …, int32[H, W]: connected pixels (8 neighbours) of one class."""
    labels = np.zeros(mask.shape, np.int32)
    total = 0
    for cls in np.flatnonzero(np.bincount(mask.ravel(), minlength=256)[:UNLABELLED]):
        if cls == 0:
            continue
        found = np.zeros_like(labels)
        count = ndimage.label(mask == cls, np.ones((3, 3), np.uint8), output=found)
        labels += np.where(found > 0, found + np.int32(total), np.int32(0))
        total += count
    return labels


def weigh(mask: Pixels, labels: Labels, *, w0: float = W0, sigma: float = SIGMA) -> Weights:
    """`border_weights` of objects already numbered: for parts of a larger mask.

    A part's weights are those of the whole wherever the part goes on for `reach(sigma)` pixels,
    and where its labels are cut from the whole's: two arms of one object are not two objects.
    """
    weights: Weights = (mask != UNLABELLED).astype(np.float32)
    nearest, second = _two_nearest(labels, reach(sigma))
    background = np.flatnonzero((mask == 0) & (second >= 0))
    both = np.sqrt(nearest.ravel()[background]) + np.sqrt(second.ravel()[background])
    term = w0 * np.exp(-(both**2) / (2 * sigma**2))
    weights.ravel()[background] += np.where(both <= CUT_OFF * sigma, term, 0).astype(np.float32)
    return weights


def reach(sigma: float = SIGMA) -> int:
    """Pixels beyond which no object changes a weight: d2 where d1 is 1, the least there is."""
    return max(0, math.floor(CUT_OFF * sigma) - 1)


def _two_nearest(labels: Labels, reach: int) -> tuple[_Keys, _Keys]:
    """Squared distances to the nearest object and to the nearest other one; -1: out of reach.

    Of each object only what lies within `reach` rows and columns is looked at. Like the distance
    transform of Felzenszwalb and Huttenlocher (2012) it goes along columns, then along rows, but
    carries the two best objects: whichever are nearest to a pixel are also among the two nearest
    to some pixel of its row, in that pixel's column. What it costs depends on the image's area
    alone, neither on how many objects there are nor on how they wind.
    """
    bits = int(labels.max(initial=0)).bit_length()
    far = (2 * reach**2 + 1) << bits
    fits = far + (reach**2 << bits) <= np.iinfo(np.int32).max
    first: _Keys = labels.astype(np.int32 if fits else np.int64)
    first[first == 0] = far
    second: _Keys = np.full_like(first, far)
    _spread(first.T, second.T, reach, bits, far)
    _spread(first, second, reach, bits, far)
    return _distance(first, bits, far), _distance(second, bits, far)


def _spread(first: _Keys, second: _Keys, reach: int, bits: int, far: int) -> None:
    """Every pixel takes over the two best of the pixels beside it in its row, in place."""
    for start in range(0, len(first), _STRIP):
        strip = slice(start, start + _STRIP)
        found = first[strip].T.copy(), second[strip].T.copy()
        _spread_strip(*found, reach=reach, bits=bits, far=far)
        first[strip], second[strip] = (keys.T for keys in found)


def _spread_strip(first: _Keys, second: _Keys, *, reach: int, bits: int, far: int) -> None:
    sources = [keys for keys in (first.copy(), second.copy()) if keys.min() < far]
    length, number = len(first), (1 << bits) - 1
    room, worse, same = np.empty_like(first), np.empty_like(first), np.empty(first.shape, bool)
    for off in range(1, min(reach + 1, length)):
        ahead, behind = slice(0, length - off), slice(off, length)
        for source, at, beside in (
            (keys, *sides) for keys in sources for sides in ((ahead, behind), (behind, ahead))
        ):
            new = np.add(source[beside], off * off << bits, out=room[at])
            np.maximum(first[at], new, out=worse[at])
            np.minimum(first[at], new, out=first[at])
            np.bitwise_xor(first[at], worse[at], out=new)
            np.equal(np.bitwise_and(new, number, out=new), 0, out=same[at])
            np.copyto(worse[at], far, where=same[at])  # the same object once more
            np.minimum(second[at], worse[at], out=second[at])


def _distance(keys: _Keys, bits: int, far: int) -> _Keys:
    return np.where(keys < far, keys >> bits, -1)
