"""The masks as they are painted, in the engine."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from cnnseg_gui.core.accepted_borders import accepted_table, around, teach_tile
from cnnseg_gui.core.mask import AS_PAINTED, Mask, Pixels, unpack_tile
from cnnseg_gui.engine.messages import Painted

_Cell = tuple[int, int]


@dataclass
class _Image:
    mask: Mask
    taught: Mask
    """The same, without what is not learnt from: see `core.accepted_borders`."""
    held_out: bool
    version: int = 0
    changed: dict[_Cell, Pixels | None] = field(default_factory=dict)


@dataclass(frozen=True)
class LiveMask:
    """A mask as it was at one moment."""

    mask: Mask
    """Reads as classes, as the network counts them; undecided where nothing is to be learnt."""
    held_out: bool
    changed: dict[_Cell, Pixels | None]
    """What the stored tiles were that have changed since it was taken last; None: not there."""
    version: int
    """Of all masks, when tiles of this one came last."""


class LiveMasks:
    """Takes what the window sends; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._images: dict[str, _Image] = {}
        self._values: Pixels = AS_PAINTED
        self._accepted = b""
        self.version = 0
        """Another one after every change."""
        self.generation = 0
        """Another one for every project."""
        self._marks: dict[int, int] = {}

    def take(self, message: Painted, blocks: Sequence[bytes]) -> None:
        """Brings the masks up to date.

        Raises:
            ValueError: the tiles are damaged, or not those the message speaks of.
        """
        if len(message.values) != 256 or len(blocks) != sum(len(i.tiles) for i in message.images):
            raise ValueError("tiles or values of masks that do not fit")
        tiles = [unpack_tile(block) for block in blocks]
        remaining = iter(tiles)
        with self._lock:
            if message.anew:
                self._images.clear()
                self.generation += 1
            known = self._values.tobytes(), self._accepted
            self._values, self._accepted = np.frombuffer(message.values, np.uint8), message.accepted
            if known != (message.values, message.accepted):
                for image in self._images.values():
                    self._read_anew(image)
            self.version += 1
            for sent in message.images:
                held = self._images.get(sent.image)
                shape = sent.height, sent.width
                if held is None or held.mask.shape != shape:
                    held = _Image(Mask(*shape), Mask(*shape), sent.held_out)
                    self._images[sent.image] = held
                held.held_out, held.version = sent.held_out, self.version
                for cell in sent.tiles:
                    held.changed.setdefault(cell, held.taught.tile(*cell))
                    held.mask.put_tile(*cell, next(remaining))
                self._teach(held, around(sent.tiles))

    def mark(self, request: int) -> None:
        """A request came in, whose masks are as new as these."""
        with self._lock:
            self._marks[request] = self.version

    def marked(self, request: int) -> int:
        """The version when it came in; now where it was not marked. It is forgotten."""
        with self._lock:
            return self._marks.pop(request, self.version)

    @property
    def values(self) -> bytes:
        """256 bytes: the class of each stored value, as `Painted.values`."""
        with self._lock:
            return self._values.tobytes()

    def images(self) -> list[str]:
        """Of the images with a mask here."""
        with self._lock:
            return list(self._images)

    def see(self, image: str) -> LiveMask | None:
        """An image's mask as it is now; the changes since are told once."""
        with self._lock:
            held = self._images.get(image)
            if held is None:
                return None
            changed, held.changed = held.changed, {}
            return LiveMask(self._reading(held), held.held_out, changed, held.version)

    def all(self) -> dict[str, LiveMask]:
        """Every mask as it is now, without changes."""
        with self._lock:
            return {
                key: LiveMask(self._reading(held), held.held_out, {}, held.version)
                for key, held in self._images.items()
            }

    def _read_anew(self, held: _Image) -> None:
        """The tiles stay, and mean something else."""
        cells = list(held.mask.cells())
        for cell in cells:
            held.changed.setdefault(cell, held.taught.tile(*cell))
        self._teach(held, cells)

    def _teach(self, held: _Image, cells: Iterable[_Cell]) -> None:
        held.mask.meaning = self._values
        accepted = accepted_table(self._accepted)
        for cell in list(cells):
            teach_tile(held.taught, held.mask, cell, accepted)

    def _reading(self, held: _Image) -> Mask:
        mask = held.taught.snapshot()
        mask.meaning = self._values
        return mask
