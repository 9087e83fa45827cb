"""Proposing for images that are not shown, and looking for slips of the hand."""

from __future__ import annotations

from cnnseg_gui.engine.messages.base import Message
from cnnseg_gui.engine.messages.training import TrainImage


class ProposeBeside(Message, frozen=True, kw_only=True):
    """Propose a mask for an image nobody looks at; answered as `Propose`, one after the other.

    It stands aside while something that is seen is proposed, and is replaced by nothing.
    """

    request: int
    image: str
    model: str
    classes: tuple[str, ...]
    mapping: tuple[tuple[str, str], ...] = ()
    embed: bool = False
    """What the encoder sees in the image is wanted too: `Embedded` comes before `Proposed`."""


class Embedded(Message, frozen=True, kw_only=True):
    """What the encoder sees in an image. Block: float16[d], little-endian."""

    request: int
    image: str


class LookForSlips(Message, frozen=True, kw_only=True):
    """Have every mask looked at by a network that was not taught it: `learning.cross_fit`.

    Blocks: every image's packed tiles, one after the other. Answered by `TrainProgress` now and
    then, a `Slips` for each image, then `SlipsEnded`.
    """

    request: int
    model: str
    """As in `Propose`; best one that was taught none of the images."""
    classes: tuple[str, ...]
    mapping: tuple[tuple[str, str], ...] = ()
    images: tuple[TrainImage, ...]
    values: bytes = b""
    """As in `Train`."""
    accepted: bytes = b""
    """As in `Train`."""
    seconds: float
    """For each of two halves."""
    seed: int = 0


class Slip(Message, frozen=True, kw_only=True):
    """A region of decided pixels that is contradicted; classes are indices in `classes`."""

    rect: tuple[int, int, int, int]
    """top, left, bottom, right."""
    pixels: int
    decided: int
    proposed: int
    confidence: float


class Slips(Message, frozen=True, kw_only=True):
    """What contradicts one image's mask, the weightiest first. Blocks: of each region
    which pixels of its rectangle are its own, a bit each, row by row."""

    request: int
    image: str
    regions: tuple[Slip, ...]


class SlipsEnded(Message, frozen=True, kw_only=True):
    """All masks have been looked at."""

    request: int
