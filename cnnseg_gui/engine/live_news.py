"""What is painted while a fine-tune runs, as it wants it. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.engine.live_masks import LiveMasks
from cnnseg_gui.engine.messages import Train, TrainImage
from cnnseg_gui.learning.sampling import Example

_APART_S = 2.0  # counting the decided pixels takes a while


class News:
    """All examples as they are by now, where they have changed: `learning.fit.News`.

    Args:
        masks: as they are painted.
        message: what was asked; where its classes are others by now there is no news. Of an image
            that nothing came of since, it knows more than the masks here.
        examples: those it began with.
        make: an example of an image with its mask.
    """

    def __init__(
        self,
        masks: LiveMasks,
        message: Train,
        examples: Sequence[Example],
        make: Callable[[TrainImage, Mask], Example],
    ) -> None:
        self._masks, self._values, self._make = masks, message.values, make
        self._images = {image.image: image for image in message.images}
        self._begun = {example.key: example for example in examples}
        self._asked = masks.marked(message.request)
        self._seen, self._next = self._asked, time.perf_counter() + _APART_S

    def __call__(self) -> Sequence[Example] | None:
        version = self._masks.version
        if version == self._seen or time.perf_counter() < self._next:
            return None
        self._seen, self._next = version, time.perf_counter() + _APART_S
        if self._masks.values != self._values:
            return None
        found = dict(self._begun)
        for key, seen in self._masks.all().items():
            if seen.version <= self._asked:
                continue  # what was asked is newer
            height, width = seen.mask.shape
            known = self._images.get(key)
            if known is not None and (known.height, known.width) != (height, width):
                continue
            image = known or TrainImage(
                image=key, height=height, width=width, held_out=seen.held_out, tiles=()
            )
            found[key] = self._make(image, seen.mask)
        return list(found.values())
