"""What a live head has looked at and learnt. Imports torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.engine.cache import ByteCache
from cnnseg_gui.engine.live_masks import LiveMask
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.live_features import Encoded, encode
from cnnseg_gui.learning.live_head import LiveHead
from cnnseg_gui.learning.live_pixels import LivePixels
from cnnseg_gui.learning.model import Model, adapt

FEATURES = 256 * 2**20
"""Bytes of features that are kept: of images of 1 megapixel the last eight, or five."""

DECIDED = 512 * 2**20
"""Bytes of decided pixels' features that are kept: of 250 mask tiles of two classes, or of 2,000 of
a network that is taught. A head is fitted to 20,000 pixels of them."""


class _Looked:
    """A cell of an image, and what `head` reads there."""

    def __init__(self, encoded: Encoded) -> None:
        self.encoded = encoded
        self._hidden: Tensor | None = None
        self._version = -1

    def hidden(self, head: LiveHead) -> Tensor:
        if self._hidden is None or self._version != head.version:
            self._hidden, self._version = head.hidden(self.encoded), head.version
        return self._hidden


class LiveKnowledge:
    """Of one model, with one list of classes.

    Args:
        key: of the model and its classes; another one makes all of this useless.
    """

    def __init__(self, key: str, model: Model, compute: Compute) -> None:
        self.key, self.model = key, model
        self.head = LiveHead(model, compute)
        self.pixels = LivePixels(np.random.default_rng(0), compute.train_precision)
        self._compute = compute
        self._looked: ByteCache[_Looked] = ByteCache(FEATURES)
        self._read: set[tuple[str, Rect]] = set()  # whose decided pixels are known
        self._let_go: set[str] = set()  # were known

    def with_classes(self, key: str, model: Model) -> LiveKnowledge:
        """For other classes: what is known of the others is kept, where that can be.

        Args:
            model: the same one, adapted to them.
        """
        if not self.head.projects:  # what it adds at full resolution is of other classes
            return LiveKnowledge(key, model, self._compute)
        own = adapt(self.head.taught_model(), model.card.classes)
        other = LiveKnowledge(key, own, self._compute)
        other._looked = self._looked
        return other

    def look(self, image: str, pixels: Pixels, core: Rect) -> _Looked:
        """A cell of an image, encoded where it is not kept."""
        key = f"{image} {core}"
        looked = self._looked.get(key)
        if looked is None:
            looked = _Looked(encode(self.model, pixels, core, self._compute))
            beside = core.height * core.width // 4 * 64 * 2 if self.head.projects else 0
            self._looked.put(key, looked, looked.encoded.nbytes + beside)
        return looked

    def has_read(self, image: str) -> bool:
        """Also of one that had to make room: it is read again when it is looked at."""
        return image in self._let_go or any(key == image for key, _ in self._read)

    def read(self, image: str, seen: LiveMask, looked: list[_Looked]) -> None:
        """Takes over what is decided in these cells, and what changed last."""
        self.pixels.begin_gesture()
        cores = [each.encoded.core for each in looked]
        self._read -= {
            (key, core)
            for key, core in self._read
            if key == image and core not in cores and _touches(seen, core)
        }
        for each in looked:
            core = each.encoded.core
            known = (image, core) in self._read
            self._read.add((image, core))
            for cell in list(seen.mask.cells()):
                if cell_rect(*cell, TILE).intersection(core).empty:
                    continue
                if known and cell not in seen.changed:
                    continue
                truth = seen.mask.read(cell_rect(*cell, TILE))
                changed = _difference(seen, cell) if known else None
                self.pixels.read(image, cell, truth, changed, each.encoded)
        self._let_go.discard(image)
        gone = self.pixels.bound(DECIDED)
        self._let_go.update(gone)
        self._read = {(key, core) for key, core in self._read if key not in gone}


def _touches(seen: LiveMask, core: Rect) -> bool:
    return any(not cell_rect(*cell, TILE).intersection(core).empty for cell in seen.changed)


def _difference(seen: LiveMask, cell: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Where a tile is another than before."""
    before, now = seen.changed[cell], seen.mask.tile(*cell)
    if before is None or now is None:
        return np.ones((TILE, TILE), np.bool_)
    return np.asarray(before != now)
