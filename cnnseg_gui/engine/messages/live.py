"""Answers while a person paints."""

from __future__ import annotations

from cnnseg_gui.engine.messages.base import Message
from cnnseg_gui.engine.messages.training import TrainImage


class Painted(Message, frozen=True, kw_only=True):
    """What is decided by now; nothing answers. Blocks: the tiles named, packed, as in `Train`.

    Tiles that are not named stay as they were. The newest `Answer`, and a fine-tune while it
    learns, go by these masks.
    """

    images: tuple[TrainImage, ...]
    values: bytes
    """As `Train.values`: they hold for all tiles, those sent before too."""
    accepted: bytes = b""
    """As `Train.accepted`, and for all tiles."""
    anew: bool = False
    """The masks that were sent before are of another project."""


class Answer(Message, frozen=True, kw_only=True):
    """Fit the live head to what was `Painted`, and propose what is visible.

    The newest one replaces the one before, which is answered by `Cancelled`. The answer's
    `ProposedTile`s are followed by an `Answered`; where the head learns on while nothing new is
    painted, better ones follow, and another `Answered`. The last one ends the request.
    """

    request: int
    image: str
    model: str
    """As in `Propose`: a network that has a live head."""
    classes: tuple[str, ...]
    mapping: tuple[tuple[str, str], ...] = ()
    visible: tuple[int, int, int, int]
    """top, left, bottom, right of what the person sees: proposed first, of a large image alone."""
    show: bool = True
    """False: only get ready, for a gesture that may follow."""


class Answered(Message, frozen=True, kw_only=True):
    """What is visible has been proposed; or, where `pixels` is 0, nothing could be."""

    request: int
    image: str
    seconds: float
    """Since the request, or since the answer before."""
    pixels: int
    """That the head was fitted to; 0: fewer than two classes are decided."""
    covered: tuple[int, int, int, int]
    """top, left, bottom, right of what was proposed."""
    last: bool
    """Nothing follows."""
