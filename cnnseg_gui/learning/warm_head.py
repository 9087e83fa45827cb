"""Where a fine-tune begins that a live head has come before: with a head fitted already.

The live head is fitted to all that is decided, held-out images too, since it answers for what is on
the screen. Nothing of these may reach a network that is checked by them. So of what it has it gives
the features that it keeps, which cost most of a second an image, and a head is fitted to those of
them that are learnt from: as it fits its own, and as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnnseg_gui.core.mask import TILE
from cnnseg_gui.core.rect import cell_rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.live_features import Encoded, has_live_head
from cnnseg_gui.learning.live_head import LiveHead, goes_deeper
from cnnseg_gui.learning.live_pixels import LivePixels
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.sampling import Example

Seen = Sequence[tuple[str, Encoded]]
"""Cells of images, by the images' keys, as the model's encoder sees them."""

_STEPS = 140  # of learning deeper, as many as a live head takes where nobody paints


def with_warm_head(
    model: Model,
    seen: Seen,
    taught: Sequence[Example],
    compute: Compute,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Model | None:
    """The model with a head that knows what is decided in the cells that were seen.

    Args:
        model: whose features these are.
        taught: what is learnt from; cells of other images do not count.
        stopped: asked between two steps; True ends it early.

    Returns:
        None where the network has no such head, or two classes were not seen.
    """
    if not has_live_head(model.network):
        return None
    masks = {example.key: example.mask for example in taught}
    pixels = LivePixels(np.random.default_rng(0), compute.train_precision)
    for image, encoded in seen:
        mask = masks.get(image)
        for cell in () if mask is None else mask.cells():
            rect = cell_rect(*cell, TILE)
            if mask is not None and not rect.intersection(encoded.core).empty:
                pixels.read(image, cell, mask.read(rect), None, encoded)
    sample = pixels.sample()
    if sample is None:
        return None
    head = LiveHead(model, compute)
    if goes_deeper(head, sample):
        head.deepen(sample, steps=_STEPS, stopped=stopped)
    head.fit(sample)
    return head.taught_model()
