"""Masks with blobs of several classes, and what commands make of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.region_scope import Change


def blobs(seed: int, shape: tuple[int, int], *, coarse: float = 3.0, values: int = 4) -> Pixels:
    """uint8[H, W] of smooth random areas: 0, 1, 2 … and unlabelled."""
    rng = np.random.default_rng(seed)
    fields = [ndimage.gaussian_filter(rng.normal(size=shape), coarse) for _ in range(values)]
    names = np.array([UNLABELLED, *range(values - 1)], np.uint8)
    out: Pixels = names[np.argmax(fields, axis=0)]
    specks = rng.random(shape) < 0.01
    out[specks] = rng.choice(names, int(specks.sum()))
    return out


def after(before: Pixels, changes: Iterable[Change]) -> Pixels:
    """The mask once everything is changed; no pixel is given twice."""
    out = before.copy()
    seen = np.zeros(before.shape, np.bool_)
    for (top, left, covered), value in changes:
        part = (slice(top, top + covered.shape[0]), slice(left, left + covered.shape[1]))
        assert not (seen[part] & covered).any()
        seen[part] |= covered
        out[part][covered] = value
    return out


def undone(before: Pixels, changes: Iterable[Change]) -> Pixels:
    """The mask after the changes were made and their patch was taken back."""
    mask = Mask.from_array(before)
    builder = PatchBuilder(mask)
    for (top, left, covered), value in changes:
        builder.paint(top, left, covered, value)
    patch = builder.finish()
    if patch is not None:
        patch.revert(mask)
    return mask.to_array()
