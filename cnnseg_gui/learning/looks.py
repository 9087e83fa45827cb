"""Whether images still to come may look quite unlike those that are learnt from.

Then patches are shown inverted, recoloured, blurred and noisy as well (`augment.vary_imaging`). On
cells of which some are bright on dark and others stained, that makes one image teach of the others
(IoU 0.44 → 0.73 after 20 s); where all come from one camera it only costs (0.651 → 0.638 on
retinas after 60 s; one seed each).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnseg_gui.learning.sampling import Example, PixelCache

FEW = 3
"""Fewer images than that say nothing about the others."""
APART = 0.4
"""Of the range of grey: mean brightnesses further apart are no matter of exposure. Measured over
four or ten images: one camera 0.02–0.35, different stains and kinds of light 0.56–0.8."""
_ASKED = 8  # images, evenly over all of them: each has to be decoded
_EVERY = 8  # pixels along both axes


def may_differ(examples: Sequence[Example], cache: PixelCache) -> bool:
    """Whether there are few images, or some much brighter than others.

    Raises:
        UserError: an image cannot be loaded.
    """
    if len(examples) < FEW:
        return True
    asked = {round(at) for at in np.linspace(0, len(examples) - 1, _ASKED)}
    means = [float(cache.get(examples[at])[::_EVERY, ::_EVERY].mean()) / 255 for at in asked]
    return max(means) - min(means) > APART
